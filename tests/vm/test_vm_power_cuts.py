"""Power cuts: states that a disk may have after one, made from the log of what a real machine's disk was asked to do
while cuelight took events, filmed and photographed.

In each state file system and database are sound, no acknowledged event and no closed clip is lost, an open clip lacks
at most its last second, and the agent goes on by itself. Without fsync the same test finds losses, or it tests nothing.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.soak import count, seeded, told
from fakes.vm.filming import until
from fakes.vm.image import device_image
from fakes.vm.power_cuts import Cuts, Recording, Tally, cut_power, recording, states
from fakes.vm.write_log import WriteLog

from presets_store.protocol.statuses import EventStatus

pytestmark = [pytest.mark.vm, pytest.mark.timeout(2400)]

WORK, CARELESS_WORK = 45.0, 20.0

WITHOUT_FSYNC = "[Service]\nEnvironment=LD_PRELOAD=libeatmydata.so\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    """A machine that runs until the last test has cut its power."""
    with recording(device_image(), tmp_path_factory.mktemp("cuts")) as recorded:
        yield recorded


@pytest.fixture(scope="module")
def work(made: Recording) -> tuple[int, int]:
    return made.work(WORK)


def show(name: str, tally: Tally) -> None:
    print(f"\n{name}: {tally.told()}")
    for problem in tally.problems[:20]:
        print(f"  {problem}")


def test_ten_cuts(made: Recording, work: tuple[int, int], tmp_path: Path) -> None:
    tally = cut_power(made, Cuts(work, 10, start_every=5), seeded("ten cuts"), tmp_path / "cut")
    show("ten cuts", tally)
    assert tally.problems == []
    assert tally.went_on == 2


def test_a_disk_that_ignores_flushes_is_found_out(made: Recording, work: tuple[int, int], tmp_path: Path) -> None:
    tally = cut_power(made, Cuts(work, 10, lying=True), seeded("a lying disk"), tmp_path / "cut")
    show("a disk that ignores flushes", tally)
    assert tally.failed >= 3


@pytest.mark.soak
@pytest.mark.timeout(5400)
def test_many_cuts(made: Recording, work: tuple[int, int], tmp_path: Path) -> None:
    cuts = Cuts(work, count(100, 1000), start_every=count(10, 20))
    tally = cut_power(made, cuts, seeded("power cuts"), tmp_path / "cut")
    show("cuts", tally)
    told("power cuts", **tally.told())
    assert tally.problems == []
    assert tally.behind, "no cut met an open clip"
    assert tally.torn_writes
    assert tally.lost_writes


@pytest.mark.soak
def test_without_fsync_the_same_test_fails(made: Recording, work: tuple[int, int], tmp_path: Path) -> None:
    """After the others: from here on the machine is a careless one, until it boots again."""
    made.machine.out("mkdir -p /run/systemd/system/cuelight.service.d")
    made.machine.write("/run/systemd/system/cuelight.service.d/careless.conf", WITHOUT_FSYNC)
    made.machine.out("systemctl daemon-reload && systemctl restart cuelight", timeout=900)
    assert "libeatmydata" in made.machine.out("cat /proc/$(systemctl show -P MainPID cuelight)/maps")
    careless = made.work(CARELESS_WORK)
    tally = cut_power(made, Cuts(careless, 20), seeded("careless cuts"), tmp_path / "cut")
    show("without fsync", tally)
    told("power cuts without fsync", **tally.told())
    assert tally.failed >= 10
    assert any("acknowledged, and lost" in problem for problem in tally.problems)


def test_the_machine_boots_from_a_cut(made: Recording, work: tuple[int, int], tmp_path: Path) -> None:
    """The last: with its own kernel and its own agent."""
    with WriteLog(made.log) as log:
        made.machine.kill()
        (state,) = states(made, log, Cuts(work, 1), seeded("a real boot"), tmp_path / "cut")
        known = made.evidence(log).known_at(state.length)
    made.machine.start(state_disk=state.image, log=None, witness=None)
    made.machine.wait_ready(900)
    made.machine.wait_up(60)
    until(
        made.machine, "every event to end", lambda: all(EventStatus(each).terminal for each in statuses(made).values())
    )
    assert known.accepted <= statuses(made).keys()
    assert known.ended.items() <= statuses(made).items()
    assert made.machine.cuelight("status")["incidents"] == []


def statuses(made: Recording) -> dict[int, int]:
    """Of all events that the machine knows, by key."""
    return {each["key"]: each["eventStatus"] for each in made.machine.cuelight("event list --count 0")}
