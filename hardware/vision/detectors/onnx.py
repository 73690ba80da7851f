"""Networks of the YOLO family in ONNX files. Loads numpy and cv2.

Known are the answers of one output: (1, 4 + classes, n) of versions 8 and later, and (1, n, 5 + classes) of versions 5
and 7, whose fifth value counts for all classes. Boxes are in pixels of what is shown.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.errors import ModelRefused
from hardware.vision.detectors import Detection
from hardware.vision.detectors.networks import check_size, model_files, people, people_class, show, why
from hardware.vision.detectors.onnxfile import NotOnnx, input_size
from hardware.vision.grey import Pixels

_FREE = (640, 640)
"""What is shown to a network that takes every size."""

_MOST_CLASSES = 1000


class Onnx:
    """The detector `onnx`."""

    every_seconds = 0.3
    misses = 1

    def __init__(self, files: Sequence[str]) -> None:
        (path,) = model_files("onnx", files, [".onnx"])
        self._model = path.name
        self._class = people_class(files)
        try:
            self._size = check_size(path.name, *(input_size(path.read_bytes()) or _FREE))
            self._net = cv2.dnn.readNetFromONNX(str(path))
        except NotOnnx as error:
            raise ModelRefused(model=path.name, reason=str(error)) from error
        except cv2.error as error:
            raise ModelRefused(model=path.name, reason=why(error)) from error
        self._by_class_first = self._layout()

    def find(self, picture: Pixels) -> list[Detection]:
        """See `Detector`."""
        shown = show(picture, *self._size)
        (answer,) = self._ask(shown.blob)
        rows = answer[0].T if self._by_class_first else answer[0]
        scores = rows[:, 4 + self._class] if self._by_class_first else rows[:, 4] * rows[:, 5 + self._class]
        return people(rows[:, :4], scores, picture, shown.scale)

    def _ask(self, blob: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        self._net.setInput(blob)
        answers = self._net.forward(self._net.getUnconnectedOutLayersNames())
        return [np.asarray(answer, np.float32) for answer in answers]

    def _layout(self) -> bool:
        """Whether the answer's classes come before its boxes, seen by asking once."""
        width, height = self._size
        try:
            answers = self._ask(np.zeros((1, 3, height, width), np.float32))
        except cv2.error as error:
            raise ModelRefused(model=self._model, reason=why(error)) from error
        shape = answers[0].shape
        fits = len(answers) == 1 and len(shape) == 3 and shape[0] == 1
        if fits and 4 + self._class < shape[1] <= 4 + _MOST_CLASSES and shape[1] < shape[2]:
            return True
        if fits and 5 + self._class < shape[2] <= 5 + _MOST_CLASSES and shape[2] < shape[1]:
            return False
        told = ", ".join("x".join(map(str, answer.shape)) for answer in answers)
        reason = f"it answers {told}; right is one answer of 1x(4+classes)xN or 1xNx(5+classes)"
        raise ModelRefused(model=self._model, reason=reason)
