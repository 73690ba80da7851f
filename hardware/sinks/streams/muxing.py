"""Pictures into FFmpeg's muxers. Loads av when it is first used; light, for the publishing process."""

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.stream import Stream as MediaStream

CLOCK = 90_000
"""Ticks per second of the media time in streams."""

USUAL_RATE = 30.0
"""Frames per second that are told where nobody knows."""


def add_stream(container: "OutputContainer", codec: str, rate: float, width: int, height: int) -> "MediaStream":
    """A stream of coded pictures; `codec` is FFmpeg's name, `rate` in frames per second, 0 unknown."""
    shown = Fraction(rate or USUAL_RATE).limit_denominator(1001)
    stream = container.add_mux_stream(codec, shown, width=width, height=height)
    stream.time_base = Fraction(1, CLOCK)
    return stream


def mux(container: "OutputContainer", stream: "MediaStream", data: bytes, tick: int, *, key: bool) -> None:
    """The next picture, shown at `tick`. Raises av.FFmpegError, OSError."""
    import av

    packet: av.Packet[MediaStream] = av.Packet(data)
    packet.stream = stream
    packet.time_base = Fraction(1, CLOCK)
    packet.pts = packet.dts = tick
    packet.is_keyframe = key
    container.mux(packet)
