"""Sees that something moves, or that nothing does. Loads numpy and cv2."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.vision import Box, Sighting, Task
from hardware.vision.background import GAP_SECONDS, Background, cells_of
from hardware.vision.grey import Grey
from hardware.vision.structure import Cells, changed
from hardware.vision.zones import Part, Parts

_BLUNTEST, _SHARPEST = 45.0, 6.0
"""Steps of 255 by which a pixel must differ at sensitivity 0 and 1; in between by equal factors."""

_REACH, _MOST_BOXES = 2, 8
"""Cells that are nearer than twice this are one thing; more boxes than this nobody reads."""

_NEAR = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)

_OTHER = 0.4
"""Share of a thing's cells that must show something else; what shows less is light or shadow."""

_MUCH, _ANOTHER_SCENE = 0.1, 0.5
"""When so much of the picture moves, and so much of all that can be recognised is other, the camera moved."""

_MOST_OF_A_PART = 0.5
"""Of a zone that is smaller than twice the least area so much must move."""

_GLIMPSE_SECONDS = 0.3
"""What moves for a shorter time does not end a stillness."""

_SET = 255
_NS = 1_000_000_000


class Patience(NamedTuple):
    """What counts as motion.

    `area`: share of the picture that must move to begin; half of it goes on. `least`: seconds for which it must before
    it counts; `hold`: seconds without before it is over.
    """

    area: float
    least: float
    hold: float


class MotionState(NamedTuple):
    """Whether something moves.

    `since_ns`: since when it does, or looks as if; None: it does not. `last_ns`: when it moved last.
    """

    active: bool = False
    since_ns: int | None = None
    last_ns: int = 0


def judge(state: MotionState, share: float, mono_ns: int, patience: Patience) -> MotionState:
    """What a picture of that share at `mono_ns` makes of the state: with hysteresis, least and hold time."""
    if share >= patience.area * (0.5 if state.active else 1.0):
        since_ns = mono_ns if state.since_ns is None else state.since_ns
        active = state.active or mono_ns - since_ns >= patience.least * _NS
        return MotionState(active, since_ns, mono_ns)
    if state.active and mono_ns - state.last_ns < patience.hold * _NS:
        return state
    return MotionState(last_ns=state.last_ns)


class Seen(NamedTuple):
    """What moves in a part of the picture; its name is `zone`."""

    zone: str
    active: bool
    share: float
    boxes: tuple[Box, ...]


class Moving(NamedTuple):
    """What moves in a picture: 255 times the share of each cell, and around each thing a box, the largest first."""

    cells: Grey
    boxes: tuple[Box, ...]


class Detector:
    """Finds what moves, at one sensitivity (0..1)."""

    def __init__(self, sensitivity: float) -> None:
        self._threshold = _BLUNTEST * (_SHARPEST / _BLUNTEST) ** sensitivity
        self._background = Background()

    def find(self, picture: Grey, mono_ns: int, least: float) -> Moving | None:
        """What moves at `mono_ns`; None when it is less than `least`, a share of the picture, or not known."""
        difference = self._background.compare(picture, mono_ns, self._threshold, least)
        if difference is None:
            return None
        share = _share(difference.cells)
        if share == 0 or share < least:
            return None
        other, textured = changed(difference.picture, difference.scene)
        if share > _MUCH and np.count_nonzero(other) > _ANOTHER_SCENE * np.count_nonzero(textured):
            self._background.learn_anew()
            return None
        return things(difference.cells, other)


def things(cells: Grey, other: Cells) -> Moving:
    """What moves and shows something `other`: the rest is light and shadow."""
    moves = cells > 0
    count, labels, found, _ = cv2.connectedComponentsWithStats(cv2.dilate(moves.view(np.uint8), _NEAR))
    sizes = np.bincount(labels[moves], minlength=count)
    others = np.bincount(labels[moves & other], minlength=count)
    real = (others > 0) & (others >= _OTHER * sizes)
    largest = sorted(np.flatnonzero(real).tolist(), key=lambda label: -int(sizes[label]))[:_MOST_BOXES]
    kept = np.where(real[labels], cells, np.uint8(0))
    return Moving(kept, tuple(_box(found[label], cells) for label in largest))


def _box(found: NDArray[np.int32], cells: Grey) -> Box:
    """Around a thing whose cells were made to reach further, for its neighbours."""
    height, width = cells.shape
    left, top, across, down = (int(edge) for edge in found[:4])
    right, bottom = left + across, top + down
    left, top = (left and left + _REACH), (top and top + _REACH)
    right = right if right == width else right - _REACH
    bottom = bottom if bottom == height else bottom - _REACH
    return left / width, top / height, (right - left) / width, (bottom - top) / height


def _share(cells: Grey) -> float:
    return float(cells.sum()) / _SET / cells.size


def share_of(moving: Moving, part: Part) -> float:
    """The share of the picture that moves in a part of it."""
    return _share(moving.cells if part.mask is None else np.asarray(cv2.bitwise_and(moving.cells, part.mask), np.uint8))


def boxes_in(moving: Moving, part: Part) -> tuple[Box, ...]:
    """The boxes of what moves in a part of the picture."""
    mask = part.mask
    return moving.boxes if mask is None else tuple(box for box in moving.boxes if _cut(mask, box).any())


def _cut(mask: Grey, box: Box) -> Grey:
    height, width = mask.shape
    left, top, across, down = box
    return mask[
        round(top * height) : round((top + down) * height), round(left * width) : round((left + across) * width)
    ]


class Zoned:
    """Motion in each part of the picture that the zones of a task make."""

    def __init__(self, task: Task, patience: Patience) -> None:
        self._patience = patience
        self._detector = Detector(task.number("sensitivity"))
        self._parts = Parts(task.zones)
        self._states: dict[str, MotionState] = {}

    def look(self, picture: Grey, mono_ns: int) -> Iterator[Seen]:
        """What moves in each part."""
        parts = [part for part in self._parts.of(*cells_of(picture)) if part.share]
        needs = [min(self._patience.area, part.share * _MOST_OF_A_PART) for part in parts]
        moving = self._detector.find(picture, mono_ns, min(needs, default=1.0) / 2)
        for part, area in zip(parts, needs, strict=True):
            share = share_of(moving, part) if moving else 0.0
            known = self._states.get(part.name, MotionState())
            state = judge(known, share, mono_ns, self._patience._replace(area=area))
            self._states[part.name] = state
            yield Seen(part.name, state.active, share, boxes_in(moving, part) if moving and state.active else ())


class Motion:
    """The analyser `motion`: `value` is the share of the picture that moves in the zone."""

    def __init__(self, task: Task) -> None:
        least, hold = task.number("minimum_seconds"), task.number("hold_seconds")
        self._zoned = Zoned(task, Patience(task.number("minimum_area"), least, hold))

    def look(self, picture: Grey, mono_ns: int) -> Sequence[Sighting]:
        """See `Analyser`."""
        return [
            Sighting("motion", seen.active, seen.share, seen.boxes, zone=seen.zone)
            for seen in self._zoned.look(picture, mono_ns)
        ]


class NoMotion:
    """The analyser `no_motion`: there is none for `seconds`. `value` is for how many seconds there was none."""

    def __init__(self, task: Task) -> None:
        self._seconds = task.number("seconds")
        self._zoned = Zoned(task, Patience(task.number("minimum_area"), _GLIMPSE_SECONDS, 0.0))
        self._still_ns: dict[str, int] = {}
        self._newest_ns: int | None = None

    def look(self, picture: Grey, mono_ns: int) -> Sequence[Sighting]:
        """See `Analyser`."""
        if self._newest_ns is None or mono_ns - self._newest_ns > GAP_SECONDS * _NS:
            self._still_ns = {}  # what was not seen may have moved
        self._newest_ns = mono_ns
        return [self._see(seen, mono_ns) for seen in self._zoned.look(picture, mono_ns)]

    def _see(self, seen: Seen, mono_ns: int) -> Sighting:
        since_ns = mono_ns if seen.active else self._still_ns.get(seen.zone, mono_ns)
        self._still_ns[seen.zone] = since_ns
        still = (mono_ns - since_ns) / _NS
        return Sighting("no_motion", not seen.active and still >= self._seconds, still, zone=seen.zone)
