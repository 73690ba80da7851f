"""The kinds of sound files, each of which plays up to its last whole second after a kill."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from hardware.containers import mp4, ogg
from hardware.containers.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFormat:
    """`encoder`, `muxer`, `options` are FFmpeg's; `lossless`: it takes no bit rate. `measure` finds what is whole."""

    suffix: str
    encoder: str
    muxer: str
    options: Mapping[str, str]
    lossless: bool = False
    measure: Callable[[BinaryIO], Layout]


_AT_ONCE = {"flush_packets": "1"}
_PAGES = {"page_duration": "400000", **_AT_ONCE}
"""The muxer keeps the page before the one that it fills: twice this, in us, is below a second."""

SOUND_FORMATS: Mapping[str, SoundFormat] = MappingProxyType(
    {
        "opus": SoundFormat(suffix=".ogg", encoder="libopus", muxer="ogg", options=_PAGES, measure=ogg.measure),
        "aac": SoundFormat(
            suffix=".m4a",
            encoder="aac",
            muxer="mp4",
            options={"movflags": "empty_moov+default_base_moof", "frag_duration": "750000", **_AT_ONCE},
            measure=mp4.measure,
        ),
        "flac": SoundFormat(
            suffix=".oga", encoder="flac", muxer="ogg", options=_PAGES, lossless=True, measure=ogg.measure
        ),
    }
)
"""By the codec's name."""


def format_of(path: Path) -> SoundFormat | None:
    """The kind of a sound file by its name; None for another file."""
    return next((each for each in SOUND_FORMATS.values() if each.suffix == path.suffix), None)
