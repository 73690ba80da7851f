"""The catalogue of events and reactions: the product's own, and the events that somebody added."""

from collections.abc import Sequence

from sqlalchemy import Connection

from presets_store.protocol.errors import FieldProblem
from presets_store.protocol.scripts.catalogue import (
    DAY_NAMES,
    AddScriptEvent,
    BasicConfigurations,
    DayRecord,
    ReactionRecord,
    ScriptEventRecord,
)
from presets_store.rules.permissions import Permission
from presets_store.rules.scripts.catalogue import (
    ADDED_FROM,
    EVENTS,
    EVENTS_BY_NAME,
    REACTIONS,
    REACTIONS_BY_NAME,
    CatalogueEvent,
)
from presets_store.rules.scripts.errors import BadScript
from presets_store.rules.scripts.placeholders import COMMON, OBSERVED
from presets_store.services.caller import Caller
from presets_store.services.scripts.errors import TooManyEvents
from presets_store.services.unit import Unit, Units
from presets_store.storage.scripts.records import ScriptEvent, ScriptStatus
from presets_store.storage.scripts.scripts import (
    add_script_event,
    count_script_events,
    find_script_event,
    get_script_event,
    list_script_events,
)

MOST_EVENTS = 500
"""That may be added."""

_BY_ID = {each.id: each for each in EVENTS}


class CatalogueService:
    """What scripts are made of."""

    def __init__(self, units: Units, zone_name: str) -> None:
        self._units = units
        self._zone_name = zone_name

    async def show(self, caller: Caller) -> BasicConfigurations:
        """All of it. Raises Forbidden."""
        caller.principal.require(Permission.READ)
        added = await self._units.read(list_script_events)
        return BasicConfigurations(
            events=[event_record(event) for event in (*EVENTS, *map(_catalogued, added))],
            reactions=[record for each in REACTIONS if (record := reaction_record(each.name))],
            days=[DayRecord(day=day, name=name) for day, name in enumerate(DAY_NAMES)],
            timetable_types=["same_every_day", *DAY_NAMES, "weekdays", "weekend"],
            statuses=[status.value for status in ScriptStatus],
            placeholders=sorted(COMMON | OBSERVED),
            time_zone=self._zone_name,
        )

    async def add(
        self, caller: Caller, body: AddScriptEvent, problems: Sequence[FieldProblem] = ()
    ) -> ScriptEventRecord:
        """An event more. Raises Forbidden unless the caller may edit everywhere, BadScript, TooManyEvents."""
        caller.principal.require_everywhere(Permission.EDIT)
        if problems:
            raise BadScript(problems)

        def add(unit: Unit) -> ScriptEventRecord:
            if count_script_events(unit.connection) >= MOST_EVENTS:
                raise TooManyEvents(limit=MOST_EVENTS)
            new = ScriptEvent(
                name=body.name,
                description=body.description,
                color=body.color,
                analytic_type=body.analytic_type,
                created=unit.now,
                created_by=caller.name,
            )
            stored = None if body.name in EVENTS_BY_NAME else add_script_event(unit.connection, new)
            if stored is None:
                raise BadScript([FieldProblem("name", "is an event's already", "another name")])
            return event_record(_catalogued(stored))

        return await self._units.write(caller, add)


def event_with_id(connection: Connection, number: int) -> CatalogueEvent | None:
    """The event with this id, of the product or added."""
    if number <= ADDED_FROM:
        return _BY_ID.get(number)
    added = get_script_event(connection, number - ADDED_FROM)
    return _catalogued(added) if added else None


def event_named(connection: Connection, name: str) -> CatalogueEvent | None:
    """The event with this name, of the product or added."""
    if name in EVENTS_BY_NAME:
        return EVENTS_BY_NAME[name]
    added = find_script_event(connection, name)
    return _catalogued(added) if added else None


def event_record(event: CatalogueEvent) -> ScriptEventRecord:
    return ScriptEventRecord(
        id=event.id,
        name=event.name,
        description=event.description,
        color=event.color,
        analytic_type=event.analytic_type,
    )


def reaction_record(name: str) -> ReactionRecord | None:
    """None for a script that only notifies."""
    found = REACTIONS_BY_NAME.get(name)
    if found is None:
        return None
    return ReactionRecord(id=found.id, name=found.name, description=found.description, is_default=found.is_default)


def _catalogued(event: ScriptEvent) -> CatalogueEvent:
    return CatalogueEvent(
        id=ADDED_FROM + event.key,
        name=event.name,
        description=event.description,
        color=event.color,
        analytic_type=event.analytic_type,
    )
