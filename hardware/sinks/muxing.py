"""Packets of pictures and sound into the bytes of a media file."""

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from hardware.audio.sound import RATE, SoundPacket
from hardware.containers.table import Container
from hardware.errors import StorageFailed
from hardware.models import ClipFile, Codec
from hardware.sinks.fragments import Fragments
from hardware.sinks.mediafile import MediaFile

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet as CodedPacket
    from av.stream import Stream

CLOCK = 90_000
"""Ticks per second of the media time: fine enough for true capture times (11 us), usual for video."""

_BUFFER = 1 << 18
"""Bytes that FFmpeg hands over at once: with its usual 32 KiB a second of MJPG takes 60 calls."""


class Muxer(Protocol):
    """One file with a stream of pictures and perhaps one of sound. Raises StorageFailed when a packet is refused."""

    def add_picture(self, data: bytes, *, key: bool, tick: int, ticks: int) -> None:
        """A picture that is shown from `tick` on for `ticks`."""
        ...

    def add_sound(self, packet: SoundPacket, start: int) -> None:
        """A packet that begins `start` samples after the first picture."""
        ...

    def close(self) -> None:
        """Hands the end over to the file."""
        ...


def pace(clip: ClipFile) -> float:
    """Seconds of media in a second of filming: few of a time-lapse, of which a kill shall not cost more for it."""
    return min(1.0, 1 / (clip.rate * clip.lapse_seconds)) if clip.lapse_seconds else 1.0


def create_muxer(file: MediaFile, clip: ClipFile, container: Container, sound: "AudioStream | None") -> Muxer:
    """`clip` describes the pictures, `sound` the sound, if there is any."""
    if container.muxer == "mp4" and clip.codec is Codec.MJPEG:
        written = _Header()
        target, *_ = _open(written, clip, container, sound)
        target.start_encoding()
        header = written.getvalue()
        target.close()
        return Fragments(file, header, pace(clip), sound=sound is not None)
    return FFmpegMuxer(file, clip, container, sound)


class _Header:
    """What FFmpeg writes, in memory; it cannot go back in it, as it cannot in a recording's file."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        self.write = self._bytes.write
        self.getvalue = self._bytes.getvalue


def _open(
    file: "MediaFile | _Header", clip: ClipFile, container: Container, sound: "AudioStream | None"
) -> "tuple[OutputContainer, Stream, AudioStream | None]":
    import av

    options = dict(container.options)
    if container.span:
        options[container.span] = str(max(1, round(int(options[container.span]) * pace(clip))))
    target = av.open(file, "w", format=container.muxer, options=options, buffer_size=_BUFFER)
    rate = Fraction(clip.rate).limit_denominator(1001)
    pictures = target.add_mux_stream(clip.codec.value, rate=rate, width=clip.width, height=clip.height)
    pictures.time_base = Fraction(1, CLOCK)
    return target, pictures, target.add_stream_from_template(sound) if sound is not None else None


class FFmpegMuxer:
    """A `Muxer` for every container and codec."""

    def __init__(self, file: MediaFile, clip: ClipFile, container: Container, sound: "AudioStream | None") -> None:
        self._file = file
        self._container, self._pictures, self._sound = _open(file, clip, container, sound)

    def add_picture(self, data: bytes, *, key: bool, tick: int, ticks: int) -> None:
        """See `Muxer`."""
        import av

        coded: CodedPacket[Stream] = av.Packet(data)
        coded.is_keyframe = key
        self._add(coded, self._pictures, tick, ticks, CLOCK)

    def add_sound(self, packet: SoundPacket, start: int) -> None:
        """See `Muxer`."""
        import av

        if self._sound is not None:
            coded: CodedPacket[Stream] = av.Packet(packet.data)
            coded.is_keyframe = True
            self._add(coded, self._sound, start, packet.count, RATE)

    def close(self) -> None:
        """See `Muxer`."""
        self._container.close()

    def _add(self, coded: "CodedPacket[Stream]", stream: "Stream", start: int, length: int, clock: int) -> None:
        import av

        coded.stream = stream
        coded.time_base = Fraction(1, clock)
        coded.pts = coded.dts = start
        coded.duration = length
        try:
            self._container.mux_one(coded)
        except av.FFmpegError as error:
            path = str(self._file.path)
            raise StorageFailed(path=path, reason=f"the muxer refused a packet: {error}") from error
