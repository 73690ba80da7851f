"""What differs from the scene as it usually is: a background that follows slowly. Loads numpy and cv2."""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.vision.grey import Grey

_FOLLOW_SECONDS = 10.0
"""Time constant of the background: what stands still for longer belongs to it."""

_NOISE_SECONDS = 20.0
"""Time constant of the noise of each pixel."""

_SETTLE_SECONDS = 1.0
"""After a start, or a change of everything, nothing is seen for so long."""

_EVERYTHING = 0.6
"""Share of the picture from which on it is the light, or the camera, that changed."""

GAP_SECONDS = 5.0
"""After so long without a picture the background is learnt anew."""

_TIMES_NOISE, _TIMES_OWN = 5.0, 4.0
"""A pixel must differ by so many times what all usually do, and what it does, of which the threshold counts at most."""

_BRIGHT = 80.0
"""In darker pictures contrasts are lower, and so is the threshold: down to a third, and never below `_LEAST_STEP`."""

_LEAST_STEP = 5.0
_SPARSE = 20
"""Light and noise of a picture are measured at every so manyth pixel of both directions."""

_CELLS_ACROSS, _CELL_MOVES = 80, 1 / 4
"""Pixels are counted by cells, and only those of cells of which such a share differs: single ones are noise."""

_BLUR = (5, 5)
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_DIFFERS = 255
_NS = 1_000_000_000


class Difference(NamedTuple):
    """What differs, by cells, 80 or so across: (rows, columns).

    `cells`: 255 times the share of each cell that differs. `picture`, `scene`: the brightness of each, now and usually.
    """

    cells: Grey
    picture: Grey
    scene: Grey


class Background:
    """The scene without what moves, the same for any number of looks a second.

    A pixel differs when it is outside of what its neighbours in the background have, by more than the threshold and
    more than its own noise: a shaking mast, leaves and a sensor at night do so all the time. What brightens or darkens
    the whole picture does not count.
    """

    def __init__(self) -> None:
        self._average: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._noise = self._average
        self._newest: Grey = np.zeros((0, 0), np.uint8)
        self._learnt_ns = 0
        self._newest_ns = 0

    def compare(self, picture: Grey, mono_ns: int, threshold: float, least: float) -> Difference | None:
        """What differs in `picture` from what was before it, by `threshold` steps of 255.

        None: less than `least`, a share of the picture, or not known yet.
        """
        self._newest = newest = np.asarray(cv2.blur(picture, _BLUR), np.uint8)
        gap = (mono_ns - self._newest_ns) / _NS
        self._newest_ns = mono_ns
        if self._average.shape != newest.shape or gap > GAP_SECONDS:
            self.learn_anew()
            return None
        scene = np.asarray(cv2.convertScaleAbs(self._average, alpha=_light(newest, self._average)), np.uint8)
        difference = _outside(newest, scene)
        step = _step(threshold, scene)
        mask = cv2.compare(difference, self._limit(step), cv2.CMP_GT)
        share = cv2.countNonZero(mask) / mask.size
        if share > _EVERYTHING:
            self.learn_anew()
            return None
        self._follow(difference, step, gap)
        if share < least or mono_ns - self._learnt_ns < _SETTLE_SECONDS * _NS:
            return None
        return _by_cells(np.asarray(mask, np.uint8), newest, scene)

    def learn_anew(self) -> None:
        """The scene is another one from the newest picture on."""
        self._average = self._newest.astype(np.float32)
        self._noise = np.zeros_like(self._average)
        self._learnt_ns = self._newest_ns

    def _limit(self, step: float) -> Grey:
        """By how much each pixel must differ."""
        usual = max(step, _TIMES_NOISE * _mean(self._noise))
        own = np.asarray(cv2.convertScaleAbs(self._noise, alpha=_TIMES_OWN), np.uint8)
        return np.asarray(cv2.max(own, np.full_like(own, min(usual, _DIFFERS))), np.uint8)

    def _follow(self, difference: Grey, step: float, gap: float) -> None:
        """At first the mean of all pictures, later of the last ones."""
        age = max(gap, (self._newest_ns - self._learnt_ns) / _NS, 1 / _NS)
        _, noise = cv2.threshold(difference, step, 0, cv2.THRESH_TRUNC)
        cv2.accumulateWeighted(self._newest, self._average, 1 - math.exp(-gap / min(_FOLLOW_SECONDS, age)))
        cv2.accumulateWeighted(noise, self._noise, 1 - math.exp(-gap / min(_NOISE_SECONDS, age)))


def _outside(picture: Grey, scene: Grey) -> Grey:
    over = cv2.subtract(picture, cv2.dilate(scene, _NEIGHBOURS))
    under = cv2.subtract(cv2.erode(scene, _NEIGHBOURS), picture)
    return np.asarray(cv2.max(over, under), np.uint8)


def _light(picture: Grey, average: NDArray[np.float32]) -> float:
    """How much brighter the picture is than the background, as a factor; what covers less than half does not count."""
    ratio = (picture[::_SPARSE, ::_SPARSE] + np.float32(1)) / (average[::_SPARSE, ::_SPARSE] + np.float32(1))
    return float(np.partition(ratio, ratio.size // 2, axis=None)[ratio.size // 2])  # the median, in a third of its time


def _step(threshold: float, scene: Grey) -> float:
    return max(_LEAST_STEP, threshold * min(1.0, max(1 / 3, _mean(scene) / _BRIGHT)))


def _mean(field: NDArray[np.uint8] | NDArray[np.float32]) -> float:
    few = field[::_SPARSE, ::_SPARSE]
    return float(few.sum()) / few.size


def cells_of(picture: Grey) -> tuple[int, int]:
    """How many cells a picture has: across, and down."""
    middle = _middle(picture)
    return len(range(*middle.indices(picture.shape[1]))), len(range(*middle.indices(picture.shape[0])))


def _middle(picture: Grey) -> slice:
    """The middles of the cells."""
    side = _side(picture)
    return slice(side // 2, None, side)


def _side(picture: Grey) -> int:
    height, width = int(picture.shape[0]), int(picture.shape[1])
    return max(1, min(round(width / _CELLS_ACROSS), height))


def _by_cells(mask: Grey, picture: Grey, scene: Grey) -> Difference:
    """Pictures that are blurred already are looked at in the middle of each cell."""
    side, middle = _side(mask), _middle(mask)
    _, cells = cv2.threshold(cv2.blur(mask, (side, side))[middle, middle], _DIFFERS * _CELL_MOVES, 0, cv2.THRESH_TOZERO)
    return Difference(
        np.asarray(cells, np.uint8),
        np.ascontiguousarray(picture[middle, middle]),
        np.ascontiguousarray(scene[middle, middle]),
    )
