"""Writes a line into pictures: the time, the camera's name, what somebody asked for. Loads cv2."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_PIXELS = 22
"""Height of its capital letters at scale 1."""

_SHARE = 32
"""A capital letter is this part of the picture's height."""

_LOWEST = 9
"""Pixels below which nobody can read it."""

_DARK, _WHITE, _NO_COLOUR = 32, 235, 128
_NS = 1_000_000_000


class Overlay:
    """White text on a dark strip at the left lower edge, made smaller when the picture is too narrow for it.

    `{time}` stands for the picture's own time (UTC, whole seconds), `{name}` for `name`. The strip is drawn when the
    text changes and copied into each picture: next to no cost.
    """

    def __init__(self, template: str, name: str, clock_ns: int) -> None:
        """`clock_ns`: wall minus monotonic time."""
        self._template = template.replace("{name}", name)
        self._clock_ns = clock_ns
        self._text = ""
        self._strip = np.zeros((0, 0), np.uint8)

    def draw(self, planes: Sequence[Plane], mono_ns: int) -> None:
        """Writes into the picture (luma, then both colours in half size) that was captured at `mono_ns`."""
        luma = planes[0]
        text = self._fill_in(mono_ns)
        if text != self._text:
            self._text, self._strip = text, _draw_strip(text, luma.shape[0], luma.shape[1])
        height, width = self._strip.shape
        luma[-height:, :width] = self._strip
        for colour in planes[1:]:
            colour[-height // 2 :, : width // 2] = _NO_COLOUR

    def _fill_in(self, mono_ns: int) -> str:
        moment = datetime.fromtimestamp((mono_ns + self._clock_ns) // _NS, UTC)
        text = self._template.replace("{time}", f"{moment:%Y-%m-%d %H:%M:%S} UTC")
        return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # the font has no other letters


def _draw_strip(text: str, height: int, width: int) -> Plane:
    """Luma of the strip in a picture of that size; its sides are even."""
    letter = max(_LOWEST, height // _SHARE)
    scale = letter / _FONT_PIXELS
    (across, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    scale *= min(1.0, (width - letter) / max(1, across))
    thickness = max(1, round(scale * 2))
    (across, up), down = cv2.getTextSize(text, _FONT, scale, thickness)
    size = (min(height, up + down + letter) & ~1, min(width, across + letter) & ~1)
    strip = np.full(size, _DARK, np.uint8)
    cv2.putText(strip, text, (letter // 2, size[0] - down - letter // 4), _FONT, scale, _WHITE, thickness, cv2.LINE_AA)
    return strip
