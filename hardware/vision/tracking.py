"""Follows people from one detection to the next. Loads numpy and cv2.

Between two detections, which are dear, each person's box moves with the pixels in its middle, which is cheap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.vision import Box
from hardware.vision.detectors import Detection, Detector
from hardware.vision.grey import Grey, Pixels

_NS = 1_000_000_000
_GAP_SECONDS = 2.0
"""After so long without a picture nobody is known any more."""

_FLOW_WIDTH = 384
"""Pixels in width of the picture in which pixels are followed."""

_ACROSS, _DOWN = (0.35, 0.5, 0.65), (0.18, 0.28, 0.38, 0.48, 0.58)
"""Where in a box pixels are followed: in a person's trunk, which swings least."""

_WINDOW, _LEVELS = (11, 11), 2
_LEAST_FOLLOWED = 4
"""Fewer pixels than this say nothing about where the person went."""

_BEGINS = 0.5
"""Score from which on a detection may be somebody new."""

_SURE = 0.7
"""Score with which somebody new is believed at once; others when they are found again."""

_OVERLAP, _ASIDE, _ABOVE = 0.2, 0.8, 0.4
"""A detection is somebody known when the boxes share so much, or are closer than these shares of width and height."""

_FOLLOW = 0.7
"""How far a box goes to what was detected; the rest stays, because detected boxes jump."""

_EDGE = 0.01
"""Share of the picture: who was lost so close to its edge has left."""

_DOUBLE = 0.35
"""Who was lost and shares so much with somebody who was found is the same person once more."""


@dataclass(slots=True)
class Person:
    """Somebody who is followed. `believed`: not a mere flicker of the detector. `missed`: detections without them."""

    number: int
    box: Box
    score: float
    believed: bool
    missed: int = 0

    @property
    def foot(self) -> tuple[float, float]:
        """Where they stand: (x, y) as shares of the picture."""
        left, top, width, height = self.box
        return left + width / 2, top + height

    @property
    def seen(self) -> Box:
        """The part of the box that is in the picture."""
        left, top, width, height = self.box
        left, right = min(max(left, 0.0), 1.0), min(max(left + width, 0.0), 1.0)
        top, bottom = min(max(top, 0.0), 1.0), min(max(top + height, 0.0), 1.0)
        return left, top, right - left, bottom - top


class Tracker:
    """The people in the pictures so far. So many detections in a row may miss somebody: `misses`."""

    def __init__(self, misses: int) -> None:
        self._misses = misses
        self._people: list[Person] = []
        self._grey: Grey | None = None
        self._numbers = 0

    @property
    def people(self) -> list[Person]:
        """Those who are believed to be there."""
        return [person for person in self._people if person.believed]

    def forget(self) -> None:
        """Nobody is known."""
        self._people.clear()
        self._grey = None

    def follow(self, grey: Grey) -> None:
        """Moves everybody to where they are in this picture (height, width), which follows the one before."""
        before, self._grey = self._grey, grey
        if before is None or before.shape != grey.shape or not self._people:
            return
        size = np.array((grey.shape[1], grey.shape[0]))
        points = np.concatenate([_points(person.box) for person in self._people]) * size
        start = points.astype(np.float32).reshape(-1, 1, 2)
        moved, found, _ = cv2.calcOpticalFlowPyrLK(before, grey, start, start.copy(), winSize=_WINDOW, maxLevel=_LEVELS)
        shifts = ((moved.reshape(-1, 2) - points) / size).reshape(len(self._people), -1, 2)
        followed = found.reshape(len(self._people), -1).astype(bool)
        for person, shift, right in zip(self._people, shifts, followed, strict=True):
            if right.sum() >= _LEAST_FOLLOWED:
                across, down = np.median(shift[right], axis=0)
                person.box = (person.box[0] + float(across), person.box[1] + float(down), *person.box[2:])
        self._people = [person for person in self._people if _inside(person)]

    def detected(self, detections: Sequence[Detection]) -> None:
        """Takes in what a detector found in the picture that was followed last."""
        new = set(range(len(detections)))
        unseen = set(range(len(self._people)))
        for _, known, index in self._pairs(detections):
            if known in unseen and index in new:
                unseen.discard(known)
                new.discard(index)
                _found(self._people[known], detections[index])
        for known in unseen:
            self._people[known].missed += 1
        self._people = self._staying()
        self._people += [self._person(detections[index]) for index in sorted(new) if detections[index].score >= _BEGINS]

    def _pairs(self, detections: Sequence[Detection]) -> list[tuple[float, int, int]]:
        """(how near, person, detection) of those who may be the same, the nearest first."""
        pairs = [
            (_nearness(person.box, detection.box), known, index)
            for known, person in enumerate(self._people)
            for index, detection in enumerate(detections)
        ]
        return sorted((pair for pair in pairs if pair[0] > 0), reverse=True)

    def _staying(self) -> list[Person]:
        """Those who were found, and those whom the detector may have missed."""
        staying: list[Person] = []
        for person in sorted(self._people, key=lambda person: person.missed):
            double = any(_shared(person.box, other.box) > _DOUBLE for other in staying)
            allowed = self._misses if person.believed else 0
            if not person.missed or (person.missed <= allowed and not double and not _at_edge(person.box)):
                staying.append(person)
        return staying

    def _person(self, detection: Detection) -> Person:
        self._numbers += 1
        return Person(self._numbers, detection.box, detection.score, detection.score >= _SURE)


class Follower:
    """Who is in the pictures: a detector as often as it is worth, and following in between."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._tracker = Tracker(detector.misses)
        self._newest_ns = 0
        self._detected_ns: int | None = None

    def look(self, picture: Pixels, mono_ns: int) -> list[Person]:
        """The people in the picture (height, width, 3) of `mono_ns`."""
        if mono_ns - self._newest_ns > _GAP_SECONDS * _NS:
            self._tracker.forget()
            self._detected_ns = None
        self._newest_ns = mono_ns
        self._tracker.follow(_small(picture))
        if self._detected_ns is None or mono_ns - self._detected_ns >= self._detector.every_seconds * _NS:
            self._detected_ns = mono_ns
            self._tracker.detected(self._detector.find(picture))
        return self._tracker.people


def _small(picture: Pixels) -> Grey:
    width = min(_FLOW_WIDTH, picture.shape[1])
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def _points(box: Box) -> NDArray[np.float64]:
    left, top, width, height = box
    return np.array([(left + x * width, top + y * height) for y in _DOWN for x in _ACROSS])


def _inside(person: Person) -> bool:
    """Whether the middle of the box is in the picture."""
    left, top, width, height = person.box
    return -_EDGE <= left + width / 2 <= 1 + _EDGE and -_EDGE <= top + height / 2 <= 1 + _EDGE


def _found(person: Person, detection: Detection) -> None:
    box = [_FOLLOW * new + (1 - _FOLLOW) * old for new, old in zip(detection.box, person.box, strict=True)]
    person.box = (box[0], box[1], box[2], box[3])
    person.score = detection.score
    person.believed = person.believed or detection.score >= _BEGINS
    person.missed = 0


def _at_edge(box: Box) -> bool:
    left, top, width, height = box
    return left < _EDGE or left + width > 1 - _EDGE or top + height > 1 - _EDGE


def _shared(one: Box, other: Box) -> float:
    """The part that both boxes share of what they cover together."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / (one[2] * one[3] + other[2] * other[3] - across * down)


def _nearness(one: Box, other: Box) -> float:
    """How likely both are the same person: 1..2 by what the boxes share, below 1 by their distance; 0 when not."""
    shared = _shared(one, other)
    if shared >= _OVERLAP:
        return 1 + shared
    aside = abs((one[0] + one[2] / 2) - (other[0] + other[2] / 2)) / max(one[2], other[2])
    above = abs((one[1] + one[3] / 2) - (other[1] + other[3] / 2)) / max(one[3], other[3])
    return max(0.0, 1 - max(aside / _ASIDE, above / _ABOVE))
