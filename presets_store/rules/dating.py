"""By which time the moments of a boot are dated, and what a better time makes of them. Pure.

Moments are integer microseconds: of wall time since the Unix epoch, of monotonic time since the boot.
"""

from dataclasses import dataclass, replace
from itertools import takewhile

from presets_store.clock import ClockQuality
from presets_store.rules.event import Event

STEP = 500_000
"""Microseconds; a smaller difference of two offsets is not worth a correction."""

UNTRUSTED = (ClockQuality.UNSET, ClockQuality.FLOOR)


@dataclass(frozen=True, slots=True)
class Dating:
    """Wall time was monotonic time plus `offset` when it had this `quality`."""

    offset: int
    quality: ClockQuality

    def same_as(self, other: "Dating") -> bool:
        """Whether both give the same dates, of the same worth."""
        return self.quality is other.quality and abs(self.offset - other.offset) < STEP


@dataclass(frozen=True, slots=True)
class Step:
    """The change from one dating to another: seen at the monotonic moment `seen`, applied at `now`."""

    before: Dating
    after: Dating
    seen: int
    now: int

    @property
    def by(self) -> int:
        """Microseconds by which wall time was moved."""
        return self.after.offset - self.before.offset

    @property
    def corrects(self) -> bool:
        """Whether what was dated before is wrong now: the new time is a better one.

        What the clock said while nobody knew the time goes along with every step, so that its order lasts. A time that
        was trusted is corrected by a better one only, and not by what the same source says later.
        """
        before, after = self.before.quality, self.after.quality
        if before in UNTRUSTED:
            return after not in UNTRUSTED or abs(self.by) >= STEP
        return after.rank > before.rank and abs(self.by) >= STEP

    @property
    def worse(self) -> tuple[ClockQuality, ...]:
        """The qualities of what is to be corrected."""
        return UNTRUSTED if self.before.quality in UNTRUSTED else (self.before.quality,)

    def holds_for(self, moment: int, least: int) -> bool:
        """Whether a moment was noted before the step, and is to be moved. `least`: none of before it is smaller.

        Forward, what is from before the step is below all that is from after it. Backward the two may overlap: then it
        is taken to be from before, unless that breaks the order.
        """
        if self.by > 0:
            return moment <= self.before.offset + self.seen
        return moment > self.after.offset + self.now or moment >= least

    def made_after(self, created: int, quality: str) -> bool:
        """Whether a row was made after the step. A write that the step came into may have got one of both wrong."""
        possible = self.after.offset <= created <= self.after.offset + self.now
        return possible and ClockQuality(quality) not in self.worse


def moved(event: Event, step: Step, boot_id: str, *, made_here: bool) -> Event:
    """The event with the moments of this boot moved; itself when it has none of before the step.

    `made_here`: it was made in this boot, else only what has become of it since belongs to this boot.
    """
    boot = step.before.offset
    if not made_here:
        return _later_moved(event, event, step, boot, started=event.boot_id == boot_id)
    if step.made_after(event.created, event.clock_quality) or not step.holds_for(event.created, boot):
        return event  # and so is all that has become of it
    after = replace(event, created=event.created + step.by, clock_quality=step.after.quality.value)
    return _later_moved(event, after, step, event.created, started=True)


def _later_moved(event: Event, after: Event, step: Step, least: int, *, started: bool) -> Event:
    """`after` with what came after the making of `event`: up to the first moment that is from after the step."""
    moments = {name: getattr(event, name) for name in ("started", "ended", "modified")[not started :]}
    old = takewhile(lambda item: step.holds_for(item[1], least), ((name, m) for name, m in moments.items() if m))
    changed = {name: moment + step.by for name, moment in old}
    if "modified" in changed and event.lease_until:
        changed["lease_until"] = event.lease_until + step.by
    if after is event and not changed:
        return event
    return replace(after, **changed, clock_correction=event.clock_correction + step.by)
