"""Packets of any codec to pictures. Loads av when it is first made."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from hardware.models import Codec, Format, Packet

if TYPE_CHECKING:
    import av
    from av.packet import Packet as CodedPacket
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext

MICROS = Fraction(1, 1_000_000)
"""The time base inside decoder and encoder."""

_RAW = {Codec.YUYV: "yuyv422", Codec.NV12: "nv12"}
_NAMES = {Codec.H264: "h264", Codec.HEVC: "hevc", Codec.MJPEG: "mjpeg", **dict.fromkeys(_RAW, "rawvideo")}
_MOST_UNDER_WAY = 64
"""Pictures inside decoder and encoder. What is older did not decode."""

INTRA = frozenset({Codec.MJPEG, *_RAW})
"""Every packet is a picture of its own."""


class UnderWay:
    """Which packet a picture came from, by its time inside the codec (microseconds)."""

    def __init__(self) -> None:
        self._packets: dict[int, Packet] = {}

    def __len__(self) -> int:
        return len(self._packets)

    def enter(self, packet: Packet) -> int:
        """Remembers `packet`, without its bytes unless it stands alone; answers its time inside the codec."""
        pts = packet.mono_ns // 1000
        self._packets[pts] = packet if packet.codec in INTRA else replace(packet, data=b"")
        if len(self._packets) > _MOST_UNDER_WAY:
            del self._packets[next(iter(self._packets))]
        return pts

    def leave(self, pts: int) -> Packet:
        """The packet that entered with `pts`; it and those before it are forgotten."""
        packet = self._packets[pts]
        for done in [key for key in self._packets if key <= pts]:
            del self._packets[done]
        return packet


class Decoder:
    """Decodes one stream, from a key frame on. Use a new one after a gap. Raises av.FFmpegError.

    JPEGs can be decoded smaller `by` 2, 4 or 8, which costs less.
    """

    def __init__(self, source: Format, by: int = 1) -> None:
        self._decoder = create_decoder(source, by)
        self._under_way = UnderWay()

    def decode(self, packet: Packet) -> Iterator[tuple[Packet, "av.VideoFrame"]]:
        """The pictures that `packet` completes, each with the packet that it came from (see `UnderWay.enter`)."""
        for frame in self._decoder.decode(coded_packet(packet.data, self._under_way.enter(packet))):
            yield self._under_way.leave(frame.pts or 0), frame


def coded_packet(data: bytes, pts: int) -> "CodedPacket[Stream]":
    """FFmpeg's packet of `data` at `pts` microseconds."""
    import av

    coded: CodedPacket[Stream] = av.Packet(data)
    coded.pts = coded.dts = pts
    coded.time_base = MICROS
    return coded


def create_decoder(source: Format, by: int = 1) -> "VideoCodecContext":
    """A decoder that gives each picture as soon as it has it; `by` as in `Decoder`."""
    import av

    decoder = cast("VideoCodecContext", av.CodecContext.create(_NAMES[source.codec], "r"))
    decoder.thread_count = 1
    decoder.flags |= av.codec.context.Flags.low_delay
    if by > 1:
        decoder.options = {"lowres": str(by.bit_length() - 1)}
    if source.codec in _RAW:
        decoder.width, decoder.height = source.width, source.height
        decoder.pix_fmt = _RAW[source.codec]
    return decoder
