"""OpenCV's own people detector: gradients and a linear classifier. Needs no file. Loads numpy and cv2."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from hardware.errors import ModelRefused
from hardware.vision.detectors import Detection
from hardware.vision.detectors.boxes import Candidates, best
from hardware.vision.grey import Pixels

_WIDTH = 960
"""Pixels in width in which is searched. The classifier knows people of 96 pixels and more: a tenth of this."""

_MOST_HEIGHT = 2 * _WIDTH

_WINDOW = (64, 128)
"""What the classifier looks at, in pixels; in a smaller picture OpenCV reads past the end."""

_STRIDE, _PADDING, _STEP = (8, 8), (8, 8), 1.1

_FAINTEST, _SURE, _STEEPNESS = 0.2, 0.9, 2.0
"""Distances from the classifier's plane: of what is passed on, and of what has the score 0.5."""

_MARGIN_X, _MARGIN_Y = 0.12, 0.07
"""Share of a found window around the person in it, on each side."""

_SAME = 0.4


class Hog:
    """The detector `hog`."""

    every_seconds = 1.0
    misses = 3

    def __init__(self, files: Sequence[str]) -> None:
        if files:
            raise ModelRefused(model=files[0], reason="the detector hog takes no model")
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))

    def find(self, picture: Pixels) -> list[Detection]:
        """See `Detector`."""
        size = _searched(picture)
        if size[0] < _WINDOW[0] or size[1] < _WINDOW[1]:
            return []
        windows, distances = self._hog.detectMultiScale(
            cv2.resize(picture, size),
            hitThreshold=_FAINTEST,
            winStride=_STRIDE,
            padding=_PADDING,
            scale=_STEP,
            groupThreshold=0,
        )
        if len(windows) == 0:
            return []
        left, top, width, height = np.asarray(windows, np.float64).T
        boxes = np.stack(
            [
                left + _MARGIN_X * width,
                top + _MARGIN_Y * height,
                (1 - 2 * _MARGIN_X) * width,
                (1 - 2 * _MARGIN_Y) * height,
            ],
            axis=1,
        )
        scores = np.array([_score(distance) for distance in np.ravel(distances)])
        return best(Candidates(boxes, scores), size, 0.0, _SAME)


def _searched(picture: Pixels) -> tuple[int, int]:
    height, width = picture.shape[:2]
    scale = min(_WIDTH / width, _MOST_HEIGHT / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _score(distance: float) -> float:
    return 1 / (1 + math.exp(_STEEPNESS * (_SURE - distance)))
