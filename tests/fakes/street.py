"""The people of the street footage as counted by hand, and the pictures of it."""

import functools
import json
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from hardware.sources.file import FOOTAGE
from hardware.vision.grey import Pixels

_DATA = Path(__file__).parents[1] / "data"


class Counted(NamedTuple):
    """A picture of the film, its number in it, and how many people are in it. `tuned`: of the half tuned on."""

    number: int
    picture: Pixels
    people: int
    tuned: bool


@functools.cache
def counted() -> tuple[Counted, ...]:
    """The 64 pictures that are counted by hand: tests/data/street-people.json says how."""
    document = json.loads((_DATA / "street-people.json").read_text())
    pictures = _decoded(_DATA / "street-people.mp4")
    return tuple(
        Counted(int(number), picture, len(boxes), int(number) < document["tuned_before"])
        for (number, boxes), picture in zip(document["people"].items(), pictures, strict=True)
    )


@functools.cache
def film() -> tuple[Pixels, ...]:
    """The bundled 20 s, ten pictures a second, in full size."""
    return _decoded(FOOTAGE)


def _decoded(path: Path) -> tuple[Pixels, ...]:
    with av.open(str(path)) as container:
        return tuple(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(video=0))
