"""The machine's clock on a box without a battery-backed one: it starts in the past and is set while we run."""

import time

import pytest

from presets_store.clock import ClockQuality, SystemClock

FLOOR = 1_800_000_000.0
BOOTED_AT = FLOOR - 40_000_000


class Machine:
    """Stands for `time.time` and `time.monotonic`."""

    def __init__(self, wall: float) -> None:
        self.wall = wall
        self.mono = 50.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(BOOTED_AT)
    monkeypatch.setattr(time, "time", lambda: machine.wall)
    monkeypatch.setattr(time, "monotonic", lambda: machine.mono)
    return machine


def test_before_the_floor_time_goes_on_from_the_floor(machine: Machine) -> None:
    clock = SystemClock(floor=FLOOR, known=True, trusted=True)
    machine.passes(10.0)
    assert clock.now() == FLOOR + 10.0
    assert clock.quality() is ClockQuality.FLOOR


def test_a_clock_that_is_set_while_we_run_is_believed(machine: Machine) -> None:
    clock = SystemClock(floor=FLOOR, known=True, trusted=True)
    machine.passes(10.0)
    machine.wall = FLOOR + 5_000_000
    assert clock.now() == FLOOR + 5_000_000
    machine.passes(2.0)
    assert clock.now() == FLOOR + 5_000_002
    assert clock.quality() is ClockQuality.SYNCHRONISED


def test_a_clock_that_is_set_back_does_not_go_below_the_floor(machine: Machine) -> None:
    machine.wall = FLOOR + 100.0
    clock = SystemClock(floor=FLOOR, trusted=True)
    assert clock.quality() is ClockQuality.SYNCHRONISED
    machine.passes(2.0)
    machine.wall = BOOTED_AT
    assert clock.now() >= FLOOR
    assert clock.quality() is ClockQuality.UNSET


def test_a_clock_once_synchronised_stays_so_without_its_time_source(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel gives up after some nine hours offline. Old signed requests must not be taken again for that."""
    synchronised = True
    monkeypatch.setattr("presets_store.clock.kernel_synchronised", lambda: synchronised)
    machine.wall = FLOOR + 100.0
    clock = SystemClock(floor=FLOOR)
    assert clock.quality() is ClockQuality.SYNCHRONISED
    synchronised = False
    machine.passes(40_000.0)
    assert clock.quality() is ClockQuality.SYNCHRONISED
    machine.wall = BOOTED_AT
    machine.passes(2.0)
    assert clock.quality() is ClockQuality.UNSET
