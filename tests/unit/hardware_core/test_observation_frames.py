"""Observations on the host's socket: with their picture behind the message."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import WireError
from hardware.models import Observation, Report
from hardware.reporter import Reporter
from hardware.wire import LIMITS, LONGEST_SEEN_JPEG, Frame, FrameBuffer, FrameKind, pack_message, parse_report


def seen(jpeg: bytes = b"", sink_id: str = "w", mono_ns: int = 1) -> Observation:
    return Observation(
        sink_id=sink_id,
        mono_ns=mono_ns,
        kind="line_crossing",
        zone="kerb",
        active=True,
        value=1.0,
        boxes=((0.1, 0.2, 0.3, 0.4),),
        scores=(0.5,),
        attributes={"direction": "a_to_b", "count": 2, "speed": 1.5},
        jpeg=jpeg,
    )


@given(st.binary(max_size=500))
def test_an_observation_comes_back_as_it_was(jpeg: bytes) -> None:
    (frame,) = FrameBuffer().feed(pack_message(seen(jpeg)))
    assert frame.kind is (FrameKind.OBSERVATION if jpeg else FrameKind.JSON)
    assert parse_report(frame) == seen(jpeg)


def test_the_largest_picture_fits() -> None:
    assert len(pack_message(seen(bytes(LONGEST_SEEN_JPEG)))) < LIMITS[FrameKind.OBSERVATION]
    with pytest.raises(WireError, match="more than a OBSERVATION"):
        pack_message(seen(bytes(LIMITS[FrameKind.OBSERVATION])))


@pytest.mark.parametrize(
    "body", [b"", b"\0\0", b"\0\0\0\x02{}", b"\xff\xff\xff\xff{}", b'\0\0\0\x0f{"type":"pong"}jpeg']
)
def test_what_is_no_observation_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        parse_report(Frame(FrameKind.OBSERVATION, body))


@given(st.binary(max_size=200))
def test_any_body_is_an_observation_or_a_wire_error(body: bytes) -> None:
    with pytest.raises(WireError):
        parse_report(Frame(FrameKind.OBSERVATION, body))


def test_of_those_that_wait_only_the_newest_of_a_sink_keeps_its_picture() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(10.0)
    with ours, theirs:
        reporter = Reporter(theirs, lambda: None)
        large = bytes(600_000)  # more than the socket takes: what comes after it waits
        reporter.put(seen(large, mono_ns=1))
        while not ours.recv(1, socket.MSG_PEEK):
            pass
        for mono_ns in range(2, 30):
            reporter.put(seen(large, mono_ns=mono_ns))
        reporter.put(seen(b"other", "v", 30))
        frames, found = FrameBuffer(), list[Report]()
        while len(found) < 30:
            found += map(parse_report, frames.feed(ours.recv(65536)))
    pictures = [(each.mono_ns, len(each.jpeg)) for each in found if isinstance(each, Observation) and each.jpeg]
    assert [each.mono_ns for each in found if isinstance(each, Observation)] == list(range(1, 31))
    assert pictures == [(1, 600_000), (29, 600_000), (30, 5)]
