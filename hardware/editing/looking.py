"""What the parts of a new clip are, and whether their packets can be copied. Loads av."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from hardware.errors import JobFailed
from hardware.models import Codec

JOB = "edit"

_SPS, _PPS = 7, 8
_NAL_TYPE = 0x1F
_LENGTH_PREFIXED = 1
"""First byte of the extradata of H.264 as MP4 and Matroska have it; a transport stream has start codes."""

_USUAL_RATE = 25.0


@dataclass(frozen=True, slots=True)
class Pictures:
    """A stream of pictures as far as it must be the same for packets to follow each other.

    `parameters`: FFmpeg's extradata. `own_sets`: its first packet carries its parameter sets, so that those in front of
    the file do not matter.
    """

    codec: str
    width: int
    height: int
    parameters: bytes
    own_sets: bool

    def follows(self, first: "Pictures") -> bool:
        """Whether its packets can go on in a file that begins with those of `first`."""
        if (self.codec, self.width, self.height) != (first.codec, first.width, first.height):
            return False
        if self.parameters == first.parameters:
            return True
        return self.own_sets and first.own_sets and self.parameters[:1] == first.parameters[:1]

    def __str__(self) -> str:
        return f"{self.codec} {self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Look:
    """A file's first video and audio stream. `rate` in frames per second; `sound` is None without any."""

    pictures: Pictures
    rate: float
    sound: tuple[str, int, int, bytes] | None


def open_part(path: Path) -> InputContainer:
    """Raises JobFailed when it is no media file with pictures."""
    try:
        container = av.open(str(path), "r")
    except FileNotFoundError:
        raise JobFailed(job=JOB, reason=f"no file {path.name}") from None
    except (av.FFmpegError, OSError) as error:
        raise JobFailed(job=JOB, reason=f"{path.name} is not a media file: {error}") from error
    if not container.streams.video:
        container.close()
        raise JobFailed(job=JOB, reason=f"{path.name} holds no video")
    return container


def look_at(path: Path) -> Look:
    """Raises JobFailed as `open_part`, and for a codec that is none of a clip."""
    with open_part(path) as container:
        video = container.streams.video[0]
        if video.codec_context.name not in (Codec.H264, Codec.HEVC, Codec.MJPEG):
            raise JobFailed(job=JOB, reason=f"{path.name} holds {video.codec_context.name}; h264, hevc or mjpeg goes")
        sound = _sound(container.streams.audio[0]) if container.streams.audio else None
        return Look(_pictures(container, video), float(video.average_rate or _USUAL_RATE), sound)


def _sound(stream: AudioStream) -> tuple[str, int, int, bytes]:
    context = stream.codec_context
    return context.name, context.sample_rate, context.layout.nb_channels, context.extradata or b""


def _pictures(container: InputContainer, video: VideoStream) -> Pictures:
    parameters = video.codec_context.extradata or b""
    name = video.codec_context.name
    first = next((packet for packet in container.demux(video) if packet.size), None)
    own = name == Codec.H264 and first is not None and _has_sets(bytes(first), parameters)
    return Pictures(name, video.width, video.height, b"" if name == Codec.MJPEG else parameters, own)


def _has_sets(packet: bytes, parameters: bytes) -> bool:
    """Whether an access unit of H.264 begins with its parameter sets; only length-prefixed ones are looked into."""
    if parameters[:1] != bytes((_LENGTH_PREFIXED,)) or len(parameters) < 5:
        return False
    prefix = (parameters[4] & 3) + 1
    found, place = set(), 0
    while place + prefix < len(packet):
        size = int.from_bytes(packet[place : place + prefix], "big")
        found.add(packet[place + prefix] & _NAL_TYPE)
        place += prefix + size
    return {_SPS, _PPS} <= found


def seconds_of(ticks: int | None, base: Fraction | None) -> Fraction:
    """A time stamp in seconds."""
    return (ticks or 0) * (base or Fraction(0))


def why_coded(codec: str, rate: float, exact: bool, looks: Sequence[Look]) -> str:
    """Why pictures must be coded anew; empty when their packets can be copied."""
    first = looks[0].pictures
    other = next((look.pictures for look in looks if not look.pictures.follows(first)), None)
    if rate:
        return f"{rate:g} frames a second were asked for"
    if exact:
        return "an exact cut was asked for"
    if codec in ("h264", "mjpeg") and any(look.pictures.codec != codec for look in looks):
        return f"{codec} was asked for"
    if other is not None:
        same = str(other) == str(first)
        return f"the clips differ in {'how their coding is set up' if same else f'kind: {first}, then {other}'}"
    return ""
