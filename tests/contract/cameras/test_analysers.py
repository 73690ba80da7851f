"""What the watcher may rely on of every analyser in ANALYSERS, whatever pictures come."""

from collections.abc import Sequence

import numpy as np
import pytest

from hardware.models import WatchOrder, Zone, ZoneKind
from hardware.vision import ANALYSERS, Sighting, order_problem, task_of
from hardware.vision.grey import Pixels

NS = 1_000_000_000
SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
SHAPES = {"include": SQUARE, "area": SQUARE, "exclude": SQUARE[:3], "line": SQUARE[:2]}
_MASKS: tuple[ZoneKind, ...] = ("include", "exclude")
THINNEST = ((0.5, 0.5), (0.500001, 0.5), (0.5, 0.500001))


def zones_of(name: str, *, thin: bool = False) -> tuple[Zone, ...]:
    """One of each kind that the analyser takes."""
    return tuple(
        Zone(name=kind, kind=kind, points=THINNEST if thin and kind != "line" else SHAPES[kind])
        for kind in ANALYSERS[name].zones
    )


class Looking:
    """Gives an analyser pictures, and holds what it says to what is promised."""

    def __init__(self, name: str, zones: tuple[Zone, ...]) -> None:
        order = WatchOrder(sink_id="watch", analyser=name, zones=zones)
        assert not order_problem(order)
        self.entry = ANALYSERS[name]
        self.analyser = self.entry.create(task_of(order))
        self.at_ns = 10**12

    def look(self, grey: Pixels, seconds: float = 0.2) -> Sequence[Sighting]:
        self.at_ns += round(seconds * NS)
        picture = np.repeat(grey[:, :, None], 3, axis=2) if self.entry.colour else grey
        before = picture.copy()
        sightings = self.analyser.look(picture, self.at_ns)
        assert (picture == before).all(), "a picture is nobody's to change"
        for seen in sightings:
            assert np.isfinite(seen.value)
            assert len(seen.scores) in {0, len(seen.boxes)}
            for left, top, width, height in seen.boxes:
                assert 0 <= left <= left + width <= 1 + 1e-9
                assert 0 <= top <= top + height <= 1 + 1e-9
        return sightings


def noise(width: int, height: int, seed: int = 1) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


def plain(width: int = 160, height: int = 120, light: int = 100) -> Pixels:
    return np.full((height, width), light, np.uint8)


@pytest.fixture(name="looking", params=sorted(ANALYSERS))
def _looking(request: pytest.FixtureRequest) -> Looking:
    return Looking(request.param, zones_of(request.param))


def test_a_still_scene_says_the_same_all_the_time(looking: Looking) -> None:
    told = {tuple((seen.kind, seen.zone, seen.active) for seen in looking.look(plain())) for _ in range(20)}
    assert len(told) == 1


@pytest.mark.parametrize("light", [0, 255])
def test_black_and_white_are_pictures_too(looking: Looking, light: int) -> None:
    for number in range(8):
        looking.look(plain(light=light if number % 4 else 100), seconds=1.0)


def test_noise_is_a_picture_too(looking: Looking) -> None:
    for number in range(6):
        looking.look(noise(160, 120, number))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (16, 9), (1, 400), (400, 1), (1921, 1081)])
def test_pictures_of_any_size_are_taken(looking: Looking, width: int, height: int) -> None:
    for number in range(2 if width > 1000 else 9):
        looking.look(noise(width, height, number), seconds=1.0)


def test_the_size_may_change_at_any_time(looking: Looking) -> None:
    for number, (width, height) in enumerate([(160, 120), (320, 180), (2, 2), (160, 120), (120, 160)] * 2):
        looking.look(noise(width, height, number))


def test_time_may_stand_still_and_have_gaps(looking: Looking) -> None:
    for number, seconds in enumerate((0.2, 0.0, 0.2, 3600.0, 0.2, 0.0, 1e6, 0.2)):
        looking.look(noise(160, 120, number), seconds)


@pytest.mark.parametrize("name", sorted(ANALYSERS))
def test_a_zone_of_no_width_does_no_harm(name: str) -> None:
    looking = Looking(name, zones_of(name, thin=True))
    for number in range(9):
        looking.look(noise(160, 120, number), seconds=1.0)


@pytest.mark.parametrize("name", ["motion", "no_motion"])
def test_a_zone_of_which_nothing_is_left_is_silent(name: str) -> None:
    zones = tuple(Zone(name=kind, kind=kind, points=SQUARE) for kind in _MASKS)
    looking = Looking(name, zones)
    assert not any(looking.look(noise(160, 120, number)) for number in range(9))


@pytest.mark.parametrize("name", sorted(ANALYSERS))
def test_its_own_defaults_fit(name: str) -> None:
    for option in ANALYSERS[name].options.values():
        assert not option.problem(option.default)
