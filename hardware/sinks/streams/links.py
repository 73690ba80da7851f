"""Every kind of stream: how it connects and what it takes undecoded. A new kind is a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hardware.models import Codec, StreamOrder
from hardware.sinks.streams.datagrams import DatagramLink
from hardware.sinks.streams.link import Link, Shape
from hardware.sinks.streams.playlist import PlaylistLink, check_folder, remove_playlist
from hardware.sinks.streams.published import PublishedLink
from hardware.sinks.streams.srt import SrtLink, check_srt
from hardware.sinks.streams.whip import WhipLink

_H264 = frozenset({Codec.H264})
_BOTH = frozenset({Codec.H264, Codec.HEVC})


def _nothing(order: StreamOrder) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Way:
    """One kind. `check` raises StreamUnsupported where this machine cannot do it; `tidy` comes after the last link."""

    connect: Callable[[StreamOrder, Shape], Link]
    takes: frozenset[Codec]
    check: Callable[[StreamOrder], None] = _nothing
    tidy: Callable[[StreamOrder], None] = _nothing


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "rtmp": Way(PublishedLink, _H264),
        "rtsp": Way(PublishedLink, _BOTH),
        "whip": Way(WhipLink, _H264),
        "udp": Way(DatagramLink, _BOTH),
        "srt": Way(SrtLink, _BOTH, check=check_srt),
        "hls": Way(PlaylistLink, _H264, check=check_folder, tidy=remove_playlist),
    }
)
