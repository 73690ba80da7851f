"""What is taken for tampering with a camera, on the bundled street, and what is not."""

from collections.abc import Callable
from functools import cache

import av
import cv2
import numpy as np
import pytest

from hardware.models import OptionValue, WatchOrder
from hardware.sources.file import FOOTAGE
from hardware.vision import ANALYSERS, task_of
from hardware.vision.grey import Grey, grey_picture

NS = 1_000_000_000
Change = Callable[[Grey], Grey]


@cache
def street() -> tuple[Grey, ...]:
    with av.open(str(FOOTAGE)) as container:
        return tuple(grey_picture(frame, 320) for frame in container.decode(video=0))


def causes(before: int, during: int, after: int, change: Change, **options: OptionValue) -> list[str]:
    """What is told of each second: the street, the street `change`d, the street."""
    order = WatchOrder(sink_id="watch", analyser="tamper", options=options)
    tamper = ANALYSERS["tamper"].create(task_of(order))
    told = []
    for number in range(before + during + after):
        picture = street()[number * 10 % len(street())]
        (seen,) = tamper.look(change(picture) if before <= number < before + during else picture, (1000 + number) * NS)
        assert seen.active == bool(seen.attributes)
        told.append(str(seen.attributes.get("cause", "")))
    return told


def turned(picture: Grey) -> Grey:
    return np.roll(picture, (20, 70), axis=(0, 1))


CHANGES: dict[str, tuple[str, Change]] = {
    "black": ("covered", lambda picture: np.zeros_like(picture)),
    "a hand": ("covered", lambda picture: np.full_like(picture, 70)),
    "a bag": ("covered", lambda picture: (picture // 12 + 120).astype(np.uint8)[::-1].copy()),
    "a little out of focus": ("defocused", lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)),
    "far out of focus": ("defocused", lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), 6), np.uint8)),
    "turned": ("moved", turned),
    "tilted": ("moved", lambda picture: np.roll(picture, -60, axis=0)),
    "upside down": ("moved", lambda picture: picture[::-1].copy()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_it_is_told_after_three_seconds_and_until_it_is_over(name: str) -> None:
    cause, change = CHANGES[name]
    told = causes(20, 20, 10, change)
    assert told == [""] * 23 + [cause] * 20 + [""] * 7


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: (picture * 0.3).astype(np.uint8),
        lambda picture: np.clip(picture * 1.7, 0, 255).astype(np.uint8),
        lambda picture: (picture * np.linspace(0.4, 1, 320)).astype(np.uint8),
        lambda picture: np.roll(picture, 2, axis=1),
    ],
    ids=["dark", "bright", "lamp", "shaken"],
)
def test_another_light_is_no_tampering(change: Change) -> None:
    assert set(causes(20, 20, 10, change)) == {""}


def test_only_what_is_asked_for_is_told() -> None:
    assert set(causes(20, 20, 10, turned, moved=False)) == {""}
    assert "covered" in causes(20, 20, 10, CHANGES["black"][1], moved=False, defocused=False)


def test_something_short_is_no_tampering() -> None:
    assert set(causes(20, 3, 10, CHANGES["a hand"][1])) == {""}
    assert "covered" in causes(20, 3, 10, CHANGES["a hand"][1], minimum_seconds=1.0)


def test_what_stays_for_ten_minutes_is_the_scene() -> None:
    told = causes(20, 700, 20, turned)
    assert told.count("moved") == pytest.approx(600, abs=25)
    assert told[700] == ""
    assert told[-1] == "moved", "turned back it is another scene again"


def test_a_scene_without_anything_in_it_cannot_be_tampered_with() -> None:
    tamper = ANALYSERS["tamper"].create(task_of(WatchOrder(sink_id="watch", analyser="tamper")))
    for number in range(40):
        (seen,) = tamper.look(np.full((180, 320), 100 if number < 20 else 10, np.uint8), (1000 + number) * NS)
        assert not seen.active
