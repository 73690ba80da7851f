"""Finds people in one picture. A new kind of detector is a file here and a line in the table.

Importing this package loads neither numpy nor cv2; making a detector does.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hardware.vision import Box

if TYPE_CHECKING:
    from hardware.vision.grey import Pixels


class Detection(NamedTuple):
    """Somebody, perhaps. `score`: how sure, 0..1; from 0.5 on it stands for itself, below only beside other signs."""

    box: Box
    score: float


class Detector(Protocol):
    """Finds people. Used by one thread."""

    every_seconds: float
    """How often it is worth its cost; what it found is followed in between."""

    misses: int
    """So many times in a row it may well miss somebody who is there."""

    def find(self, picture: "Pixels") -> list[Detection]:
        """The people in a picture (height, width, 3) in the order blue, green, red."""
        ...


def _create(module: str, name: str) -> Callable[[Sequence[str]], Detector]:
    def create(files: Sequence[str]) -> Detector:
        detector: Detector = getattr(importlib.import_module(f"hardware.vision.detectors.{module}"), name)(files)
        return detector

    return create


_DETECTORS: Mapping[str, Callable[[Sequence[str]], Detector]] = MappingProxyType(
    {"hog": _create("hog", "Hog"), "onnx": _create("onnx", "Onnx"), "darknet": _create("darknet", "Darknet")}
)

KINDS = tuple(_DETECTORS)


def create_detector(kind: str, files: Sequence[str]) -> Detector:
    """The detector of that kind with these model files. Raises ModelRefused, which says what is wrong with them."""
    return _DETECTORS[kind](files)
