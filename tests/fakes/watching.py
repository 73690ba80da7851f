"""Looks at what a camera source delivers, and holds it to what every source owes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TypeVar, cast

import av

from hardware.camera import Source
from hardware.errors import HardwareError
from hardware.models import Codec, Format, Packet

READ = 0.5
_SLACK = 0.4

Result = TypeVar("Result")
Closed = TypeVar("Closed", bound=Source)


def take(source: Source, count: int, within: float = 15.0) -> list[Packet]:
    """The next `count` packets: their times rise, none is from the future."""
    deadline = time.monotonic() + within
    found: list[Packet] = []
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} packets within {within} s"
        packet = timed(lambda: source.read(READ), READ)
        if packet is not None:
            assert packet.mono_ns <= time.monotonic_ns()
            assert not found or (packet.mono_ns > found[-1].mono_ns and packet.sequence > found[-1].sequence)
            found.append(packet)
    return found


def timed(call: Callable[[], Result], limit: float) -> Result:
    """What `call` answers; fails when it takes longer than `limit` seconds."""
    began = time.monotonic()
    try:
        return call()
    finally:
        assert time.monotonic() - began < limit + _SLACK


def until_lost(source: Source, within: float) -> HardwareError:
    """Reads until the source says that its camera is gone."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            timed(lambda: source.read(READ), READ)
        except HardwareError as error:
            return error
    raise AssertionError(f"not noticed within {within} s")


def open_again(source: Source, within: float = 15.0) -> Format:
    """Opens it as the capture thread does: again and again."""
    deadline = time.monotonic() + within
    while True:
        try:
            return source.open(None)
        except HardwareError:
            source.close()
            assert time.monotonic() < deadline
            time.sleep(0.05)


def decoded(packets: list[Packet], granted: Format) -> int:
    """How many pictures a decoder makes of them, from the first one on; each has the granted size."""
    decoder = cast("av.VideoCodecContext", av.CodecContext.create(granted.codec.value, "r"))
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    frames += decoder.decode(None)
    assert {(frame.width, frame.height) for frame in frames} == {(granted.width, granted.height)}
    assert not any(frame.is_corrupt for frame in frames)
    return len(frames)


def check_whole(packets: list[Packet], granted: Format) -> None:
    """Every key frame is a beginning, and everything decodes."""
    assert packets[0].key
    assert {(packet.codec, packet.width, packet.height) for packet in packets} == {
        (granted.codec, granted.width, granted.height)
    }
    for number, packet in enumerate(packets):
        if packet.key and granted.codec is not Codec.YUYV:
            assert decoded(packets[number : number + 3], granted) == len(packets[number : number + 3])
    if granted.codec is not Codec.YUYV:
        assert decoded(packets, granted) == len(packets)


def spacing(packets: list[Packet]) -> list[float]:
    """Milliseconds between the packets."""
    return [(after.mono_ns - before.mono_ns) / 1e6 for before, after in pairwise(packets)]


@contextmanager
def closing(source: Closed) -> Iterator[Closed]:
    """Closes it at the end, in time."""
    try:
        yield source
    finally:
        timed(source.close, 0.5)
