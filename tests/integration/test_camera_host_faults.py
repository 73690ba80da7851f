"""What a recording must survive: a camera that comes back, an encoder that fails, a disk that refuses its sidecar."""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import av
import pytest
from fakes.encoders import BrokenEncoder
from fakes.recording import MJPG, Reports, check_clip, make_order, make_packet
from fakes.source import FakeSource

from hardware.errors import CameraUnavailable, StorageFull
from hardware.models import CameraSpec, ClipFile, Codec, Packet
from hardware.pipeline import encoders
from hardware.pipeline.decoding import Decoder
from hardware.sinks import segment as segment_module
from hardware.sinks.segment import Segment
from hardware.sinks.syncing import Syncer
from hardware.station import Station
from hardware.watchdog import Doing


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Callable[[FakeSource], Station]]:
    stations: list[Station] = []

    def begin(source: FakeSource) -> Station:
        spec = CameraSpec(camera_id="fake", name="Fake", backend="null")
        station = Station(spec, tmp_path, lambda _: source, reports.put)
        stations.append(station)
        station.start()
        reports.camera("closed")
        return station

    yield begin
    for station in stations:
        assert station.close(5.0)


def test_a_recording_asked_for_while_the_camera_is_away_has_no_pictures_of_before(
    film: Callable[[FakeSource], Station], reports: Reports, tmp_path: Path
) -> None:
    source = FakeSource(MJPG)
    station = film(source)
    station.start_sink(make_order(tmp_path, "first"))
    reports.started("first")
    time.sleep(0.5)
    source.lost = True
    reports.camera("unavailable")
    order = make_order(tmp_path, "second", duration_seconds=0.3)
    station.start_sink(order)
    source.lost = False
    started = reports.started("second")
    assert started.first_mono_ns >= order.requested_mono_ns
    reports.ended("second")
    (clip,) = reports.clips("second")
    check_clip(tmp_path, clip)
    station.stop_sink("first")
    reports.ended("first")


def test_an_encoder_that_cannot_be_made_gives_way_to_the_cameras_pictures(
    film: Callable[[FakeSource], Station], reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "CANDIDATES", (BrokenEncoder().candidate(),))
    film(FakeSource(MJPG)).start_sink(make_order(tmp_path, duration_seconds=0.3))
    started = reports.started()
    assert (started.granted.codec, started.granted.encoded) == (Codec.MJPEG, False)
    assert any("encoder failed" in note for note in started.granted.notes)
    assert reports.ended().outcome == "duration"
    (clip,) = reports.clips()
    check_clip(tmp_path, clip)


def test_pictures_that_never_decode_are_not_remembered() -> None:
    decoder = Decoder(MJPG)
    for number in range(300):
        packet = Packet(b"\xff\xd8no picture", Codec.MJPEG, 320, 240, number * 1_000_000, number, key=True)
        with contextlib.suppress(av.FFmpegError):
            list(decoder.decode(packet))
    assert len(decoder._under_way) < 100


def test_a_segment_whose_sidecar_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncer = Syncer()
    path = tmp_path / "one-0.mp4"
    clip = ClipFile(
        file=path.name, index=0, codec=Codec.MJPEG, width=320, height=240, rate=10, encoded=False,
        first_mono_ns=make_packet(0).mono_ns, start_wall_ns=0, clock_quality="unset", boot_id="",
    )  # fmt: skip

    def full(sidecar: Path, data: bytes) -> NoReturn:
        sidecar.write_bytes(data)  # the folder's fsync is what fails
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(segment_module, "write_durably", full)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(StorageFull):
            Segment(path, clip, syncer)
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_source_that_fails_to_close_is_not_taken_for_a_stuck_driver(
    film: Callable[[FakeSource], Station], reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FakeSource(MJPG)

    def close() -> NoReturn:
        raise CameraUnavailable(camera="fake", reason="the journal's disk is full")

    monkeypatch.setattr(source, "close", close)
    station = film(source)
    station.start_sink(make_order(tmp_path, duration_seconds=0.1))
    reports.ended()
    reports.camera("unavailable")
    assert station.occupation()[0] is Doing.NOTHING


def test_absurd_wishes_for_the_encoder_do_not_end_the_host(
    film: Callable[[FakeSource], Station], reports: Reports, tmp_path: Path
) -> None:
    order = make_order(tmp_path, duration_seconds=0.2, gop=2**40, bitrate=2**62)
    film(FakeSource(MJPG)).start_sink(order)
    assert reports.started().granted.encoded
    assert reports.ended().outcome == "duration"
    (clip,) = reports.clips()
    check_clip(tmp_path, clip)
