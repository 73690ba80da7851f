"""The machine's clock on a box without a battery-backed one: it starts in the past and is set while we run."""

import time
from pathlib import Path

import pytest
from fakes.clock import ManualClock

from presets_store.clock import ClockQuality, HearsDates, SystemClock, kernel_synchronised, offset_of

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


@pytest.mark.parametrize("told", [True, False])
def test_where_the_kernel_may_not_be_asked_a_file_tells(
    told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sandboxed:
        """What a system-call filter makes of the question."""

        def adjtimex(self, _timex: object) -> int:
            return -1

    files = (tmp_path / "of-a-service-that-is-not-here", tmp_path / "synchronised")
    monkeypatch.setattr("presets_store.clock._LIBC", Sandboxed())
    monkeypatch.setattr("presets_store.clock.SYNCHRONISED", files)
    if told:
        files[1].touch()
    assert kernel_synchronised() is told


class TestServerDates:
    """A box without a battery-backed clock, and without a time source of its own; it hears what a server says."""

    @pytest.fixture(autouse=True)
    def kernel(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
        state = {"synchronised": False}
        monkeypatch.setattr("presets_store.clock.kernel_synchronised", lambda: state["synchronised"])
        return state

    def test_a_date_gives_the_time_which_then_goes_on_by_itself(self, machine: Machine) -> None:
        clock = SystemClock(floor=FLOOR, known=True)
        heard: list[float] = []
        clock.stepped = lambda: heard.append(clock.now())
        assert isinstance(clock, HearsDates)
        clock.heard(FLOOR + 5_000_000, 0.2)
        assert heard == [pytest.approx(FLOOR + 5_000_000, abs=1.2)]
        assert clock.quality() is ClockQuality.UPSTREAM
        assert 0.5 < clock.error < 0.7
        before = clock.now()
        machine.passes(100.0)
        assert clock.now() == pytest.approx(before + 100)
        machine.wall += 9_999_999  # somebody sets it by hand
        assert clock.now() == pytest.approx(before + 100)
        assert clock.offset() == pytest.approx(clock.now() - machine.mono)

    def test_the_kernel_takes_over_when_it_is_synchronised(self, machine: Machine, kernel: dict[str, bool]) -> None:
        clock = SystemClock(floor=FLOOR)
        clock.heard(FLOOR + 5_000_000, 0.2)
        machine.wall = FLOOR + 5_000_060
        kernel["synchronised"] = True
        machine.passes(2.0)
        assert clock.quality() is ClockQuality.SYNCHRONISED
        assert clock.now() == FLOOR + 5_000_062
        assert clock.error == 0.0

    def test_a_synchronised_clock_hears_nothing(self, machine: Machine, kernel: dict[str, bool]) -> None:
        machine.wall = FLOOR + 100
        kernel["synchronised"] = True
        clock = SystemClock(floor=FLOOR)
        clock.heard(FLOOR + 5_000_000, 0.2)
        assert (clock.now(), clock.quality()) == (FLOOR + 100, ClockQuality.SYNCHRONISED)

    def test_a_date_below_the_floor_is_not_believed(self, machine: Machine) -> None:
        clock = SystemClock(floor=FLOOR, known=True)
        machine.passes(3600)
        clock.heard(FLOOR + 3500, 0.2)
        assert (clock.now(), clock.quality()) == (FLOOR + 3600, ClockQuality.FLOOR)

    def test_time_never_goes_below_the_floor_and_what_has_passed_since(self, machine: Machine) -> None:
        clock = SystemClock(floor=FLOOR, known=True)
        clock.heard(FLOOR - 4, 0.2)
        assert clock.now() == FLOOR
        assert clock.quality() is ClockQuality.UPSTREAM

    def test_a_clock_that_ran_ahead_by_years_goes_back(self, machine: Machine) -> None:
        """Its battery died and it came up in a wrong year; the newest event is from there, too."""
        machine.wall = FLOOR + 200_000_000
        clock = SystemClock(floor=FLOOR, known=True, least=FLOOR + 200_000_000)
        assert clock.now() == FLOOR + 200_000_000
        clock.heard(FLOOR + 1000, 0.2)
        assert clock.now() == pytest.approx(FLOOR + 1000, abs=1.2)

    def test_a_correction_by_seconds_does_not_turn_time_back(self, machine: Machine, kernel: dict[str, bool]) -> None:
        clock = SystemClock(floor=FLOOR)
        clock.heard(FLOOR + 5_000_003, 0.2)
        shown = [clock.now()]
        machine.wall = FLOOR + 5_000_000
        kernel["synchronised"] = True
        machine.passes(1.0)
        assert clock.quality() is ClockQuality.SYNCHRONISED
        for _ in range(8):
            shown.append(clock.now())
            machine.passes(1.0)
        assert shown == sorted(shown)
        assert clock.now() == machine.wall
        assert clock.offset() == machine.wall - machine.mono

    def test_what_was_heard_earlier_in_the_boot_is_gone_on_with(self, machine: Machine) -> None:
        first = SystemClock(floor=FLOOR)
        first.heard(FLOOR + 5_000_000, 0.2)
        offset = first.offset()
        machine.passes(60)
        clock = SystemClock(floor=FLOOR, told=offset)
        assert clock.quality() is ClockQuality.UPSTREAM
        assert clock.now() == pytest.approx(first.now())

    def test_before_anybody_knows_the_time_it_goes_on_from_the_newest_that_was_noted(self, machine: Machine) -> None:
        clock = SystemClock(floor=FLOOR, known=True, least=FLOOR + 500)
        machine.passes(10)
        assert (clock.now(), clock.quality()) == (FLOOR + 510, ClockQuality.FLOOR)


def test_the_qualities_are_ranked() -> None:
    ranked = sorted(ClockQuality, key=lambda quality: quality.rank)
    assert ranked == [ClockQuality.UNSET, ClockQuality.FLOOR, ClockQuality.UPSTREAM, ClockQuality.SYNCHRONISED]
    assert [quality.trusted for quality in ranked] == [False, False, True, True]


def test_the_offset_of_any_clock() -> None:
    clock = ManualClock()
    assert offset_of(clock) == clock.wall - clock.mono
