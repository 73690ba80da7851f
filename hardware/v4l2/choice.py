"""Choosing a mode on purpose: a driver's default is often uncompressed, slow, or both."""

from collections.abc import Callable, Sequence

from hardware.models import RAW_CODECS, Format
from hardware.v4l2.device import CODECS, Mode

_FLUENT_RATE = 24.0
_USUAL_RATE = 30.0
_LARGEST_BY_DEFAULT = 1920 * 1080
_PREFERENCE = {pixel_format: rank for rank, pixel_format in enumerate(CODECS)}


def choose_modes(modes: Sequence[Mode], wanted: Format | None) -> list[Mode]:
    """The best mode of each pixel format, the best pixel format first.

    `wanted` None: compressed before raw, fluent before the better codec, that before large, at most 1080p, near 30
    frames/s. Else the wanted codec if
    the camera has it, the size nearest by area, then the nearest rate. Those behind the first are for a driver that
    enumerates a pixel format and then refuses it.
    """
    rank = _own_rank if wanted is None else _rank_for(wanted)
    best: dict[int, Mode] = {}
    for mode in sorted(modes, key=rank):
        best.setdefault(mode.pixel_format, mode)
    return list(best.values())


def _own_rank(mode: Mode) -> tuple[float, ...]:
    picture = mode.format
    area = picture.width * picture.height
    too_large = area > _LARGEST_BY_DEFAULT
    return (
        picture.codec in RAW_CODECS,
        picture.rate < _FLUENT_RATE,
        _PREFERENCE[mode.pixel_format],
        too_large,
        area if too_large else -area,
        abs(picture.rate - _USUAL_RATE),
    )


def _rank_for(wanted: Format) -> Callable[[Mode], tuple[float, ...]]:
    area = wanted.width * wanted.height

    def rank(mode: Mode) -> tuple[float, ...]:
        picture = mode.format
        preference = _PREFERENCE[mode.pixel_format]
        other_codec = picture.codec is not wanted.codec
        return (
            other_codec,
            preference if other_codec else 0,
            abs(picture.width * picture.height - area),
            (picture.width, picture.height) != (wanted.width, wanted.height),
            abs(picture.rate - wanted.rate),
            preference,
        )

    return rank


def describe(picture: Format) -> str:
    """A format in few words, for notes and errors."""
    return f"{picture.codec} {picture.width}x{picture.height} at {picture.rate:g}/s"
