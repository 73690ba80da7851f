"""Every kind of media file that recordings are written as. A new one is a line in CONTAINERS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Literal

from hardware.containers import matroska, mp4, mpegts
from hardware.containers.layout import Layout
from hardware.models import Codec

SoundCodec = Literal["aac", "libopus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """`muxer` and `options` are FFmpeg's; with them a file can be cut after any second without losing what is before.
    `span` names the option that says how much media goes together, if there is one.

    `takes`: the codecs that fit into it; of those in `gathers` the muxer hands over a second or a group of pictures at
    once. `sound`: FFmpeg's encoder for its audio track. `measure` finds what is whole.
    """

    muxer: str
    options: Mapping[str, str]
    span: str = ""
    takes: frozenset[Codec]
    gathers: frozenset[Codec]
    sound: SoundCodec
    measure: Callable[[BinaryIO], Layout]


_AT_ONCE = {"flush_packets": "1", "max_interleave_delta": "500000"}
"""Nothing waits inside FFmpeg: not in its buffer, and at most half a second (in us) for a silent stream."""

CONTAINERS: Mapping[str, Container] = MappingProxyType(
    {
        "mp4": Container(
            muxer="mp4",
            options={"movflags": "empty_moov+default_base_moof", "frag_duration": "500000", **_AT_ONCE},
            span="frag_duration",
            takes=frozenset({Codec.H264, Codec.HEVC, Codec.MJPEG}),
            gathers=frozenset({Codec.H264, Codec.HEVC, Codec.MJPEG}),
            sound="aac",
            measure=mp4.measure,
        ),
        "mkv": Container(
            muxer="matroska",
            options={"cluster_time_limit": "500", **_AT_ONCE},
            span="cluster_time_limit",
            takes=frozenset({Codec.H264, Codec.HEVC, Codec.MJPEG}),
            gathers=frozenset({Codec.H264, Codec.HEVC}),
            sound="libopus",
            measure=matroska.measure,
        ),
        "ts": Container(
            muxer="mpegts",
            options=_AT_ONCE,
            takes=frozenset({Codec.H264, Codec.HEVC}),
            gathers=frozenset(),
            sound="aac",
            measure=mpegts.measure,
        ),
    }
)
"""By the suffix of the file's name, without its dot."""


def container_of(path: Path) -> Container | None:
    """The kind of a media file by its name; None for another file."""
    return CONTAINERS.get(path.suffix[1:])
