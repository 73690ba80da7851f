"""Start-up of a device: in which mode it is, and which of its two start-up presets runs (events-api.md 12.3). Pure."""

from dataclasses import dataclass
from enum import StrEnum

from presets_store.protocol.errors import BadJson
from presets_store.protocol.json_text import read_json


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
class Order:
    """What is to be done: an event type with its parameters, JSON text."""

    event_type_id: int
    parameters: str

    def same_as(self, other: "Order") -> bool:
        return self.event_type_id == other.event_type_id and _read(self.parameters) == _read(other.parameters)


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


def mode_later(mode: Mode, link: LinkState, upstream: str) -> tuple[Mode, str] | None:
    """The mode and its reason after the link has changed since the start; None: nothing changes.

    A link that is lost changes nothing: what runs goes on, and what it fires would be a second start.
    """
    if mode is Mode.STANDALONE and link is LinkState.REACHED:
        return Mode.ONLINE, f"{upstream} answered after the start"
    return None


def gives_way(order: Order, online: Order | None, *, begun_by: Binding | None) -> bool:
    """Whether an order whose kind of sink is taken on its camera is not carried out, and that is no error.

    `online`: the upstream's preset for a start with a connection, None for none. When the link comes back the upstream
    fires it; what the standalone preset began meanwhile (`begun_by`: the binding that has the sink) goes on instead.
    """
    return begun_by is Binding.STANDALONE and online is not None and order.same_as(online)


def may_fire(note: RunNote | None, *, boot_id: str, database_lost: bool) -> Again:
    """Whether something may fire although the database may have forgotten that it fired in this boot.

    Without a note a mark that could be saved is all that is known.
    """
    if not database_lost or note is None:
        return Again.AS_MARKED
    if note.boot_id == boot_id and note.ended:
        return Again.ENDED
    return Again.FIRE


def _read(text: str) -> object:
    """The parameters; text that is no JSON stands for itself."""
    try:
        return read_json(text or "{}", "the parameters")
    except BadJson:
        return text


def _unreached(link: Link, grace: float) -> str:
    if link.state is LinkState.REFUSED:
        return f"the upstream refused: {link.detail}"
    return f"the upstream did not answer within {grace:g} s: {link.detail}"
