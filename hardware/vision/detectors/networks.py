"""What networks have in common: their files, what they are shown, and what they answer. Loads numpy and cv2."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.errors import ModelRefused
from hardware.vision.detectors import Detection
from hardware.vision.detectors.boxes import Candidates, best
from hardware.vision.grey import Pixels

LARGEST_FILE = 512 << 20
"""Bytes."""

_SMALLEST_SIDE, _LARGEST_SIDE = 32, 2048

_GREY = 114
"""What surrounds a picture of another shape, as in the training of these networks."""

_NAMES, _PERSON = ".names", "person"
_LONGEST_LIST = 1 << 20

_FAINTEST, _SAME = 0.25, 0.5


class Shown(NamedTuple):
    """What a network is shown: `blob` of (1, 3, height, width), red first, 0..1; `scale` of the picture in it."""

    blob: NDArray[np.float32]
    scale: float


def check_size(model: str, width: int, height: int) -> tuple[int, int]:
    """(width, height) in which the network looks. Raises ModelRefused when nobody can look so."""
    if not all(_SMALLEST_SIDE <= side <= _LARGEST_SIDE for side in (width, height)):
        reason = f"it looks at pictures of {width}x{height}; right is {_SMALLEST_SIDE} to {_LARGEST_SIDE} each way"
        raise ModelRefused(model=model, reason=reason)
    return width, height


def model_files(kind: str, files: Sequence[str], suffixes: Sequence[str]) -> list[Path]:
    """One file of each suffix, in their order; a list of names is left out. Raises ModelRefused."""
    paths = [path for path in map(Path, files) if path.suffix.lower() != _NAMES]
    chosen = [path for suffix in suffixes for path in paths if path.suffix.lower() == suffix]
    if len(paths) != len(suffixes) or [path.suffix.lower() for path in chosen] != list(suffixes):
        wanted = " and one ".join(suffixes)
        names = ", ".join(path.name for path in paths) or "none"
        raise ModelRefused(model=names, reason=f"the detector {kind} needs one {wanted} file")
    for path in chosen:
        _check_file(path)
    return chosen


def people_class(files: Sequence[str]) -> int:
    """Which of the network's classes is people: as its list of names says, without one the first.

    Raises ModelRefused.
    """
    for path in map(Path, files):
        if path.suffix.lower() == _NAMES:
            _check_file(path)
            with path.open(encoding="utf-8", errors="replace") as file:
                names = [line.strip().lower() for line in file.read(_LONGEST_LIST).splitlines()]
            if _PERSON not in names:
                raise ModelRefused(model=path.name, reason=f"none of its lines is {_PERSON!r}")
            return names.index(_PERSON)
    return 0


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size if path.is_file() else -1
        with path.open("rb"):
            pass
    except OSError as error:
        raise ModelRefused(model=path.name, reason=error.strerror or "it cannot be read") from error
    if not 0 < size <= LARGEST_FILE:
        reason = "it is no file" if size < 0 else f"it has {size} bytes; right is 1 to {LARGEST_FILE}"
        raise ModelRefused(model=path.name, reason=reason)


def why(error: cv2.error) -> str:
    """What OpenCV says, in one line."""
    return " ".join(str(error).split())[:200]


def show(picture: Pixels, width: int, height: int) -> Shown:
    """The whole picture in the upper left of `width` x `height`, in its own shape."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    across, down = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    canvas = np.full((height, width, 3), _GREY, np.uint8)
    canvas[:down, :across] = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA)
    blob = cv2.dnn.blobFromImage(canvas, 1 / 255, (width, height), swapRB=True)
    return Shown(np.asarray(blob, np.float32), scale)


def people(centred: NDArray[np.float32], scores: NDArray[np.float32], picture: Pixels, scale: float) -> list[Detection]:
    """Of boxes (n, 4) centre x, centre y, width, height in shown pixels, those of people in the picture."""
    boxes = centred.astype(np.float64) / scale
    boxes[:, :2] -= boxes[:, 2:] / 2
    sound = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    candidates = Candidates(boxes[sound], np.clip(scores[sound].astype(np.float64), 0, 1))
    return best(candidates, (picture.shape[1], picture.shape[0]), _FAINTEST, _SAME)
