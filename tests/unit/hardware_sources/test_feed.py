"""Packets from a thread that may hang."""

import threading
import time

import pytest

from hardware.errors import CameraUnavailable, FormatUnsupported
from hardware.models import Codec, Format, Packet
from hardware.sources.feed import BACKLOG_BYTES, Feed

FORMAT = Format(codec=Codec.H264, width=64, height=48, rate=25)


def packet(sequence: int, *, key: bool = False, size: int = 10) -> Packet:
    return Packet(bytes(size), Codec.H264, 64, 48, sequence + 1, sequence, key)


def test_packets_in_order_then_the_reason_of_the_end() -> None:
    def work(feed: Feed) -> None:
        feed.grant(FORMAT)
        for number in range(3):
            feed.put(packet(number, key=number == 0))
        raise FormatUnsupported(camera="gate", asked="B-frames", reason="no")

    feed = Feed("gate", work)
    assert feed.granted(1.0) == FORMAT
    assert [feed.read(1.0) for _ in range(3)] == [packet(0, key=True), packet(1), packet(2)]
    with pytest.raises(FormatUnsupported):
        feed.read(1.0)


def test_a_failure_before_the_first_picture_is_told_by_granted() -> None:
    def refuse(_: Feed) -> None:
        raise CameraUnavailable(camera="gate", reason="refused")

    with pytest.raises(CameraUnavailable, match="refused"):
        Feed("gate", refuse).granted(1.0)
    with pytest.raises(CameraUnavailable, match="no more"):
        Feed("gate", lambda _: None).granted(1.0)


def test_a_mistake_is_a_camera_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(CameraUnavailable, match="ZeroDivisionError"):
        Feed("gate", lambda _: print(1 // 0)).granted(1.0)
    assert "the source failed" in caplog.text


def test_who_hangs_is_left_behind() -> None:
    release = threading.Event()
    feed = Feed("gate", lambda _: (release.wait(10), None)[1])
    began = time.monotonic()
    with pytest.raises(CameraUnavailable, match=r"0\.05 s"):
        feed.granted(0.05)
    assert feed.read(0.05) is None
    assert not feed.stop(0.05)
    assert feed.alive
    assert time.monotonic() - began < 1
    release.set()
    assert feed.stop(5.0)


def test_a_reader_that_sleeps_misses_whole_groups() -> None:
    size = BACKLOG_BYTES // 10

    def work(feed: Feed) -> None:
        feed.grant(FORMAT)
        for number in range(30):
            feed.put(packet(number, key=number % 5 == 0, size=size))

    feed = Feed("gate", work)
    assert feed.stop(5.0)
    got = [taken for _ in range(10) if (taken := feed.read(1.0))]
    with pytest.raises(CameraUnavailable):
        feed.read(1.0)
    assert got[0].key
    assert got[-1].sequence == 29
    assert [item.sequence for item in got] == list(range(got[0].sequence, 30))
