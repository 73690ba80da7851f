"""Finds the picture of a stream that becomes a photo."""

import importlib
import logging
from typing import TYPE_CHECKING, NamedTuple

from hardware.models import Codec, Format, Packet, PhotoOrder
from hardware.pipeline.decoding import Decoder
from hardware.sinks.photoplan import final_size, takes_as_is
from hardware.v4l2.pictures import BrokenPicture, measure_jpeg

if TYPE_CHECKING:
    from types import ModuleType

    from hardware.sinks.darkroom import Picture

log = logging.getLogger(__name__)


class Shot(NamedTuple):
    """A photo that is not on disk yet: the file's bytes, its size in pixels, the capture time of its frame.

    `copied`: the camera's own JPEG, untouched.
    """

    data: bytes
    width: int
    height: int
    mono_ns: int
    copied: bool


class Viewfinder:
    """Looks at one stream's packets, in order, for the first whole picture of a moment or later.

    H.264 and HEVC are decoded from a key frame on; after a gap in the sequence the next key frame is waited for, since
    what comes before it shows things that were not there. A cut-short JPEG is no picture. `order` may be exchanged.
    """

    def __init__(self, order: PhotoOrder, granted: Format) -> None:
        self.order = order
        self._granted = granted
        self._decoder: Decoder | None = None
        self._sequence = 0

    def look(self, packet: Packet, due_ns: int) -> Shot | None:
        """The photo, if it is in `packet` and was captured at `due_ns` (CLOCK_MONOTONIC) or later."""
        if packet.codec in (Codec.H264, Codec.HEVC):
            return self._follow(packet, due_ns)
        if packet.mono_ns < due_ns:
            return None
        if packet.codec is Codec.MJPEG:
            return self._look_at_jpeg(packet)
        picture = _darkroom().decode_raw(packet)
        return self._develop(picture, packet.width, packet.height, packet.mono_ns)

    def _look_at_jpeg(self, packet: Packet) -> Shot | None:
        try:
            extent = measure_jpeg(packet.data)
        except BrokenPicture as broken:
            log.debug("picture %d is no whole JPEG: %s", packet.sequence, broken)
            return None
        width, height = extent.width, extent.height
        data = packet.data[: extent.length]
        if extent.has_tables and takes_as_is(self.order, width, height):
            return Shot(data, width, height, packet.mono_ns, copied=True)
        picture = _darkroom().decode_jpeg(data, width, height, self.order)
        return None if picture is None else self._develop(picture, width, height, packet.mono_ns)

    def _follow(self, packet: Packet, due_ns: int) -> Shot | None:
        import av

        if packet.key:
            self._decoder = Decoder(self._granted)
        elif self._decoder is None or packet.sequence != self._sequence + 1:
            self._decoder = None
            return None
        self._sequence = packet.sequence
        try:
            for source, frame in self._decoder.decode(packet):
                if source.mono_ns >= due_ns and not frame.is_corrupt:
                    picture = _darkroom().decode_frame(frame)
                    return self._develop(picture, frame.width, frame.height, source.mono_ns)
        except av.FFmpegError as error:
            log.debug("picture %d does not decode: %s", packet.sequence, error)
            self._decoder = None
        return None

    def _develop(self, picture: "Picture", width: int, height: int, mono_ns: int) -> Shot:
        """`width`, `height`: the camera's; the picture may have been decoded smaller."""
        developed = _darkroom().develop(picture, self.order, final_size(self.order, width, height))
        return Shot(developed.data, developed.width, developed.height, mono_ns, copied=False)


def _darkroom() -> "ModuleType":
    """hardware.sinks.darkroom, loaded when a picture is first decoded: OpenCV costs 30 MB that a JPEG camera saves."""
    return importlib.import_module("hardware.sinks.darkroom")
