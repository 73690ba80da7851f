"""What a media file holds: counted from its packets, or by decoding it."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.errors import JobFailed
from hardware.models import Model

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


class Inspection(Model):
    """A file's first video stream.

    `codec` is FFmpeg's name, empty when there is no video. `rate` in frames per second, `seconds` of media. `decodable`
    says that the decoder took every frame without complaint; `reason` says why not (or that it was not tried).
    """

    codec: str
    width: int
    height: int
    rate: float
    frames: int
    seconds: float
    decodable: bool
    reason: str = ""


def survey(path: Path) -> tuple[int, float]:
    """Frames and seconds of the first video stream, by its packets; what follows a damaged place is not counted.

    Raises JobFailed when the file cannot be opened.
    """
    with _open(path, "survey") as container:
        return _count(container)


def inspect(path: Path, *, decode: bool = True) -> Inspection:
    """Looks at a file, with `decode` at each picture. Raises JobFailed when the file cannot be opened."""
    with _open(path, "probe") as container:
        if not container.streams.video:
            return Inspection(
                codec="", width=0, height=0, rate=0, frames=0, seconds=0, decodable=False, reason="no video"
            )
        stream = container.streams.video[0]
        codec, width, height = stream.codec_context.name, stream.width, stream.height
        rate = float(stream.average_rate or 0)
        frames, seconds = _count(container)
    reason = _find_damage(path, frames) if decode else "not tried"
    return Inspection(
        codec=codec,
        width=width,
        height=height,
        rate=rate,
        frames=frames,
        seconds=seconds,
        decodable=not reason,
        reason=reason,
    )


def _open(path: Path, job: str) -> "InputContainer":
    import av

    if not path.is_file():
        raise JobFailed(job=job, reason=f"no file {str(path)!r}")
    try:
        return av.open(str(path), "r")
    except (av.FFmpegError, OSError) as error:
        raise JobFailed(job=job, reason=f"{str(path)!r} is not a media file: {error}") from error


def _count(container: "InputContainer") -> tuple[int, float]:
    import av

    if not container.streams.video:
        return 0, 0.0
    stream = container.streams.video[0]
    frames, first, end = 0, None, 0
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            frames += 1
            time = packet.pts if packet.pts is not None else packet.dts or 0
            first = time if first is None else min(first, time)
            end = max(end, time + (packet.duration or _ticks(stream)))
    except av.FFmpegError:
        pass  # the damage is where the count ends
    return frames, float((end - (first or 0)) * (stream.time_base or Fraction(0)))


def _ticks(stream: "VideoStream") -> int:
    """One frame's length in the stream's time base."""
    return round(1 / (stream.average_rate or 1) / (stream.time_base or 1))


def _find_damage(path: Path, frames: int) -> str:
    """Decodes everything; answers what is wrong, empty when nothing is."""
    import av

    decoded = 0
    try:
        with _open(path, "probe") as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}  # else damage is painted over
            for frame in container.decode(video=0):
                if frame.is_corrupt:
                    return f"frame {decoded} is damaged"
                decoded += 1
    except av.FFmpegError as error:
        return f"frame {decoded} does not decode: {error}"
    return "" if decoded == frames else f"only {decoded} of {frames} frames decode"
