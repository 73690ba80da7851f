"""Sees people cross a line, and from which side. Loads numpy and cv2."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hardware.models import Zone
from hardware.vision import Sighting, Task
from hardware.vision.detectors import create_detector
from hardware.vision.grey import Pixels
from hardware.vision.tracking import Follower, Person

_NEAR = 0.15
"""Share of a person's height: nearer to the line than this they are on neither side, as steps swing."""

Point = tuple[float, float]
"""(x, y) as shares of the picture."""


class Line(NamedTuple):
    """From `start` to `end`. Side a is where (x2-x1)*(y-y1) - (y2-y1)*(x-x1) > 0, with y downwards."""

    start: Point
    end: Point

    def height_over(self, point: Point, aspect: float) -> float:
        """The distance from the line, positive on side a, in heights of a picture of so many heights in width."""
        along_x, along_y = (self.end[0] - self.start[0]) * aspect, self.end[1] - self.start[1]
        to_x, to_y = (point[0] - self.start[0]) * aspect, point[1] - self.start[1]
        length: float = (along_x**2 + along_y**2) ** 0.5
        return (along_x * to_y - along_y * to_x) / length if length else 0.0

    def is_met(self, before: Point, after: Point) -> bool:
        """Whether the way between points on both sides of it goes through the line, and not past one of its ends."""
        one, other = self.height_over(before, 1.0), self.height_over(after, 1.0)
        share = one / (one - other)
        met = (before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1]))
        along = (self.end[0] - self.start[0], self.end[1] - self.start[1])
        reach = (met[0] - self.start[0]) * along[0] + (met[1] - self.start[1]) * along[1]
        return 0 <= reach <= along[0] ** 2 + along[1] ** 2


class _Crossing(NamedTuple):
    person: Person
    direction: str


class Crossings:
    """Who crosses one line, told once per crossing."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._last: dict[int, Point] = {}

    def take(self, people: Sequence[Person], aspect: float) -> Iterator[_Crossing]:
        """Who has crossed it since the last look; `aspect`: width of the picture by its height."""
        present = {person.number for person in people}
        self._last = {number: foot for number, foot in self._last.items() if number in present}
        for person in people:
            over = self._line.height_over(person.foot, aspect)
            if abs(over) < _NEAR * person.box[3]:
                continue
            before = self._last.get(person.number)
            self._last[person.number] = person.foot
            if before is None or (self._line.height_over(before, aspect) > 0) == (over > 0):
                continue
            if self._line.is_met(before, person.foot):
                yield _Crossing(person, "b_to_a" if over > 0 else "a_to_b")


class LineCrossing:
    """The analyser `line_crossing`. Each crossing is told by itself; `value` is 1, the box is the person's."""

    def __init__(self, task: Task) -> None:
        self._follower = Follower(create_detector(str(task.options["detector"]), task.model_files))
        self._direction = task.options["direction"]
        self._lines = [(zone, Crossings(_line(zone))) for zone in task.zones if zone.kind == "line"]

    def look(self, picture: Pixels, mono_ns: int) -> Sequence[Sighting]:
        """See `Analyser`."""
        people = self._follower.look(picture, mono_ns)
        aspect = picture.shape[1] / picture.shape[0]
        return [
            _sighting(zone, crossing)
            for zone, crossings in self._lines
            for crossing in crossings.take(people, aspect)
            if self._direction in ("any", crossing.direction)
        ]


def _sighting(zone: Zone, crossing: _Crossing) -> Sighting:
    person = crossing.person
    attributes = {"direction": crossing.direction, "line": zone.name}
    return Sighting("line_crossing", True, 1.0, (person.seen,), zone.name, (person.score,), attributes, instant=True)


def _line(zone: Zone) -> Line:
    start, end = zone.points
    return Line(start, end)
