"""A driver that hangs when its node is looked at keeps nobody from the other cameras, and is told."""

import threading
import time
from collections.abc import Iterator

import pytest
from fakes.v4l2 import FakeCamera, FakeSystem
from fakes.v4l2_controls import uvc_controls

from hardware.v4l2.finding import found_by
from hardware.v4l2.looking import Looker

STUCK, WELL = "/dev/video0", "/dev/video2"
PATIENCE = 0.1


class HangingSystem(FakeSystem):
    """Opening STUCK returns when `released` is set; the first `opens_at_once` times at once."""

    def __init__(self, opens_at_once: int = 0) -> None:
        super().__init__({STUCK: FakeCamera(name="stuck"), WELL: FakeCamera(name="well", controls=uvc_controls())})
        self.returns = threading.Event()
        self.opened: list[str] = []
        self._opens_at_once = opens_at_once

    def open(self, path: str) -> int:
        self.opened.append(path)
        if path == STUCK and self.opened.count(STUCK) > self._opens_at_once:
            self.returns.wait(10.0)
        return super().open(path)


@pytest.fixture
def system() -> Iterator[HangingSystem]:
    hanging = HangingSystem()
    yield hanging
    hanging.returns.set()


def test_a_driver_that_hangs_is_passed_over_and_told(system: HangingSystem) -> None:
    looker = Looker(system, PATIENCE)
    found = looker.survey()
    assert [node.name for node in found.cameras] == ["well"]
    assert [str(failure) for failure in found.failures] == list(looker.complaints)
    assert looker.complaints == ("camera '/dev/video0' is not available: its driver does not answer",)


def test_it_is_not_asked_again_while_it_hangs_and_is_there_when_that_is_over(system: HangingSystem) -> None:
    looker = Looker(system, PATIENCE)
    looker.survey()
    began = time.monotonic()
    for _ in range(20):
        assert [node.name for node in looker.survey().cameras] == ["well"]
    assert time.monotonic() - began < 20 * PATIENCE / 2
    assert system.opened.count(STUCK) == 1
    system.returns.set()
    while looker.complaints:
        time.sleep(0.01)
    assert [node.name for node in looker.survey().cameras] == ["stuck", "well"]
    assert system.released()


def test_what_a_question_raises_is_raised_where_it_was_asked(system: HangingSystem) -> None:
    def ask() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Looker(system, PATIENCE).ask(WELL, ask)


@pytest.mark.parametrize("opens_at_once", [0, 1], ids=["looked at", "its controls are read"])
def test_the_list_of_cameras_names_it(opens_at_once: int) -> None:
    system = HangingSystem(opens_at_once)
    found = found_by(system, PATIENCE)
    system.returns.set()
    assert [camera.name for camera in found.cameras] == ["well"]
    assert found.failures == ("camera '/dev/video0' is not available: its driver does not answer",)
