"""Sees that something moves: what differs from a picture that follows the scene slowly. Loads numpy and cv2."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.vision import Box, Sighting
from hardware.vision.grey import Grey

_FOLLOW_SECONDS = 10.0
"""Time constant of the background: what stands still for longer belongs to it."""

_SETTLE_SECONDS = 1.0
"""After a start, or a change of everything, nothing is seen for so long."""

_EVERYTHING = 0.7
"""Share of the picture from which on it is the light, or the camera, that changed."""

_GAP_SECONDS = 5.0
"""After so long without a picture the background is learnt anew."""

_BLUR = (5, 5)
_DIFFERS = 255
_COARSE_WIDTH, _NEAR, _MOST_BOXES = 80, (5, 5), 8
"""Boxes are found in a picture so wide, from pixels that are so near; more than this nobody reads."""

_NS = 1_000_000_000


class MotionOptions(NamedTuple):
    """What counts as motion.

    `threshold`: by how many of 255 steps a pixel differs. `area`: share of the picture that must differ to begin; half
    of it goes on. `least`: seconds for which it must before it counts; `hold`: seconds without before it is over.
    """

    threshold: float = 20.0
    area: float = 0.004
    least: float = 0.3
    hold: float = 2.0


class MotionState(NamedTuple):
    """Whether something moves.

    `since_ns`: since when it does, or looks as if; None: it does not. `last_ns`: when it moved last.
    """

    active: bool = False
    since_ns: int | None = None
    last_ns: int = 0


def judge(state: MotionState, share: float, mono_ns: int, options: MotionOptions) -> MotionState:
    """What a picture of that share at `mono_ns` makes of the state: with hysteresis, least and hold time."""
    if share >= options.area * (0.5 if state.active else 1.0):
        since_ns = mono_ns if state.since_ns is None else state.since_ns
        active = state.active or mono_ns - since_ns >= options.least * _NS
        return MotionState(active, since_ns, mono_ns)
    if state.active and mono_ns - state.last_ns < options.hold * _NS:
        return state
    return MotionState(last_ns=state.last_ns)


class Background:
    """The scene without what moves: a running average, the same for any number of looks a second."""

    def __init__(self) -> None:
        self._average: NDArray[np.float32] | None = None
        self._learnt_ns = 0
        self._newest_ns = 0

    def compare(self, picture: Grey, mono_ns: int, threshold: float) -> Grey | None:
        """Where `picture` differs from what was before it: 255 there, else 0. None: not known yet."""
        blurred = np.asarray(cv2.blur(picture, _BLUR), np.uint8)
        gap = (mono_ns - self._newest_ns) / _NS
        self._newest_ns = mono_ns
        if self._average is None or self._average.shape != blurred.shape or gap > _GAP_SECONDS:
            self._learn(blurred, mono_ns)
            return None
        difference = cv2.absdiff(blurred, cv2.convertScaleAbs(self._average))
        _, mask = cv2.threshold(difference, threshold, _DIFFERS, cv2.THRESH_BINARY)
        if cv2.countNonZero(mask) > _EVERYTHING * mask.size:
            self._learn(blurred, mono_ns)
            return None
        cv2.accumulateWeighted(blurred, self._average, 1 - math.exp(-gap / _FOLLOW_SECONDS))
        return np.asarray(mask, np.uint8) if mono_ns - self._learnt_ns >= _SETTLE_SECONDS * _NS else None

    def _learn(self, picture: Grey, mono_ns: int) -> None:
        self._average = picture.astype(np.float32)
        self._learnt_ns = mono_ns


class Motion:
    """The analyser `motion`. `value` is the share of the picture that differs; boxes are told while it is active."""

    def __init__(self, options: Mapping[str, float]) -> None:
        self._options = MotionOptions()._replace(**options)
        self._background = Background()
        self._state = MotionState()

    def look(self, picture: Grey, mono_ns: int) -> Sighting:
        """See `Analyser`."""
        mask = self._background.compare(picture, mono_ns, self._options.threshold)
        share = 0.0 if mask is None else cv2.countNonZero(mask) / mask.size
        self._state = judge(self._state, share, mono_ns, self._options)
        active = self._state.active
        return Sighting("motion", active, share, boxes(mask) if active and mask is not None else ())


def boxes(mask: Grey) -> tuple[Box, ...]:
    """Where the mask is set, the largest first; what lies close together is one box."""
    width = min(_COARSE_WIDTH, mask.shape[1])
    height = max(1, round(mask.shape[0] * width / mask.shape[1]))
    coarse = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    _, whole = cv2.threshold(coarse, _DIFFERS // 4, _DIFFERS, cv2.THRESH_BINARY)
    _, labels, found, _ = cv2.connectedComponentsWithStats(cv2.dilate(whole, np.ones(_NEAR, np.uint8)))
    largest = sorted(range(1, len(found)), key=lambda label: -int(found[label, cv2.CC_STAT_AREA]))[:_MOST_BOXES]
    rectangles = [cv2.boundingRect(np.where(labels == label, whole, 0).astype(np.uint8)) for label in largest]
    return tuple((left / width, top / height, across / width, down / height) for left, top, across, down in rectangles)
