"""Bytes in: the frames between agent and host."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import WireError
from hardware.models import CameraSpec, Configure, Greeting, Ping, Pong, StopSink
from hardware.wire import (
    LIMITS,
    Frame,
    FrameBuffer,
    FrameKind,
    check_version,
    pack,
    pack_message,
    parse_order,
    parse_report,
)

FRAMES = st.lists(st.tuples(st.sampled_from(FrameKind), st.binary(max_size=300)), max_size=8)


def test_a_message_is_length_kind_and_json() -> None:
    data = pack_message(Ping(number=7))
    assert data[:5] == struct.pack(">I", len(data) - 5) + b"J"
    assert parse_order(Frame(FrameKind.JSON, data[5:])) == Ping(number=7)


@given(FRAMES, st.data())
def test_frames_survive_any_cut_of_the_stream(frames: list[tuple[FrameKind, bytes]], data: st.DataObject) -> None:
    stream = b"".join(pack(kind, body) for kind, body in frames)
    buffer, taken = FrameBuffer(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        taken += list(buffer.feed(stream[:cut]))
        stream = stream[cut:]
    assert [(frame.kind, frame.body) for frame in taken] == frames


@given(st.binary(max_size=400))
def test_any_bytes_give_frames_or_a_wire_error(data: bytes) -> None:
    buffer = FrameBuffer()
    with contextlib.suppress(WireError):  # anything else fails the test
        for frame in buffer.feed(data):
            parse_report(frame)


@pytest.mark.parametrize("kind", FrameKind)
def test_a_longer_body_than_allowed_is_refused_by_its_header_alone(kind: FrameKind) -> None:
    with pytest.raises(WireError, match="more than"):
        list(FrameBuffer().feed(struct.pack(">IB", LIMITS[kind] + 1, kind)))
    with pytest.raises(WireError, match="more than"):
        pack(kind, bytes(LIMITS[kind] + 1))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(WireError, match="0x58"):
        list(FrameBuffer().feed(b"\0\0\0\0X"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"type":"pong"}',
        b'{"type":"ping","number":"x"}',
        b'{"type":"ping","number":1,"more":2}',
    ],
)
def test_what_is_no_order_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        parse_order(Frame(FrameKind.JSON, body))


def test_a_picture_is_no_message() -> None:
    with pytest.raises(WireError, match="PICTURE"):
        parse_report(Frame(FrameKind.PICTURE, b"{}"))


def test_a_refusal_does_not_repeat_what_came() -> None:
    with pytest.raises(WireError) as refused:
        parse_order(Frame(FrameKind.JSON, b'{"type":"stop_sink","sink_id":["hunter2"],"reason":""}'))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "order",
    [
        Configure(spec=CameraSpec(camera_id="front", name="Front", backend="file"), run_folder="/run"),
        StopSink(sink_id="s", reason="r"),
    ],
)
def test_orders_come_back_as_they_were(order: Configure | StopSink) -> None:
    (frame,) = FrameBuffer().feed(pack_message(order))
    assert parse_order(frame) == order


def test_reports_come_back_as_they_were() -> None:
    pong = Pong(number=1, last_frame_mono_ns=2, resident_bytes=3)
    (frame,) = FrameBuffer().feed(pack_message(pong))
    assert parse_report(frame) == pong


def test_another_version_is_refused() -> None:
    check_version(Greeting(pid=1).version)
    with pytest.raises(WireError, match="version 99"):
        check_version(99)
