"""Which files go, in which order, and why: pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Limit(StrEnum):
    """What a removal is to keep; its text is the reason that the log tells."""

    AGE = "too old"
    SHARE = "over the share of its camera"
    SIZE = "over the maximum size"
    FREE = "free space below the minimum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A clip or photo with what belongs to it. `file` is relative to the media folder, `size` what all of it takes.

    `end` is the moment (epoch s) of its last picture; `dated`: the clock was right then. `number` tells the order of
    those that ended at the same moment. `held`: it is open, or being written about; nobody may remove it now.
    """

    file: str
    camera: str
    size: int
    end: float
    dated: bool = True
    number: int = 0
    uploaded: bool = False
    protected: bool = False
    held: bool = False

    @property
    def removable(self) -> bool:
        return not (self.protected or self.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits, in bytes and seconds; 0 is none. `shares`: the most that a camera's files may take, by its id.

    `floor`: what is to be free at least where `min_free` is out of reach. Nothing is removed in vain.
    """

    max_size: int = 0
    min_free: int = 0
    floor: int = 0
    max_age: float = 0.0
    shares: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Removal:
    """One file that is to go."""

    stored: Stored
    limit: Limit

    @property
    def reason(self) -> str:
        """For the log; says so when nobody else has the file."""
        return str(self.limit) if self.stored.uploaded else f"{self.limit}; not uploaded"


@dataclass(frozen=True, slots=True)
class Unmet:
    """A limit that cannot be kept: `missing` bytes too much, or too little free. `camera`: of a share, else ""."""

    limit: Limit
    missing: int
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`removals` in their order; `unmet`: what they do not reach, because nothing else may be removed."""

    removals: tuple[Removal, ...] = ()
    unmet: tuple[Unmet, ...] = ()


def plan(stored: Sequence[Stored], policy: Policy, free: int, now: float) -> Plan:
    """What has to go so that the limits hold, and no more: what is uploaded first, then the oldest.

    `free`: bytes of the file system; a removed file's size is free afterwards. `now`: epoch s, 0 while the clock is
    not trusted; then nothing is too old, and neither is ever what was made while it was not.
    """
    planning = _Planning(stored, free)
    if policy.max_age and now:
        planning.remove_older_than(now - policy.max_age)
    for camera, share in sorted(policy.shares.items()):
        if share:
            planning.remove_over_share(camera, share)
    if policy.max_size:
        planning.remove_while(Limit.SIZE, lambda: planning.used - policy.max_size)
    if policy.min_free:
        planning.remove_for_free_space(policy)
    return Plan(tuple(planning.removals), tuple(planning.unmet))


class _Planning:
    def __init__(self, stored: Sequence[Stored], free: int) -> None:
        self.free = free
        self.used = sum(each.size for each in stored)
        self.removals: list[Removal] = []
        self.unmet: list[Unmet] = []
        self._all = stored
        self._left = sorted((each for each in stored if each.removable), key=_order)

    def remove_older_than(self, moment: float) -> None:
        self._remove([each for each in self._left if each.dated and each.end < moment], Limit.AGE)

    def remove_over_share(self, camera: str, share: int) -> None:
        gone = {removal.stored.file for removal in self.removals}
        used = sum(each.size for each in self._all if each.camera == camera and each.file not in gone)
        chosen = []
        for each in self._left:
            if used > share and each.camera == camera:
                chosen.append(each)
                used -= each.size
        self._remove(chosen, Limit.SHARE)
        if used > share:
            self.unmet.append(Unmet(Limit.SHARE, used - share, camera))

    def remove_for_free_space(self, policy: Policy) -> None:
        reach = self.free + sum(each.size for each in self._left)
        goal = next((goal for goal in (policy.min_free, policy.floor) if goal <= reach), 0)
        self.remove_while(Limit.FREE, lambda: goal - self.free)
        if self.free < policy.min_free:
            self.unmet.append(Unmet(Limit.FREE, policy.min_free - self.free))

    def remove_while(self, limit: Limit, missing: Callable[[], int]) -> None:
        chosen = 0
        for each in self._left:
            if missing() <= 0:
                break
            chosen += 1
            self._note(each, limit)
        self._left = self._left[chosen:]
        if missing() > 0:
            self.unmet.append(Unmet(limit, missing()))

    def _remove(self, chosen: Iterable[Stored], limit: Limit) -> None:
        files = set()
        for each in chosen:
            files.add(each.file)
            self._note(each, limit)
        self._left = [each for each in self._left if each.file not in files]

    def _note(self, stored: Stored, limit: Limit) -> None:
        self.removals.append(Removal(stored, limit))
        self.used -= stored.size
        self.free += stored.size


def _order(stored: Stored) -> tuple[bool, float, int, str]:
    return not stored.uploaded, stored.end, stored.number, stored.file
