"""Events and commands for tests of the rules, with short names."""

from typing import Any

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import Checkout, Command, Report, Transition
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import LEASE, transition

NOW = 1_795_400_000_000_000
SECOND = 1_000_000
HOLDER = "201:1:4321"
OTHER = "202:1:9"


def pending(**changes: Any) -> Event:
    """A fresh event of device 201."""
    fields = {
        "key": 7,
        "uuid": "u",
        "device_key": 201,
        "agent_type_id": 1,
        "event_type_id": 1,
        "created": NOW,
        "modified": NOW,
    }
    return Event(**{**fields, **changes})


def do(event: Event, *commands: Command, now: int = NOW) -> Event:
    """The event after all commands, a second apart."""
    for number, command in enumerate(commands):
        event = transition(event, command, now + number * SECOND).event
    return event


def step(event: Event, command: Command, now: int = NOW) -> Transition:
    return transition(event, command, now)


def checkout(token: str = "T1", holder: str = HOLDER, now: int = NOW, **changes: Any) -> Checkout:
    fields = {"clock_trusted": True, "agent_id": 3, "process_id": 4321}
    return Checkout(holder=holder, token=token, lease_until=now + LEASE, **{**fields, **changes})


def said(status: EventStatus | None, token: str = "T1", holder: str = HOLDER, **fields: Any) -> Report:
    """A report of our own agent: with its token and holder."""
    return Report(status=status, token=token, holder=holder, **fields)


def sdk_put(status: EventStatus, result: str = "", process_id: int = 4321, **fields: Any) -> Report:
    """What `update_event` of the third-party client sends: no token, no holder, empty tags."""
    return Report(status=status, result=result, process_id=process_id, tag_string="", tag_number=0, **fields)
