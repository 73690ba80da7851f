"""The new file: a plain MP4 with its index in front, to which packets are handed with their places. Loads av."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from hardware.editing.looking import JOB, Look, open_part
from hardware.errors import JobFailed
from hardware.sinks.muxing import CLOCK

_JPEG_QUALITY = 4
"""FFmpeg's scale: 2 is best, 31 worst."""

_CODERS = {
    "h264": ("libx264", {"preset": "veryfast", "crf": "23"}, "yuv420p"),
    "mjpeg": ("mjpeg", {}, "yuvj420p"),
}
_THREADS = 2
"""The cameras come first."""
_GROUP_SECONDS = 2

_BEFORE_ALL = -(1 << 62)


class Film:
    """Takes packets of pictures and of sound by the seconds at which they come; those of each kind in order.

    `end`: the second at which the last picture ends. `coder`: encodes its pictures, if they are coded anew.
    """

    def __init__(
        self,
        container: OutputContainer,
        pictures: VideoStream,
        sound: AudioStream | None,
        coder: VideoStream | None = None,
    ) -> None:
        pictures.time_base = Fraction(1, CLOCK)
        self._container = container
        self._pictures = pictures
        self._sound = sound
        self._picture_tick = self._sound_tick = _BEFORE_ALL
        self.coder = coder
        self.frames = 0
        self.end = Fraction(0)
        self.has_sound = False

    def add_picture(self, packet: "Packet[Any]", shift: Fraction, usual: Fraction) -> None:
        """A packet, its own times moved by `shift` seconds; one that says no length lasts as long as is `usual`."""
        base = packet.time_base or Fraction(1, CLOCK)
        shown = (packet.pts if packet.pts is not None else packet.dts or 0) * base + shift
        decoded = shown if packet.dts is None else packet.dts * base + shift
        lasts = (packet.duration or 0) * base or usual
        tick = max(round(decoded * CLOCK), self._picture_tick + 1)
        self._mux(packet, self._pictures, Fraction(1, CLOCK), tick, max(tick, round(shown * CLOCK)), lasts)
        self._picture_tick = tick
        self.frames += 1
        self.end = max(self.end, shown + lasts)

    def add_sound(self, packet: "Packet[Any]", shift: Fraction) -> None:
        """The same of sound, if there is a track for it; what would come before what is there is left out."""
        if self._sound is None:
            return
        base = packet.time_base or Fraction(1, CLOCK)
        rate = self._sound.codec_context.sample_rate
        begins, lasts = (packet.pts or 0) * base + shift, (packet.duration or 0) * base
        tick = round(begins * rate)
        if tick < max(0, self._sound_tick):
            return
        self._mux(packet, self._sound, Fraction(1, rate), tick, tick, lasts)
        self._sound_tick = tick + max(1, round(lasts * rate))
        self.has_sound = True

    def _mux(self, packet: "Packet[Any]", stream: Stream, base: Fraction, dts: int, pts: int, lasts: Fraction) -> None:
        packet.stream = stream
        packet.time_base = base
        packet.pts, packet.dts, packet.duration = pts, dts, round(lasts / base)
        self._container.mux(packet)


@contextmanager
def new_film(path: Path, source: Path, look: Look, *, codec: str = "", sound: bool) -> Iterator[Film]:
    """A new file for packets such as those of `source`, whose `look` it is, or for pictures coded anew to `codec`.

    Raises JobFailed, OSError.
    """
    try:
        with av.open(str(path), "w", "mp4", {"movflags": "+faststart"}) as target, open_part(source) as template:
            coder = _coder(target, codec, look) if codec else None
            pictures = coder or target.add_stream_from_template(template.streams.video[0])
            track = target.add_stream_from_template(template.streams.audio[0]) if sound else None
            yield Film(target, pictures, track, coder)
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise JobFailed(job=JOB, reason=f"{path.name} cannot be made: {error}") from error


def _coder(target: OutputContainer, codec: str, look: Look) -> VideoStream:
    name, options, colours = _CODERS[codec]
    rate = Fraction(look.rate).limit_denominator(1001)
    stream = cast("VideoStream", target.add_stream(name, rate=rate, options=options))
    context = stream.codec_context
    context.width, context.height = look.pictures.width & ~1, look.pictures.height & ~1
    context.pix_fmt = colours
    context.time_base = Fraction(1, CLOCK)
    context.gop_size = max(1, round(look.rate * _GROUP_SECONDS))
    context.max_b_frames = 0
    context.thread_count = _THREADS
    if codec == "mjpeg":
        context.qmin = context.qmax = _JPEG_QUALITY
    return stream
