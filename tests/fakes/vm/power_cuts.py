"""Records what a machine's state disk was asked to do under load, and cuts its power as often as is wanted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fakes.vm import power_load, state_disk
from fakes.vm.crash_states import Disk, State, copy_sparse
from fakes.vm.examining import Examined, Examiner
from fakes.vm.filming import CAMERA
from fakes.vm.going_on import assert_goes_on
from fakes.vm.image import Image
from fakes.vm.machine import Machine
from fakes.vm.timing import tell
from fakes.vm.witness import Evidence, Witness
from fakes.vm.write_log import Flag, WriteLog

PROMISES = ("accepted", "ended", "file")
WORKS_WITHIN = 900.0
SECOND = 1.0
"""How much of an open clip a power cut may cost."""


class Recording:
    """A machine at work, and the log of its state disk. Its files are in `folder`."""

    def __init__(self, machine: Machine, folder: Path, witness: Witness) -> None:
        self.machine = machine
        self.before = folder / "before.img"
        self.log = folder / "writes.log"
        self._witness = witness

    def work(self, seconds: float) -> tuple[int, int]:
        """Keeps it busy; answers the sizes of the log before and after."""
        first, heard = self.log.stat().st_size, len(self._witness.heard)
        self.machine.write("/run/power_load.py", Path(power_load.__file__).read_bytes())
        self.machine.out(f"systemd-run --quiet --collect python3 /run/power_load.py {seconds}")
        heard = self._witness.wait("over", WORKS_WITHIN, after=heard)
        assert self._witness.heard[heard - 1].said["failures"] == []
        return first, self.log.stat().st_size

    def evidence(self, log: WriteLog) -> Evidence:
        return Evidence(list(self._witness.heard), log)


@contextmanager
def recording(image: Image, folder: Path) -> Iterator[Recording]:
    """A machine with a fresh state disk, ready for work."""
    disk, log, lines = folder / "state.img", folder / "writes.log", folder / "witness"
    copy_sparse(state_disk.make(disk, "256M", _set_up(folder / "state")), folder / "before.img")
    for path in (log, lines):
        path.touch()
    witness = Witness(lines, log)
    witness.start()
    try:
        place = folder / "machine"
        with Machine.boot(image, place, steady=True, state_disk=disk, log=log, witness=lines) as machine:
            tell("power on to READY", machine.wait_ready(900))
            machine.wait_up(120)
            yield Recording(machine, folder, witness)
    finally:
        witness.close()


def _set_up(folder: Path) -> Path:
    """A state folder in which nothing is yet but what `cuelight setup` writes."""
    folder.mkdir(parents=True)
    (folder / "setup.toml").write_text(CAMERA)
    return folder


@dataclass
class Tally:
    """What became of the states. `problems`: with the length of the log; `behind`: of each open clip, in seconds."""

    states: int = 0
    problems: list[str] = field(default_factory=list)
    failed: int = 0
    lost_writes: int = 0
    torn_writes: int = 0
    promised: int = 0
    closed_clips: int = 0
    behind: list[float] = field(default_factory=list)
    went_on: int = 0
    seconds: float = 0.0

    def add(self, state: State, found: Examined) -> None:
        self.states += 1
        self.failed += bool(found.problems)
        self.problems += [f"after {state.length} entries: {each}" for each in found.problems]
        self.lost_writes += state.lost
        self.torn_writes += state.torn
        self.promised += found.promised
        self.closed_clips += found.closed
        self.behind += found.behind.values()

    def told(self) -> dict[str, float]:
        """The figures, for a line of output."""
        return {
            "states": self.states,
            "failed": self.failed,
            "lost_writes": self.lost_writes,
            "torn_writes": self.torn_writes,
            "promises_checked": self.promised,
            "closed_clips_checked": self.closed_clips,
            "open_clips": len(self.behind),
            "worst_loss_of_an_open_clip_s": round(max(self.behind, default=0.0), 2),
            "agents_started": self.went_on,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class Cuts:
    """`count` power cuts between two sizes of the log; after each `start_every`th one the agent is started."""

    sizes: tuple[int, int]
    count: int
    start_every: int = 0
    lying: bool = False


def cut_power(made: Recording, cuts: Cuts, random: Random, folder: Path) -> Tally:
    """Makes the states and examines each. Raises AssertionError where an agent does not go on."""
    tally, began = Tally(), time.monotonic()
    with WriteLog(made.log) as log:
        evidence = made.evidence(log)
        examiner = Examiner(evidence, folder, second=SECOND)
        for state in states(made, log, cuts, random, folder):
            found = examiner.examine(state.image, state.length, folder / "state")
            tally.add(state, found)
            if cuts.start_every and tally.states % cuts.start_every == 0 and not found.problems:
                assert_goes_on(folder, evidence.known_at(state.length))
                tally.went_on += 1
    tally.seconds = time.monotonic() - began
    return tally


def states(made: Recording, log: WriteLog, cuts: Cuts, random: Random, folder: Path) -> Iterator[State]:
    """One state of the disk after the other, each in the place of the one before."""
    folder.mkdir(exist_ok=True)
    first, last = (log.length_at(size) for size in cuts.sizes)
    lying_after = first if cuts.lying else None
    lengths = _lengths(made.evidence(log), log, (first, last), cuts.count, random)
    with Disk(made.before, log, folder / "disk.img", lying_after=lying_after) as disk:
        for length in lengths:
            yield disk.crash(length, folder / "state.img", random)


def _lengths(evidence: Evidence, log: WriteLog, between: tuple[int, int], count: int, random: Random) -> list[int]:
    """Where to cut: just when something was promised; before a flush, when most is in doubt; anywhere."""
    first, last = between
    promised = [length for what in PROMISES for length in evidence.lengths(what, first, last)]
    flushes = [number for number in range(first + 1, last) if log.entries[number].flags & Flag.FLUSH]
    doubtful = [number for number in flushes if log.entries[number - 1].size]
    moments = (promised, doubtful, range(first, last + 1))
    return sorted(random.choice(moments[number % 3]) for number in range(count))
