"""How much is measured."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    """`events` for each device; `rest`: seconds in which nothing happens; `files` in bytes, each sent `rounds` times.

    A rest is whole minutes: a poll is held for one.
    """

    events: int
    rest: float
    files: tuple[int, ...]
    rounds: int


FULL = Size(events=400, rest=300.0, files=(64 * MIB, MIB), rounds=15)
QUICK = Size(events=25, rest=60.0, files=(8 * MIB, MIB), rounds=3)
