"""Whether two pictures show the same thing in another light. Loads numpy and cv2."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.vision.grey import Grey

Field = NDArray[np.float32]
Cells = NDArray[np.bool_]

_AROUND = (5, 5)
"""Cells that are compared with each other."""

_FLAT = 4.0
"""Contrast, in steps of brightness, below which there is nothing to be recognised."""

_ALIKE = 0.6


def likeness(first: Grey | Field, second: Grey | Field) -> tuple[Field, Field]:
    """How alike the surroundings of each cell are, -1..1, whatever the light; and the larger of their contrasts.

    Contrasts may differ as light makes them: three times as strong is another thing, or a shadow of one.

    Both pictures have the same small size: (height, width).
    """
    one, other = detail_of(first), detail_of(second)
    contrast, others = cv2.sqrBoxFilter(one, -1, _AROUND), cv2.sqrBoxFilter(other, -1, _AROUND)
    both = cv2.blur(cv2.multiply(one, other), _AROUND)
    floor = np.float32(_FLAT * _FLAT)
    alike = (2 * both + floor) / (contrast + others + floor)
    return np.asarray(alike, np.float32), np.asarray(cv2.sqrt(cv2.max(contrast, others)), np.float32)


def changed(first: Grey | Field, second: Grey | Field) -> tuple[Cells, Cells]:
    """Where something else is seen, not the same in another light; and where there is anything to be recognised.

    What is flat in both is the same.
    """
    alike, contrast = likeness(first, second)
    textured = contrast > _FLAT
    return textured & (alike < _ALIKE), textured


def detail_of(picture: Grey | Field) -> Field:
    """What differs from its surroundings, in steps of brightness."""
    exact = picture.astype(np.float32)
    return np.asarray(exact - cv2.blur(exact, _AROUND), np.float32)
