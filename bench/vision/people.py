"""How far counted people are from those counted by hand, and what a look costs.

`python -m bench.vision.people [vtest.avi]`: the whole film, of which tests/data/street-people.json knows 64 pictures.
Everything was tuned on its first half; what is printed is of the second.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
from fakes.street_network import write_network

from hardware.vision import ANALYSERS, Task
from hardware.vision.grey import Pixels
from hardware.vision.options import complete

FILM = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
TRUTH = Path(__file__).parents[2] / "tests" / "data" / "street-people.json"

_NS = 1_000_000_000
_RATE = 10


@dataclass(frozen=True, slots=True)
class Truth:
    """What was counted by hand: `people` by the picture's number; the tuned half ends before `tuned_before`."""

    people: dict[int, int]
    tuned_before: int


class Figures(NamedTuple):
    """`off`: mean absolute error in persons, `bias` mean error; `milliseconds` of CPU for a look on the average."""

    pictures: int
    off: float
    bias: float
    milliseconds: float


def truth() -> Truth:
    """The hand counts."""
    document = json.loads(TRUTH.read_text())
    return Truth({int(number): len(boxes) for number, boxes in document["people"].items()}, document["tuned_before"])


def pictures(film: Path, width: int) -> Iterator[Pixels]:
    """The film's pictures as an analyser gets them, at most `width` wide."""
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            picture = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            if picture.shape[1] > width:
                size = (width, round(picture.shape[0] * width / picture.shape[1]))
                picture = np.asarray(cv2.resize(picture, size), np.uint8)
            yield picture


def measure(film: Path, detector: str, files: tuple[str, ...], *, tuned: bool = False) -> Figures:
    """Figures of the analyser person_counting on the reported half, or on the `tuned` one."""
    known, entry = truth(), ANALYSERS["person_counting"]
    analyser = entry.create(Task(complete(entry.options, {"detector": detector}), (), files))
    errors: list[float] = []
    spent, looks = 0.0, 0
    for number, picture in enumerate(pictures(film, entry.width)):
        if (number < known.tuned_before) != tuned:
            continue
        began = time.thread_time()
        (seen,) = analyser.look(picture, _NS + number * _NS // _RATE)
        spent, looks = spent + time.thread_time() - began, looks + 1
        if number in known.people:
            errors.append(seen.value - known.people[number])
    off = sum(abs(error) for error in errors) / len(errors)
    return Figures(len(errors), off, sum(errors) / len(errors), 1000 * spent / looks)


def main(film: Path) -> None:
    """Prints the figures of both detectors."""
    if not film.is_file():
        sys.exit(f"{film} is missing: apt-get install opencv-doc, or name vtest.avi")
    with tempfile.TemporaryDirectory() as folder:
        network = write_network(Path(folder) / "street.onnx")
        for detector, files in (("hog", ()), ("onnx", (str(network),))):
            figures = measure(film, detector, files)
            print(
                f"{detector}: {figures.off:.2f} persons off (bias {figures.bias:+.2f}) in {figures.pictures} pictures, "
                f"{figures.milliseconds:.1f} ms of CPU a look"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILM)
