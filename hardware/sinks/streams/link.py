"""What the links of all kinds of stream have in common."""

from dataclasses import dataclass, field
from typing import Protocol

from hardware.models import Codec


class LinkLost(Exception):
    """The connection is over; its text may hold secrets. Stays within this package: a stream connects again."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a connection is made for. Another shape needs another connection. `rate` in frames per second."""

    codec: Codec
    width: int
    height: int
    rate: float
    parameter_sets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """One coded picture, key frames with their parameter sets; `tick`: its time since the first, by `muxing.CLOCK`."""

    data: bytes = field(repr=False)
    tick: int
    key: bool


class Link(Protocol):
    """One connection. All methods belong to the sink's thread; none waits longer than it is told."""

    @property
    def has_room(self) -> bool:
        """Whether `send` may be called."""
        ...

    def send(self, unit: Unit) -> None:
        """Takes the next picture without waiting. Raises LinkLost."""
        ...

    def sent(self) -> int:
        """How many of the pictures have gone through so far. Does not wait. Raises LinkLost."""
        ...

    def wait(self, seconds: float) -> None:
        """Waits until there may be news, at most so long."""
        ...

    def close(self, seconds: float) -> int:
        """Says goodbye where there is somebody to say it to, within so many seconds; 0: at once. Raises nothing.

        Answers how many of the pictures have gone through.
        """
        ...
