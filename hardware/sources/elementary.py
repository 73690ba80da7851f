"""Coded pictures of a media file, over and over, as a camera would deliver them."""

import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer

from hardware.errors import CameraUnavailable, FormatUnsupported
from hardware.models import Codec, Format

_ANNEX_B = {Codec.H264: "h264_mp4toannexb", Codec.HEVC: "hevc_mp4toannexb"}
"""Cameras deliver start codes and parameter sets in band; containers keep lengths and the sets in their header."""


class CodedPicture(NamedTuple):
    """Bytes of one picture (Annex B for H.264 and HEVC, else a whole JPEG) and whether decoding can start there."""

    data: bytes
    key: bool


class LoopedFile:
    """The first video stream of a file, read packet by packet and begun again at its end.

    `format` and `rate` (exact) describe it. Raises CameraUnavailable when the file cannot be read, FormatUnsupported
    when it holds what no camera delivers.
    """

    def __init__(self, path: Path, camera: str) -> None:
        self._camera = camera
        if not path.is_file():
            raise CameraUnavailable(camera=camera, reason=f"no file {str(path)!r}")
        try:
            self._container = av.open(str(path.resolve()), "r")
        except (av.FFmpegError, OSError) as error:
            raise CameraUnavailable(camera=camera, reason=f"{str(path)!r} is not a media file: {error}") from error
        # PyAV's objects refer to each other: dropped without this, a container stays open until a garbage collection.
        self._release = weakref.finalize(self, self._container.close)
        self._examine(path)
        self._pictures = _loop(self._container, self._filter, camera)

    def _examine(self, path: Path) -> None:
        if not self._container.streams.video:
            raise CameraUnavailable(camera=self._camera, reason=f"{str(path)!r} holds no video")
        stream = self._container.streams.video[0]
        name = stream.codec_context.name
        if name not in (Codec.H264, Codec.HEVC, Codec.MJPEG):
            raise FormatUnsupported(camera=self._camera, asked=name, reason="a file must hold h264, hevc or mjpeg")
        if stream.codec_context.has_b_frames:
            raise FormatUnsupported(camera=self._camera, asked=f"{name} with B-frames", reason="no camera sends them")
        self.rate = stream.average_rate or Fraction(25)
        self.format = Format(codec=Codec(name), width=stream.width, height=stream.height, rate=float(self.rate))
        self._filter: BitStreamFilterContext | None = None
        if self.format.codec in _ANNEX_B:
            self._filter = BitStreamFilterContext(_ANNEX_B[self.format.codec], stream)

    def next(self) -> CodedPicture:
        """The next picture; after the last one the first again. Raises CameraUnavailable when the file is damaged."""
        try:
            return next(self._pictures)
        except (av.FFmpegError, OSError) as error:
            raise CameraUnavailable(camera=self._camera, reason=f"the file cannot be read on: {error}") from error

    def close(self) -> None:
        """Releases the file; harmless when done twice."""
        self._pictures = iter(())
        self._filter = None
        self._release()


# Functions, as a method's generator would hold its object, and so the file, when both are dropped.
def _loop(container: InputContainer, annex_b: BitStreamFilterContext | None, camera: str) -> Iterator[CodedPicture]:
    while True:
        is_empty = True
        for picture in _once(container, annex_b):
            is_empty = False
            yield picture
        if is_empty:
            raise CameraUnavailable(camera=camera, reason="the file holds no pictures")
        container.seek(0)
        if annex_b is not None:
            annex_b.flush()


def _once(container: InputContainer, annex_b: BitStreamFilterContext | None) -> Iterator[CodedPicture]:
    for packet in container.demux(video=0):
        if packet.size == 0:  # PyAV's mark of the end: a decoder would be flushed here
            continue
        key = packet.is_keyframe  # asked first: the filter takes the packet's contents away
        for converted in annex_b.filter(packet) if annex_b else (packet,):
            yield CodedPicture(bytes(converted), key)
