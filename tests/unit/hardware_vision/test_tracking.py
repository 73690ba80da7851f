"""People are followed between detections, and forgotten when they are gone."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from hardware.vision import Box
from hardware.vision.detectors import Detection
from hardware.vision.grey import Grey, Pixels
from hardware.vision.tracking import Follower, Person, Tracker

NS = 1_000_000_000
RNG = np.random.default_rng(5)
STREET = np.asarray(cv2.GaussianBlur(RNG.integers(90, 150, (240, 384), np.uint8), (5, 5), 0), np.uint8)
COAT = cv2.GaussianBlur(RNG.integers(0, 256, (60, 24), np.uint8), (3, 3), 0)


def street(*lefts: int, top: int = 100) -> Grey:
    """The street with people 24 pixels wide whose left edges are there."""
    picture = STREET.copy()
    for left in lefts:
        picture[top : top + 60, left : left + 24] = COAT
    return picture


def box(left: float, top: float = 100) -> Box:
    return (left / 384, top / 240, 24 / 384, 60 / 240)


def seen(*lefts: float, score: float = 0.9) -> list[Detection]:
    return [Detection(box(left), score) for left in lefts]


def lefts(tracker: Tracker) -> list[int]:
    return sorted(round(person.box[0] * 384) for person in tracker.people)


def test_people_are_followed_without_being_detected() -> None:
    tracker = Tracker(1)
    tracker.follow(street(50, 250))
    tracker.detected(seen(50, 250))
    for step in range(1, 11):
        tracker.follow(street(50 + 4 * step, 250 - 3 * step))
    found = lefts(tracker)
    assert abs(found[0] - 90) <= 3
    assert abs(found[1] - 220) <= 3


def test_somebody_keeps_their_number_while_they_walk() -> None:
    tracker = Tracker(1)
    numbers = set()
    for step in range(30):
        tracker.follow(street(50 + 4 * step))
        if step % 5 == 0:
            tracker.detected(seen(50 + 4 * step))
        numbers |= {person.number for person in tracker.people}
    assert len(numbers) == 1


def test_a_flicker_of_the_detector_is_nobody_and_twice_is_somebody() -> None:
    tracker = Tracker(3)
    tracker.follow(street(100))
    tracker.detected(seen(100, score=0.55))
    assert lefts(tracker) == []
    tracker.detected([])
    tracker.detected(seen(100, score=0.55))
    assert lefts(tracker) == []
    tracker.detected(seen(100, score=0.55))
    assert lefts(tracker) == [100]


def test_a_faint_detection_keeps_somebody_but_makes_nobody() -> None:
    tracker = Tracker(0)
    tracker.follow(street(100))
    tracker.detected(seen(100))
    for _ in range(5):
        tracker.detected(seen(101, 200, score=0.3))
    assert len(lefts(tracker)) == 1


def test_somebody_may_be_missed_so_often_and_no_more() -> None:
    for misses in (0, 1, 3):
        tracker = Tracker(misses)
        tracker.follow(street(100))
        tracker.detected(seen(100))
        for _ in range(misses):
            tracker.detected([])
            assert lefts(tracker) == [100]
        tracker.detected([])
        assert lefts(tracker) == []


def test_who_is_lost_at_the_edge_has_left() -> None:
    tracker = Tracker(3)
    tracker.follow(street(0, 100))
    tracker.detected(seen(0, 100))
    tracker.detected([])
    assert lefts(tracker) == [100]


def test_two_who_stand_together_are_two_as_long_as_both_are_found() -> None:
    tracker = Tracker(3)
    tracker.follow(street(100, 106))
    for _ in range(3):
        tracker.detected(seen(100, 106))
        assert len(lefts(tracker)) == 2
    tracker.detected(seen(103))
    assert len(lefts(tracker)) == 1


def test_the_box_that_is_told_is_in_the_picture() -> None:
    person = Person(1, (-0.1, 0.9, 0.3, 0.3), 0.9, True)
    assert person.seen == pytest.approx((0, 0.9, 0.2, 0.1))
    assert person.foot == pytest.approx((0.05, 1.2))


class Scripted:
    """A detector that finds what `where` says, and counts how often it is asked."""

    every_seconds = 0.5
    misses = 1

    def __init__(self, where: Callable[[int], Sequence[Detection]]) -> None:
        self.asked = 0
        self._where = where

    def find(self, picture: Pixels) -> list[Detection]:
        self.asked += 1
        return list(self._where(self.asked))


def colours(grey: Grey) -> Pixels:
    return np.repeat(grey[:, :, None], 3, axis=2)


def test_the_detector_is_asked_as_often_as_it_is_worth() -> None:
    detector = Scripted(lambda _: seen(100))
    follower = Follower(detector)
    for number in range(31):
        assert len(follower.look(colours(street(100)), NS + number * NS // 10)) == 1
    assert detector.asked == 7


def test_nobody_is_remembered_over_a_pause() -> None:
    detector = Scripted(lambda asked: seen(100) if asked == 1 else [])
    follower = Follower(detector)
    assert len(follower.look(colours(street(100)), NS)) == 1
    assert follower.look(colours(street(100)), 4 * NS) == []


def test_pictures_may_change_their_size() -> None:
    follower = Follower(Scripted(lambda _: seen(100)))
    follower.look(colours(street(100)), NS)
    larger = cv2.resize(street(100), (300, 200))
    assert len(follower.look(colours(np.asarray(larger, np.uint8)), NS + NS // 10)) == 1
