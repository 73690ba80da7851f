"""What can happen to an event: commands, the effects they ask for, and the refusals.

Times are integer microseconds since the Unix epoch (UTC). A *holder* is `device:agent:process` (`holder_name`). A
*token* is that of the checkout a peer speaks about, "" when it sent none (the third-party client never does).
"""

import json
from dataclasses import dataclass
from typing import ClassVar

from presets_store.errors import CuelightError, Kind
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event


def holder_name(device_key: int, agent_type_id: int, process_id: int) -> str:
    """Who holds an event: one process of one agent on one device."""
    return f"{device_key}:{agent_type_id}:{process_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A device takes a Pending event; it has until `lease_until` to say more."""

    holder: str
    token: str
    lease_until: int
    clock_trusted: bool
    agent_id: int = 0
    process_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The device itself starts a Pending event of its own store: no checkout, the attempt counts."""

    holder: str
    boot_id: str
    process_id: int
    clock_trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The device's own action ended: `status` is terminal, `attempt` the one that `Begin` counted."""

    attempt: int
    status: EventStatus
    result: str
    percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupt:
    """The device found its own attempt cut off: runs again while attempts remain, else ends as Error with `result`."""

    attempt: int
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a peer says about an event (PUT). None: not said, left as it is. `by` goes to the audit field."""

    status: EventStatus | None = None
    holder: str = ""
    token: str = ""
    result: str | None = None
    percent: float | None = None
    process_id: int | None = None
    tag_string: str | None = None
    tag_number: int | None = None
    boot_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """0 to 100 percent done (PATCH, or the device's own action, which names its `attempt`)."""

    percent: float
    holder: str = ""
    token: str = ""
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Someone wants it not to run, or no longer."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """Looks whether `expiration_epoch` (Unix seconds) has passed; an untrusted clock cannot tell."""

    clock_trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseCheck:
    """Looks whether the lease of a checkout has run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceCheck:
    """Looks whether a Processing event's holder was silent for `limit` microseconds.

    Not for events that the agent of this very process runs: it is not silent, it is busy.
    """

    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeliver:
    """An upstream hands an event again to the device that has a row of it: new `token`, its count of attempts."""

    token: str
    attempt: int


Command = (
    Checkout | Begin | Finish | Interrupt | Report | Progress | Cancel | Expire | LeaseCheck | SilenceCheck | Redeliver
)


@dataclass(frozen=True, slots=True)
class Began:
    """The event became Processing, by this attempt."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The event reached a terminal status (a late report may follow a Timed_out)."""

    status: EventStatus


@dataclass(frozen=True, slots=True)
class Requeued:
    """The event is Pending again: wake who waits for work."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The holder was heard; the lease of a checkout runs until `lease_until` (0: there is none)."""

    lease_until: int


@dataclass(frozen=True, slots=True)
class QueueEndProcess:
    """A `Device_End_process` event is to be queued; the row waits for the device's word."""

    event_key: int

    @property
    def parameters(self) -> str:
        """Its `eventParameters`, in the ID space of the store that queues it."""
        return json.dumps({"eventID": self.event_key})


@dataclass(frozen=True, slots=True)
class AnswerProcessing:
    """Redelivered while it runs here: tell the upstream Processing, with the new token."""


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """Redelivered after it ended here: send the outcome again, with the new token."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A repeat, or nothing to do: no write is needed."""


Effect = Began | Ended | Requeued | Renewed | QueueEndProcess | AnswerProcessing | SendOutcome | Unchanged


@dataclass(frozen=True, slots=True)
class Transition:
    """The event as it is to be stored and what is to be done in the same transaction."""

    event: Event
    effects: tuple[Effect, ...]


class TransitionRefused(CuelightError):
    """Base of the refusals; nothing is changed. Fields: event (key), status (wire name), and the class's own."""

    code: ClassVar[str] = "transition_refused"
    kind: ClassVar[Kind] = Kind.CONFLICT
    template: ClassVar[str] = "event {event} is {status}: {asked} is not possible"


class AlreadyEnded(TransitionRefused):
    """A different word about an event that has ended."""

    code: ClassVar[str] = "already_ended"
    template: ClassVar[str] = "event {event} has ended as {status} and does not change any more; {asked} came too late"


class HeldByAnother(TransitionRefused):
    """A report of a checkout that is over, while someone else has the event."""

    code: ClassVar[str] = "held_by_another"
    template: ClassVar[str] = "event {event} is now held by another agent ({holder}); this checkout is over"


class StaleAttempt(TransitionRefused):
    """Word of an attempt that is not the present one."""

    code: ClassVar[str] = "stale_attempt"
    template: ClassVar[str] = "event {event} is at attempt {attempt}; this was about attempt {asked}"


class AttemptsExhausted(TransitionRefused):
    """No attempt is left."""

    code: ClassVar[str] = "attempts_exhausted"
    template: ClassVar[str] = "event {event} has used its {attempt} attempts"


class EventExpired(TransitionRefused):
    """Past `expiration_epoch` and not yet Processing: to be ended by `Expire`, never delivered."""

    code: ClassVar[str] = "event_expired"
    template: ClassVar[str] = "event {event} expired at {expired} (Unix seconds)"
