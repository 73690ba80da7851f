"""Networks of the YOLO family in Darknet's files: a .cfg and its .weights. Loads numpy and cv2.

A box is told in shares of what is shown, before its scores; class scores count as they are.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.errors import ModelRefused
from hardware.vision.detectors import Detection
from hardware.vision.detectors.networks import check_size, model_files, people, people_class, show, why
from hardware.vision.grey import Pixels

_LONGEST_TEXT = 1 << 20
_NUMBER = re.compile(r"^\s*(width|height)\s*=\s*(\d{1,5})\s*$", re.MULTILINE)
_FIRST_CLASS = 5


class Darknet:
    """The detector `darknet`."""

    every_seconds = 0.3
    misses = 1

    def __init__(self, files: Sequence[str]) -> None:
        text, weights = model_files("darknet", files, [".cfg", ".weights"])
        self._model = text.name
        self._column = _FIRST_CLASS + people_class(files)
        self._size = _shown_size(text)
        try:
            self._net = cv2.dnn.readNetFromDarknet(str(text), str(weights))
            answers = self._ask(np.zeros((1, 3, self._size[1], self._size[0]), np.float32))
        except cv2.error as error:
            raise ModelRefused(model=self._model, reason=why(error)) from error
        if not answers or any(rows.ndim != 2 or rows.shape[1] <= self._column for rows in answers):
            told = ", ".join("x".join(map(str, rows.shape)) for rows in answers) or "nothing"
            raise ModelRefused(model=self._model, reason=f"it answers {told}; right is Nx(5+classes) of [yolo] layers")

    def find(self, picture: Pixels) -> list[Detection]:
        """See `Detector`."""
        shown = show(picture, *self._size)
        rows = np.concatenate(self._ask(shown.blob))
        boxes = rows[:, :4] * np.array(self._size * 2, np.float32)
        return people(boxes, rows[:, self._column], picture, shown.scale)

    def _ask(self, blob: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        self._net.setInput(blob)
        return [np.asarray(rows, np.float32) for rows in self._net.forward(self._net.getUnconnectedOutLayersNames())]


def _shown_size(path: Path) -> tuple[int, int]:
    """(width, height) as the file's first section says. Raises ModelRefused."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.read(_LONGEST_TEXT).partition("[net]")[2].partition("[")[0]
    sides = {name: int(number) for name, number in _NUMBER.findall(first)}
    if len(sides) != 2:
        raise ModelRefused(model=path.name, reason="its section [net] does not say width and height")
    return check_size(path.name, sides["width"], sides["height"])
