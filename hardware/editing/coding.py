"""Pictures of a part into the new file, decoded and coded anew; its sound is copied. Loads av."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
from av.packet import Packet
from av.video.frame import PictureType
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from hardware.editing.film import Film
from hardware.editing.looking import JOB, Look, open_part, seconds_of
from hardware.errors import JobFailed
from hardware.models.jobs import EditPart
from hardware.sinks.muxing import CLOCK

_SLACK = Fraction(1, 1000)
"""Seconds by which a picture may lie before the start: containers round its time."""


class Coder:
    """Codes the pictures of one part after the other to one size; `rate` (0: as they come) makes their distance even.

    `scaled`: the sizes of parts that were not the film's own.
    """

    def __init__(self, film: Film, stream: VideoStream, rate: float) -> None:
        self._film = film
        self._stream = stream
        self._rate = Fraction(rate).limit_denominator(1001) if rate else None
        self._step = 1 / (self._rate or Fraction(stream.codec_context.framerate))
        self._number = 0
        self._tick = -1
        self._end = Fraction(0)
        self._before: av.VideoFrame | None = None
        self.scaled: set[str] = set()

    def code_part(self, part: EditPart, look: Look, coded: Callable[[float], None]) -> float | None:
        """Adds the part. Answers at how many seconds of it its first picture is; None when there was none."""
        offset, usual = self._end, Fraction(1 / look.rate).limit_denominator(CLOCK)
        first: Fraction | None = None
        sounds: list[Packet[Any]] = []
        for item, at in _between(part):
            if isinstance(item, Packet):
                sounds.append(item)
            else:
                first = at if first is None else first
                self._add(item, offset + at - first)
                self._end = offset + at - first + usual
            if first is not None:
                for packet in sounds:
                    self._film.add_sound(packet, offset - first)
                sounds.clear()
            coded(float(self._end))
        return None if first is None else float(first)

    def finish(self) -> None:
        """The last pictures."""
        if self._before is not None:
            self._repeat(self._before, self._end)
        self._mux(None)

    def _add(self, frame: av.VideoFrame, time: Fraction) -> None:
        context = self._stream.codec_context
        if (frame.width & ~1, frame.height & ~1) != (context.width, context.height):
            self.scaled.add(f"{frame.width}x{frame.height}")
        if self._rate is None:
            self._encode(frame, time)
            return
        if self._before is not None:
            self._repeat(self._before, time)
        self._before = frame

    def _repeat(self, frame: av.VideoFrame, until: Fraction) -> None:
        """Shows it at each step before `until` that is not taken yet: never, if pictures come faster."""
        while self._number * self._step < until:
            self._encode(frame, self._number * self._step)
            self._number += 1

    def _encode(self, frame: av.VideoFrame, time: Fraction) -> None:
        context = self._stream.codec_context
        full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        picture = frame.reformat(
            width=context.width,
            height=context.height,
            format=context.pix_fmt,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG if context.name == "mjpeg" else ColorRange.MPEG,
        )
        picture.pict_type = PictureType.NONE  # MJPG says of each that it is a key frame
        self._tick = max(self._tick + 1, round(time * CLOCK))
        picture.pts, picture.time_base = self._tick, Fraction(1, CLOCK)
        self._mux(picture)

    def _mux(self, picture: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(picture):
            packet.duration = 0
            self._film.add_picture(packet, Fraction(0), self._step)


def _between(part: EditPart) -> "Iterator[tuple[av.VideoFrame | Packet[Any], Fraction]]":
    """Pictures and packets of sound between start and end, with their seconds after the file's first picture.

    A packet of sound has the times of the first picture as zero. Raises JobFailed.
    """
    try:
        for item, at in _all(part):
            past = part.end is not None and at >= part.end
            if past and not isinstance(item, Packet):
                return
            if at >= part.start - _SLACK and not past:
                yield item, at
    except av.FFmpegError as error:
        raise JobFailed(job=JOB, reason=f"{part.path.name} cannot be read: {error}") from error


def _all(part: EditPart) -> "Iterator[tuple[av.VideoFrame | Packet[Any], Fraction]]":
    zero: Fraction | None = None
    with open_part(part.path) as container:
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        for packet in container.demux([video, *container.streams.audio[:1]]):
            pictures = packet.stream.index == video.index
            if pictures and zero is None:
                zero = seconds_of(packet.pts, packet.time_base)
            if zero is None:
                continue
            if pictures:
                for frame in video.decode(packet):
                    yield frame, seconds_of(frame.pts, frame.time_base) - zero
            elif packet.size:
                at = seconds_of(packet.pts, packet.time_base) - zero
                packet.pts = round(at / (packet.time_base or 1))
                yield packet, at
