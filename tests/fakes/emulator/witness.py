"""The emulated driver's own journal: what it delivered, told by nobody else."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class DriverFrame:
    """A frame that the sensor made. `fate`: `delivered`, `damaged` (by a fault) or `dropped` (no buffer was queued).

    `stamp_ns` is the driver's time stamp on CLOCK_MONOTONIC; `taken_ns` when a program dequeued it, 0 if none did.
    """

    sequence: int
    stamp_ns: int
    fate: str
    taken_ns: int = 0


@dataclass
class Streaming:
    """From STREAMON to STREAMOFF (`ended_ns` 0: still, or its process was killed)."""

    pid: int
    began_ns: int
    format: str
    width: int
    height: int
    rate: int
    frames: list[DriverFrame] = field(default_factory=list)
    ended_ns: int = 0

    @property
    def delivered(self) -> list[DriverFrame]:
        """The whole frames that reached a buffer."""
        return [frame for frame in self.frames if frame.fate == "delivered"]


@dataclass
class Journal:
    """`opens`: process and time (ns) of each open; `controls`: what was set, in order, as (control id, value)."""

    opens: list[tuple[int, int]] = field(default_factory=list)
    closes: list[tuple[int, int]] = field(default_factory=list)
    streams: list[Streaming] = field(default_factory=list)
    controls: list[tuple[int, int]] = field(default_factory=list)

    @property
    def frames(self) -> list[DriverFrame]:
        """All frames of all streams, in order."""
        return [frame for stream in self.streams for frame in stream.frames]

    def of(self, pid: int) -> Streaming:
        """The newest stream of a process."""
        return next(stream for stream in reversed(self.streams) if stream.pid == pid)


def read_journal(path: Path, slot: str) -> Journal:
    """The journal of one camera, whatever its node was called; an unfinished last line is left out."""
    journal = Journal()
    if not path.exists():
        return journal
    for line in path.read_text().split("\n")[:-1]:
        what, where, pid, *rest = line.split()
        if where == slot:
            _READERS[what](journal, int(pid), rest)
    return journal


def _open(journal: Journal, pid: int, rest: list[str]) -> None:
    journal.opens.append((pid, int(rest[0])))


def _close(journal: Journal, pid: int, rest: list[str]) -> None:
    journal.closes.append((pid, int(rest[0])))


def _control(journal: Journal, _pid: int, rest: list[str]) -> None:
    journal.controls.append((int(rest[0]), int(rest[1])))


def _frame(journal: Journal, pid: int, rest: list[str]) -> None:
    journal.of(pid).frames.append(DriverFrame(int(rest[0]), int(rest[1]), rest[2]))


def _taken(journal: Journal, pid: int, rest: list[str]) -> None:
    sequence = int(rest[0])
    frame = next(frame for frame in reversed(journal.of(pid).frames) if frame.sequence == sequence)
    frame.taken_ns = int(rest[1])


def _streamon(journal: Journal, pid: int, rest: list[str]) -> None:
    began, pixel_format, *numbers = rest
    width, height, rate = map(int, numbers)
    journal.streams.append(Streaming(pid, int(began), pixel_format, width, height, rate))


def _streamoff(journal: Journal, pid: int, rest: list[str]) -> None:
    journal.of(pid).ended_ns = int(rest[0])


_READERS = {
    "open": _open,
    "close": _close,
    "control": _control,
    "frame": _frame,
    "taken": _taken,
    "streamon": _streamon,
    "streamoff": _streamoff,
}
