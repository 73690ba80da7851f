"""The recovery ladder: which step is due for a camera that hangs. Pure; times in seconds of the monotonic clock.

The camera's host has opened it again from the first moment on, and goes on doing so. Above that stand a new host, a
reset of its USB device and a reboot of the box. The last two have a budget that outlasts reboots, so that a camera that
is broken for good does not keep its device from everything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

DAY = 86_400.0


class Step(StrEnum):
    """A rung above reopening."""

    NEW_HOST = "new_host"
    USB_RESET = "usb_reset"
    REBOOT = "reboot"


@dataclass(frozen=True, slots=True)
class Policy:
    """When each step is due: so many seconds after the one below it (a new host: after the last frame).

    `usb_resets` and `reboots` are the budget of a day of filming; 0: never. After the last step the host is replaced
    again every `again_after`. A camera that films for `healthy_after` is well.
    """

    new_host_after: float = 10.0
    usb_reset_after: float = 20.0
    reboot_after: float = 120.0
    again_after: float = 300.0
    healthy_after: float = 10.0
    usb_resets: int = 4
    reboots: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A camera that hangs `since`; `climbed`: the steps taken and when, oldest first."""

    since: float
    climbed: tuple[tuple[Step, float], ...] = ()

    def after(self, step: Step, now: float) -> "Trouble":
        """The same after a step."""
        return Trouble(self.since, (*self.climbed, (step, now)))


@dataclass(frozen=True, slots=True)
class Budget:
    """What was spent and not given back. `healthy`: seconds filmed since the last spending; a DAY gives all back."""

    spent: Mapping[Step, int] = field(default_factory=dict)
    healthy: float = 0.0

    def after(self, step: Step) -> "Budget":
        """With one more `step` spent."""
        return Budget({**self.spent, step: self.spent.get(step, 0) + 1})

    def filmed(self, seconds: float) -> "Budget":
        """After `seconds` of frames."""
        healthy = self.healthy + seconds
        return Budget() if healthy >= DAY else Budget(self.spent, healthy)


@dataclass(frozen=True, slots=True)
class Reach:
    """What can be done about a camera now. `connected`: its device is plugged in, as far as can be told."""

    connected: bool
    usb: bool


def due(trouble: Trouble, policy: Policy, budget: Budget, reach: Reach, now: float) -> Step | None:
    """The step that is due now; None when none is yet, or none would help: an unplugged camera is waited for."""
    if not reach.connected:
        return None
    taken = [step for step, _ in trouble.climbed]
    last = trouble.climbed[-1][1] if trouble.climbed else trouble.since
    waited = now - last
    if Step.NEW_HOST not in taken:
        return Step.NEW_HOST if waited >= policy.new_host_after else None
    rungs = [
        (Step.USB_RESET, policy.usb_reset_after, policy.usb_resets if reach.usb else 0),
        (Step.REBOOT, policy.reboot_after, policy.reboots),
    ]
    for step, after, allowed in rungs:
        if step not in taken and budget.spent.get(step, 0) < allowed:
            return step if waited >= after else None
    return Step.NEW_HOST if waited >= policy.again_after else None
