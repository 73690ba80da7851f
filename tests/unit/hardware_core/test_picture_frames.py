"""Pictures on the host's socket: their frames, the agent's reading of them, and what a slow reader misses."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.errors import WireError
from hardware.hostlink import HostLink
from hardware.models import Ping, Pong, SinkEnded, SinkProgress
from hardware.reporter import Reporter
from hardware.wire import (
    HEADER,
    LONGEST_JPEG,
    Frame,
    FrameBuffer,
    FrameKind,
    Picture,
    pack,
    pack_message,
    pack_picture,
    parse_picture,
    parse_report,
)

SINK_IDS = st.text(st.characters(codec="utf-8"), max_size=60)
PICTURES = st.builds(Picture, SINK_IDS, st.integers(0, 2**64 - 1), st.binary(max_size=300))


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10.0)
    with ours, theirs:
        yield ours, theirs


def framed(picture: Picture) -> bytes:
    return pack_picture(picture) + picture.jpeg


def pong(number: int) -> Pong:
    return Pong(number=number, last_frame_mono_ns=0, resident_bytes=1)


def ended(sink_id: str) -> SinkEnded:
    return SinkEnded(sink_id=sink_id, outcome="stopped", seconds=0, frames=1, dropped=0)


@given(PICTURES)
def test_a_picture_comes_back_as_it_was(picture: Picture) -> None:
    (frame,) = FrameBuffer().feed(framed(picture))
    assert frame.kind is FrameKind.PICTURE
    assert parse_picture(frame.body) == picture
    assert parse_picture(memoryview(frame.body)) == picture


@given(st.binary(max_size=80))
def test_any_body_is_a_picture_or_a_wire_error(body: bytes) -> None:
    try:
        picture = parse_picture(body)
    except WireError:
        return
    assert framed(picture)[HEADER.size :] == body


def test_the_longest_picture_fits_and_a_longer_one_does_not() -> None:
    pack_picture(Picture("s" * 255, 1, bytes(LONGEST_JPEG)))
    with pytest.raises(WireError, match="more than"):
        pack_picture(Picture("s" * 255, 1, bytes(LONGEST_JPEG + 1)))
    with pytest.raises(WireError, match="longer than 255"):
        pack_picture(Picture("ü" * 128, 1, b""))


class Far:
    """A link as the event loop drives it, without one."""

    def __init__(self) -> None:
        self.shown: list[Picture] = []
        self.link = HostLink(self.shown.append)

    def feed(self, data: bytes) -> None:
        while data:
            room = self.link.get_buffer(-1)
            assert len(room) > 0
            taken = data[: len(room)]
            room[: len(taken)] = taken
            self.link.buffer_updated(len(taken))
            data = data[len(taken) :]

    async def reports(self) -> list[object]:
        self.link.connection_lost(None)
        found: list[object] = []
        while (report := await self.link.receive()) is not None:
            found.append(report)
        return found


@settings(deadline=None)
@given(st.lists(PICTURES | st.integers(0, 99).map(pong), max_size=8), st.data())
def test_the_link_cuts_frames_however_they_arrive(items: list[Picture | Pong], data: st.DataObject) -> None:
    async def check() -> None:
        stream = b"".join(framed(item) if isinstance(item, Picture) else pack_message(item) for item in items)
        far = Far()
        while stream:
            cut = data.draw(st.integers(1, len(stream)))
            far.feed(stream[:cut])
            stream = stream[cut:]
        assert far.shown == [item for item in items if isinstance(item, Picture)]
        assert await far.reports() == [item for item in items if isinstance(item, Pong)]

    asyncio.run(check())


async def test_the_link_makes_room_for_a_picture_of_any_size() -> None:
    far = Far()
    large = Picture("a", 1, bytes(3_000_000))
    far.feed(framed(large) + framed(Picture("a", 2, b"x")) + pack_message(pong(1)))
    assert far.shown == [large, Picture("a", 2, b"x")]
    assert await far.reports() == [pong(1)]


async def test_the_link_gives_back_the_room_of_a_very_large_picture() -> None:
    far = Far()
    for end in (b"", framed(Picture("a", 2, bytes(3_000_000)))[:-1]):
        far.feed(framed(Picture("a", 1, bytes(30_000_000))) + end)
        assert len(far.shown.pop().jpeg) == 30_000_000
        assert len(far.link.get_buffer(-1)) < 4_200_000
    far.feed(b"\0" + pack_message(pong(1)))
    assert far.shown == [Picture("a", 2, bytes(3_000_000))]
    assert await far.reports() == [pong(1)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\0\0\0X", "unknown frame kind"),
        (struct.pack(">IB", 1 << 31, FrameKind.PICTURE), "more than a PICTURE"),
        (pack(FrameKind.PICTURE, b"\x09short"), "ends before its picture"),
        (pack(FrameKind.PICTURE, b"\x01\xff" + bytes(8)), "not UTF-8"),
        (pack_message(Ping(number=1)), "type"),
        (pack_message(pong(1))[:-1], "within a frame"),
    ],
)
async def test_the_link_ends_at_what_is_no_frame(data: bytes, reason: str) -> None:
    far = Far()
    far.feed(pack_message(pong(7)) + data)
    far.link.connection_lost(None)
    assert await far.link.receive() == pong(7)
    with pytest.raises(WireError, match=reason):
        await far.link.receive()


async def test_reports_that_nobody_reads_stop_the_reading_until_somebody_does(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    ours.setblocking(False)
    _, link = await asyncio.get_running_loop().create_unix_connection(lambda: HostLink(lambda _: None), sock=ours)

    def tell() -> None:
        for number in range(30_000):
            theirs.sendall(pack_message(pong(number)))
        theirs.close()

    teller = threading.Thread(target=tell)
    teller.start()
    await asyncio.sleep(0.3)
    assert teller.is_alive(), "the agent took in what it does not read"
    numbers = []
    while isinstance(report := await link.receive(), Pong):
        numbers.append(report.number)
    assert numbers == list(range(30_000))
    teller.join()
    await link.close()


def _content(frame: Frame) -> object:
    return parse_picture(frame.body) if frame.kind is FrameKind.PICTURE else parse_report(frame)


class Reader:
    """The agent's end of a reporter's socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._frames = FrameBuffer()

    def read(self, count: int) -> list[object]:
        found: list[object] = []
        while len(found) < count:
            found += map(_content, self._frames.feed(self._end.recv(65536)))
        return found


def test_a_reader_in_time_gets_every_picture(ends: tuple[socket.socket, socket.socket]) -> None:
    reporter, reader = Reporter(ends[1], lambda: None), Reader(ends[0])
    for number in range(20):
        picture = Picture("a", number, bytes([number]) * 90_000)
        reporter.put_picture(picture.sink_id, picture.mono_ns, picture.jpeg)
        assert reader.read(1) == [picture]


def test_a_slow_reader_gets_the_newest_of_each_sink_and_every_report_before(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    reporter, reader = Reporter(ends[1], lambda: None), Reader(ends[0])
    large = bytes(4_000_000)
    reporter.put_picture("a", 0, large)  # more than the socket takes
    for number in range(1, 50):
        reporter.put_picture("a", number, large)
        reporter.put_picture("b", number, b"b")
    reporter.put(pong(1))
    found = reader.read(4)
    assert found == [Picture("a", 0, large), pong(1), Picture("a", 49, large), Picture("b", 49, b"b")]
    assert reporter.flush(1.0)


def test_putting_a_picture_never_waits(ends: tuple[socket.socket, socket.socket]) -> None:
    reporter = Reporter(ends[1], lambda: None)
    began = time.monotonic()
    for number in range(200):
        reporter.put_picture("a", number, bytes(1_000_000))
    assert time.monotonic() - began < 1.0


def test_the_last_picture_of_a_sink_comes_before_its_end(ends: tuple[socket.socket, socket.socket]) -> None:
    reporter, reader = Reporter(ends[1], lambda: None), Reader(ends[0])
    reporter.put_picture("a", 0, bytes(4_000_000))
    reporter.put_picture("once", 1, b"the one")
    reporter.put(SinkProgress(sink_id="x", seconds=0, frames=0, size=0, dropped=0))
    reporter.put(ended("once"))
    assert reader.read(4)[2:] == [Picture("once", 1, b"the one"), ended("once")]


def test_pictures_for_an_agent_that_is_gone_are_noticed(ends: tuple[socket.socket, socket.socket]) -> None:
    lost = threading.Event()
    reporter = Reporter(ends[1], lost.set)
    ends[0].close()
    reporter.put_picture("a", 1, b"x")
    assert lost.wait(1.0)
    reporter.put_picture("a", 2, b"x")
    assert reporter.flush(1.0)
