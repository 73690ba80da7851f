"""Why a script fires at a moment or does not, and when it works in the coming days. Nothing is done."""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from presets_store.protocol.errors import FieldProblem
from presets_store.protocol.scripts.explaining import (
    DayWindows,
    ExplainQuery,
    Explanation,
    Shift,
    SimulateTrigger,
    Simulation,
    WindowRecord,
)
from presets_store.rules.permissions import Permission
from presets_store.rules.scripts.coming import ComingDay, explain_table, shown_at
from presets_store.rules.scripts.errors import BadScript
from presets_store.rules.scripts.matching import (
    COOLDOWN,
    INACTIVE,
    OTHER_CAMERA,
    OTHER_EVENT,
    Decision,
    MatchedTrigger,
    decide,
    matched,
)
from presets_store.rules.scripts.working_time import MICRO, Reason, WorkingTime
from presets_store.services.caller import Caller
from presets_store.services.reach import in_reach
from presets_store.services.scripts.catalogue import event_named, event_with_id
from presets_store.services.scripts.reached import reached_script
from presets_store.services.unit import Units
from presets_store.storage.scripts.decisions import last_firings
from presets_store.storage.scripts.records import Script
from presets_store.storage.scripts.scripts import known_cameras
from presets_store.storage.tables import cameras

_SENTENCES: Final = MappingProxyType(
    {
        "": "It fires.",
        INACTIVE: "The script is inactive.",
        OTHER_EVENT: "The script waits for another event.",
        OTHER_CAMERA: "The script is for other cameras.",
        COOLDOWN: "The script fired for this camera less than its cooldown ago.",
        Reason.EXCLUDED_DATE: "An interval with `except` excludes this moment.",
        Reason.OUTSIDE_INTERVALS: "The moment is in none of the intervals.",
        Reason.OUTSIDE_WORKING_TIME: "The moment is outside of the hours of the script.",
        Reason.BREAK: "The moment is in a break.",
    }
)


class ExplainingService:
    """Decides as the triggers do, and leaves nothing behind."""

    def __init__(self, units: Units, zone: ZoneInfo) -> None:
        self._units = units
        self._zone = zone

    async def explain(self, caller: Caller, key: int, query: ExplainQuery) -> Explanation:
        """Of the script's own event, at a moment. Raises Forbidden, NotFound, BadScript for the camera."""
        now = self._units.now()
        at = query.at or now

        def look(connection: Connection) -> Explanation:
            script = reached_script(connection, caller, Permission.READ, key)
            camera = query.camera or _any_camera(script)
            _check_camera(connection, caller, query.camera)
            found = self._decision(connection, script, MatchedTrigger(script.event_name, camera, at), at)
            return Explanation(
                script_id=key,
                at=shown_at(at, self._zone),
                time_zone=self._zone.key,
                fires=found.fired,
                reason=found.reason,
                explanation=_SENTENCES[found.reason],
                days=self._days(script, now, query.days),
            )

        return await self._units.read(look)

    async def simulate(self, caller: Caller, key: int, body: SimulateTrigger) -> Simulation:
        """What the script would make of a trigger. Raises Forbidden, NotFound, BadScript for event and camera."""
        now = self._units.now()

        def look(connection: Connection) -> Simulation:
            script = reached_script(connection, caller, Permission.READ, key)
            _check_camera(connection, caller, body.camera)
            trigger = MatchedTrigger(_event(connection, script, body.event), body.camera, body.occurred_at or now)
            found = self._decision(connection, script, trigger, now)
            return Simulation(
                script_id=key,
                outcome=found.outcome.value,
                reason=found.reason,
                explanation=_SENTENCES[found.reason],
            )

        return await self._units.read(look)

    def _decision(self, connection: Connection, script: Script, trigger: MatchedTrigger, now: int) -> Decision:
        last = last_firings(connection, [script.uuid], trigger.camera_key).get(script.uuid, 0)
        return decide(matched(script), trigger, now, self._zone, last)

    def _days(self, script: Script, now: int, count: int) -> list[DayWindows]:
        first = datetime.fromtimestamp(now / MICRO, UTC).astimezone(self._zone).date()
        table = explain_table(WorkingTime.from_json(script.working_time), self._zone, first, count)
        return [self._day(day) for day in table]

    def _day(self, day: ComingDay) -> DayWindows:
        return DayWindows(
            date=day.day.isoformat(),
            weekday=day.weekday,
            windows=[
                WindowRecord(from_=shown_at(window.start_us, self._zone), to=shown_at(window.end_us, self._zone))
                for window in day.windows
            ],
            clock_changes=[
                Shift(at=shown_at(change.at_us, self._zone), by_seconds=change.by_seconds) for change in day.changes
            ],
        )


def _event(connection: Connection, script: Script, given: str | int) -> str:
    """The name of the event that is meant. Raises BadScript."""
    if given in ("", 0):
        return script.event_name
    text = str(given)
    found = event_with_id(connection, int(text)) if text.isdecimal() else event_named(connection, text)
    if found is None:
        raise BadScript([FieldProblem("event", "is no event", "a name or id of GET /api/v1/basic-configurations")])
    return found.name


def _check_camera(connection: Connection, caller: Caller, key: int) -> None:
    if key and key not in known_cameras(connection, in_reach(caller, cameras.c.device_key), [key]):
        raise BadScript([FieldProblem("camera", "is no camera that you may use", "the key of a camera")])


def _any_camera(script: Script) -> int:
    """One of the script's own; 0 where it is for every one."""
    wanted = matched(script).cameras
    return min(wanted) if wanted else 0
