"""Whether wall time can be trusted."""

from agent.checks.base import Finding, Subject, ok, warning
from presets_store.clock import RELEASE_EPOCH, Clock, SystemClock


def check(subject: Subject) -> Finding:
    return judge(SystemClock(floor=0.0, trusted=subject.settings.clock.trust == "system"))


def judge(clock: Clock) -> Finding:
    """The finding about this clock."""
    if clock.now() < RELEASE_EPOCH:
        return warning(
            "the clock is certainly wrong, it shows a time before this release; set it (timedatectl set-time)"
        )
    if not clock.quality().trusted:
        return warning(
            "the clock is not synchronised: events do not expire and dates may be wrong. Switch synchronisation on "
            '(timedatectl set-ntp true), or write trust = "system" under [clock] if a battery keeps the time'
        )
    return ok(f"its quality is {clock.quality()}")
