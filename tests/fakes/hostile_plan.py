"""What a hostile network does to a request and its answer: drawn from a seed, so that a run can be repeated."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fakes.http_framing import Message


class Trouble(StrEnum):
    """`share`, `seconds` and `reset` are those of the Fault."""

    NONE = "none"
    DELAY = "delay"
    """The request is passed on `seconds` later."""
    HELD = "held answer"
    """The answer is passed on `seconds` later, to whoever still listens."""
    TRICKLE = "trickle"
    """The answer comes in pieces, over `seconds`."""
    CUT_REQUEST = "cut request"
    """After that `share` of its bytes both sides lose the connection."""
    CUT_ANSWER = "cut answer"
    """The request is carried out; after that `share` of the answer's bytes the asker loses the connection."""
    LATE_REQUEST = "late request"
    """The asker loses the connection at once; the request is carried out `seconds` later."""
    SILENT_REQUEST = "silence before"
    """The request goes nowhere and the connection stays: half-open."""
    SILENT_ANSWER = "silence after"
    """The request is carried out, the answer goes nowhere, the connection stays."""
    TWICE = "twice"
    """The same bytes reach the server a second time."""
    OWN_500 = "500"
    OWN_502 = "502"
    REPLACED = "502 after"
    """The request is carried out; the asker is told 502."""
    PORTAL_PAGE = "portal page"
    """A page in HTML, with status 200, from something that is not the server."""
    PORTAL_REDIRECT = "portal redirect"


@dataclass(frozen=True, slots=True)
class Fault:
    """`share` 0..1 of the bytes; `reset`: a lost connection is reset and not closed."""

    trouble: Trouble = Trouble.NONE
    share: float = 0.0
    seconds: float = 0.0
    reset: bool = False


WEIGHTS: Mapping[Trouble, int] = {
    Trouble.DELAY: 12,
    Trouble.HELD: 12,
    Trouble.TRICKLE: 8,
    Trouble.CUT_REQUEST: 10,
    Trouble.CUT_ANSWER: 16,
    Trouble.LATE_REQUEST: 8,
    Trouble.SILENT_REQUEST: 1,
    Trouble.SILENT_ANSWER: 1,
    Trouble.TWICE: 10,
    Trouble.OWN_500: 4,
    Trouble.OWN_502: 4,
    Trouble.REPLACED: 5,
    Trouble.PORTAL_PAGE: 5,
    Trouble.PORTAL_REDIRECT: 3,
}
"""How often, against each other. Silence is rare: each costs the asker its whole time-out."""


class Plan:
    """`rate` 0..1: how many of the requests meet trouble; `seconds`: the longest delay. `rate` 0 is peace."""

    def __init__(self, dice: random.Random, rate: float, seconds: float) -> None:
        self.rate = rate
        self._dice = dice
        self._seconds = seconds

    def __call__(self, _request: Message) -> Fault:
        """The fault of a request, whatever it is."""
        if self._dice.random() >= self.rate:
            return Fault()
        (trouble,) = self._dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
        share = self._dice.choice([0.0, self._dice.random()])
        return Fault(trouble, share, self._dice.uniform(0, self._seconds), reset=self._dice.random() < 0.5)


Choose = Callable[[Message], Fault]
