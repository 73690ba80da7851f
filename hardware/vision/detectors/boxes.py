"""Many boxes of few people to one of each. Loads numpy and cv2."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.vision.detectors import Detection

_MOST = 200
"""More people than this nobody counts, and following them takes its time."""


class Candidates(NamedTuple):
    """`boxes`: (n, 4) left, top, width, height in pixels. `scores`: (n,) 0..1."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]


def best(found: Candidates, size: tuple[int, int], least: float, same: float) -> list[Detection]:
    """Those of at least the score `least`, the best first; of those that share more than `same` only the best.

    `size`: (width, height) of the picture; what reaches over its edge is cut off.
    """
    chosen = found.scores >= least
    boxes, scores = found.boxes[chosen], found.scores[chosen]
    if len(boxes) == 0:
        return []
    kept = np.ravel(cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), least, same)).astype(int)[:_MOST]
    detections = []
    for index in kept:
        left, top, width, height = boxes[index]
        right, bottom = min(1.0, (left + width) / size[0]), min(1.0, (top + height) / size[1])
        left, top = max(0.0, left / size[0]), max(0.0, top / size[1])
        if right > left and bottom > top:
            box = (float(left), float(top), float(right - left), float(bottom - top))
            detections.append(Detection(box, float(scores[index])))
    return detections
