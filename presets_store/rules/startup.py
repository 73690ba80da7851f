"""Start-up of a device: in which mode it is, and which of its two start-up presets runs (events-api.md 12.3). Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How the device lives since its agent started."""

    STARTING = "starting"
    """The upstream is still being tried."""
    ONLINE = "online"
    STANDALONE = "standalone"


class LinkState(StrEnum):
    """What became of the announcement (`device/ready`) to the upstream."""

    NONE = "none"
    """No upstream is configured."""
    UNKNOWN = "unknown"
    """No answer yet."""
    REACHED = "reached"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


class Binding(StrEnum):
    """The two ways in which a preset is bound to start-up."""

    ONLINE = "online"
    STANDALONE = "standalone"


class Again(StrEnum):
    """Whether a binding may fire when the database, which knows what fired in this boot, was lost."""

    AS_MARKED = "as_marked"
    """The mark in the database decides: it was not lost, or nothing else knows."""
    FIRE = "fire"
    """What fired in this boot, if anything, was cut off and went with the database."""
    ENDED = "ended"
    """What fired in this boot has ended: it ran, once."""


@dataclass(frozen=True, slots=True)
class Link:
    """The upstream as this start found it. `detail` is a sentence's part for people: an address, an error."""

    state: LinkState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`fires`: the binding whose preset this device's own store fires now; None for none. `reason`: for people."""

    mode: Mode
    reason: str
    fires: Binding | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RunNote:
    """What the sealed cache remembers of the last preset that start-up fired here."""

    boot_id: str
    binding: Binding
    event_uuid: str
    ended: bool


def plan(link: Link, *, online_bound: bool, standalone_bound: bool, grace: float) -> Plan:
    """The mode and what fires. `online_bound` is a binding in this device's own store; `grace` in seconds.

    `online` is fired by the store that took `device/ready`: by an upstream for its own bindings, by this device's own
    store only when no upstream is configured.
    """
    if link.state is LinkState.NONE:
        fires = Binding.ONLINE if online_bound else Binding.STANDALONE if standalone_bound else None
        note = "" if fires else "no preset is bound to start-up"
        return Plan(Mode.STANDALONE, "no upstream is configured", fires, note)
    if link.state is LinkState.REACHED:
        note = "the upstream fires what is bound there as online"
        return Plan(Mode.ONLINE, f"{link.detail} answered", None, note)
    reason = _unreached(link, grace)
    if standalone_bound:
        return Plan(Mode.STANDALONE, reason, Binding.STANDALONE)
    left_out = "; what is bound here as online runs only where no upstream is configured" if online_bound else ""
    return Plan(Mode.STANDALONE, reason, None, f"no preset is bound as standalone{left_out}")


def may_fire(note: RunNote | None, *, boot_id: str, database_lost: bool) -> Again:
    """Whether something may fire although the database may have forgotten that it fired in this boot.

    Without a note a mark that could be saved is all that is known.
    """
    if not database_lost or note is None:
        return Again.AS_MARKED
    if note.boot_id == boot_id and note.ended:
        return Again.ENDED
    return Again.FIRE


def _unreached(link: Link, grace: float) -> str:
    if link.state is LinkState.REFUSED:
        return f"the upstream refused: {link.detail}"
    return f"the upstream did not answer within {grace:g} s: {link.detail}"
