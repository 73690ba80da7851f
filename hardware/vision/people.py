"""Counts the people in an area. Loads numpy and cv2."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from statistics import median_low
from typing import Generic, TypeVar

from hardware.vision import Sighting, Task
from hardware.vision.detectors import create_detector
from hardware.vision.grey import Pixels
from hardware.vision.tracking import Follower, Person
from hardware.vision.zones import Part, Parts

_NS = 1_000_000_000

_FLICKER_NS = _NS // 2
"""The number of people is the middle one of those within this time: somebody missed for a moment does not matter."""

_GAP_NS = 2 * _NS
"""What was before a pause without pictures says nothing about how long something lasts."""

_Value = TypeVar("_Value")


class Settling(Generic[_Value]):
    """A value that follows what is seen when that has been the same for `hold_ns`."""

    def __init__(self, hold_ns: int, value: _Value) -> None:
        self.value = value
        self._hold_ns = hold_ns
        self._seen = value
        self._since_ns = 0
        self._newest_ns = 0

    def take(self, seen: _Value, mono_ns: int) -> bool:
        """Whether the value changed by what is seen at `mono_ns`."""
        if seen != self._seen or mono_ns - self._newest_ns > _GAP_NS:
            self._seen, self._since_ns = seen, mono_ns
        self._newest_ns = mono_ns
        if seen == self.value or mono_ns - self._since_ns < self._hold_ns:
            return False
        self.value = seen
        return True


class Counts:
    """The number of people in one area, without flicker."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque()

    def take(self, count: int, mono_ns: int) -> int:
        """The number at `mono_ns`, when `count` are seen."""
        self._counts.append((mono_ns, count))
        while mono_ns - self._counts[0][0] > _FLICKER_NS:
            self._counts.popleft()
        return median_low(number for _, number in self._counts)


class _Limit:
    """More people than so many, or fewer."""

    def __init__(self, more: bool, limit: int, hold_ns: int) -> None:
        self._more, self._limit = more, limit
        self._met = Settling(hold_ns, False)

    def take(self, count: int, mono_ns: int) -> Sighting:
        self._met.take(count > self._limit if self._more else count < self._limit, mono_ns)
        return Sighting("person_counting", self._met.value, count, attributes={"count": count})


class _Change:
    """Another number of people than before. What was there at first is no change."""

    def __init__(self, hold_ns: int) -> None:
        self._settled: Settling[int | None] = Settling(hold_ns, None)

    def take(self, count: int, mono_ns: int) -> Sighting | None:
        before = self._settled.value
        if not self._settled.take(count, mono_ns) or before is None:
            return None
        attributes = {"count": count, "previous": before}
        return Sighting("person_counting", True, count, attributes=attributes, instant=True)


class PersonCounting:
    """The analyser `person_counting`. `value` is the number of people in the area; boxes and scores are theirs."""

    def __init__(self, task: Task) -> None:
        self._follower = Follower(create_detector(str(task.options["detector"]), task.model_files))
        self._parts = Parts(task.zones)
        self._task = task
        self._areas: dict[str, tuple[Counts, _Limit | _Change]] = {}

    def look(self, picture: Pixels, mono_ns: int) -> Sequence[Sighting]:
        """See `Analyser`."""
        people = self._follower.look(picture, mono_ns)
        height, width = picture.shape[:2]
        seen = [self._in(part, people, mono_ns) for part in self._parts.of(width, height)]
        return [sighting for sighting in seen if sighting is not None]

    def _in(self, part: Part, people: Sequence[Person], mono_ns: int) -> Sighting | None:
        there = [person for person in people if stands_in(part, person)]
        counts, rule = self._areas.setdefault(part.name, (Counts(), self._rule()))
        sighting = rule.take(counts.take(len(there), mono_ns), mono_ns)
        if sighting is None:
            return None
        told = there if sighting.active else []
        boxes, scores = tuple(person.seen for person in told), tuple(person.score for person in told)
        return replace(sighting, zone=part.name, boxes=boxes, scores=scores)

    def _rule(self) -> _Limit | _Change:
        hold_ns = round(self._task.number("hold_seconds") * _NS)
        if self._task.options["rule"] == "changed":
            return _Change(hold_ns)
        return _Limit(self._task.options["rule"] == "more_than", int(self._task.number("count")), hold_ns)


def stands_in(part: Part, person: Person) -> bool:
    """Whether the person's feet are in the part; a foot below the picture's edge is on the edge."""
    if part.mask is None:
        return True
    height, width = part.mask.shape
    x, y = person.foot
    column, row = min(max(int(x * width), 0), width - 1), min(max(int(y * height), 0), height - 1)
    return bool(part.mask[row, column])
