"""Zones of a picture: polygons to masks. Loads numpy and cv2."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from hardware.models import Zone
from hardware.vision.grey import Grey

_SET = 255
_FRACTION_BITS = 4
"""Corners are given to OpenCV in sixteenths of a pixel."""


class Part(NamedTuple):
    """A part of the picture with a result of its own. `mask` is 255 in it, else 0; None: everywhere.

    `share`: of the picture, 0..1.
    """

    name: str
    mask: Grey | None
    share: float


def polygon_mask(zone: Zone, width: int, height: int) -> Grey:
    """255 inside the polygon, else 0: (height, width). One thinner than a pixel is as wide as that."""
    scale = np.array((width, height)) * (1 << _FRACTION_BITS)
    corners = np.round(np.array(zone.points) * scale - (1 << _FRACTION_BITS - 1)).astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [corners], _SET, cv2.LINE_8, _FRACTION_BITS)
    return mask


def parts_of(zones: Sequence[Zone], width: int, height: int) -> tuple[Part, ...]:
    """Each `include` and `area` zone without what the `exclude` zones take away; without any the rest of the picture.

    Lines are no parts. A part may be empty.
    """
    hidden = [polygon_mask(zone, width, height) for zone in zones if zone.kind == "exclude"]
    masks = [(zone.name, polygon_mask(zone, width, height)) for zone in zones if zone.kind in ("include", "area")]
    if not (hidden or masks):
        return (Part("", None, 1.0),)
    parts = []
    for name, mask in masks or [("", np.full((height, width), _SET, np.uint8))]:
        for other in hidden:
            mask[other > 0] = 0
        parts.append(Part(name, mask, cv2.countNonZero(mask) / mask.size))
    return tuple(parts)


class Parts:
    """The parts of `zones` in pictures of any size; masks are made when the size changes."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = zones
        self._size = (0, 0)
        self._parts: tuple[Part, ...] = ()

    def of(self, width: int, height: int) -> tuple[Part, ...]:
        """The parts in a picture of this size."""
        if self._size != (width, height):
            self._size = (width, height)
            self._parts = parts_of(self._zones, width, height)
        return self._parts
