"""What devices say of themselves, record by record: taken, listed, drawn as a chart."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from presets_store.protocol.fleet.health import (
    Chart,
    ChartLine,
    ChartQuery,
    CreateHealth,
    HealthAnswer,
    HealthQuery,
    UpdateHealth,
)
from presets_store.protocol.fleet.pages import Place
from presets_store.protocol.json_text import read_json
from presets_store.protocol.telemetry import DeviceHealthRecord
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.fleet.health_charts import USUAL, chart_lines, number_of, read_path
from presets_store.services.fleet.moments import epoch_range, told_or_now
from presets_store.services.fleet.pages import Page
from presets_store.services.reach import reached_device, reached_named, reached_row
from presets_store.services.unit import Unit, Units
from presets_store.storage.devices import touch_device
from presets_store.storage.fleet.bounded import last_place
from presets_store.storage.fleet.health import (
    get_health,
    health_texts,
    insert_health,
    list_health,
    newest_health,
    spread_health,
    update_health,
)
from presets_store.storage.fleet.records import DeviceHealth

CHART_POINTS: Final = 500
"""Of each line, when nothing is said."""
MOST_CHART_POINTS: Final = 1000

_LINE_COLOR: Final = "#808080"
_MILLISECOND: Final = 1_000
_LATEST = 2**63 // _MILLISECOND


class HealthRecordsService:
    """Health records by key and by device."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def create(self, caller: Caller, body: CreateHealth) -> HealthAnswer:
        """A further record. Its date is the one in it, else now.

        Raises BadJson, Forbidden, and what naming a device may raise.
        """
        said = read_json(body.health_json, "healthJSON")

        def add(unit: Unit) -> HealthAnswer:
            device = reached_named(unit.connection, caller, Permission.REPORT, body)
            touch_device(unit.connection, device.key, unit.now)
            return _added(unit, device.key, _date_of(said, unit.now), body.health_json)

        return await self._units.write(caller, add)

    async def update_latest(self, caller: Caller, body: CreateHealth) -> HealthAnswer:
        """Puts what is said in the place of the device's newest record; without any, as `create`. Raises the same."""
        said = read_json(body.health_json, "healthJSON")

        def put(unit: Unit) -> HealthAnswer:
            device = reached_named(unit.connection, caller, Permission.REPORT, body)
            touch_device(unit.connection, device.key, unit.now)
            before = newest_health(unit.connection, [device.key]).get(device.key)
            date = _date_of(said, unit.now)
            if before is None:
                return _added(unit, device.key, date, body.health_json)
            update_health(unit.connection, before, replace(before, health_date=date, health_json=body.health_json))
            return HealthAnswer(device_health_id=before.key)

        return await self._units.write(caller, put)

    async def update(self, caller: Caller, key: int, body: UpdateHealth) -> HealthAnswer:
        """Puts what is said in the place of a record.

        Raises NotFound, BadJson, Forbidden, what naming a device may raise, InvalidInput when it is not the record's.
        """
        said = read_json(body.health_json, "healthJSON")

        def change(unit: Unit) -> HealthAnswer:
            before = reached_row(
                unit.connection, caller, Permission.REPORT, get_health(unit.connection, key), "health record", key
            )
            if body.device_id or body.serial_or_name:
                _require_owner(before, reached_named(unit.connection, caller, Permission.REPORT, body).key)
            date = _date_of(said, unit.now)
            update_health(unit.connection, before, replace(before, health_date=date, health_json=body.health_json))
            return HealthAnswer(device_health_id=key)

        return await self._units.write(caller, change)

    async def get(self, caller: Caller, key: int) -> DeviceHealthRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> DeviceHealth:
            found = get_health(connection, key)
            return reached_row(connection, caller, Permission.READ, found, "health record", key)

        return _record(await self._units.read(find))

    async def latest(self, caller: Caller, device_key: int) -> DeviceHealthRecord:
        """The newest of a device. Raises NotFound, for the device or when it never told; Forbidden."""

        def find(connection: Connection) -> DeviceHealth:
            device = reached_device(connection, caller, Permission.READ, device_key)
            found = newest_health(connection, [device.key]).get(device.key)
            if found is None:
                raise NotFound(what="health record", name=f"of device {device.key}")
            return found

        return _record(await self._units.read(find))

    async def find(self, caller: Caller, query: HealthQuery, after: Place | None = None) -> Page:
        """A device's records in a time, newest first: those `after` a place, at most 5000 and 16 MiB of text.

        Raises NotFound, Forbidden.
        """
        start, end = epoch_range(query.start_epoch, query.end_epoch)

        def find(connection: Connection) -> list[DeviceHealth]:
            device = reached_device(connection, caller, Permission.READ, query.device_id)
            return list_health(connection, device.key, start, end, query.count, after)

        found = await self._units.read(find)
        return Page([_record(health) for health in found], last_place(found, "health_json", "health_date", query.count))

    async def chart(self, caller: Caller, device_key: int, query: ChartQuery) -> Chart:
        """Numbers of a device's health over time, from records that are evenly spread over all in that time.

        Raises BadRequestBody for a name that is no path, NotFound, Forbidden.
        """
        names = (query.variable_name,) if query.variable_name else USUAL
        for name in names:
            read_path(name)
        count = min(query.count or CHART_POINTS, MOST_CHART_POINTS)
        start, end = epoch_range(query.start_epoch, query.end_epoch)

        def draw(connection: Connection) -> Chart:
            device = reached_device(connection, caller, Permission.READ, device_key)
            records = spread_health(connection, device.key, start, end, count)
            return Chart.model_construct(
                datasets=chart_lines(names, _told(connection, records)),
                vertical_lines=[
                    ChartLine.model_construct(timestamp=moment, color=_LINE_COLOR)
                    for moment in query.vertical_line_timestamps
                ],
            )

        return await self._units.read(draw)


def _told(connection: Connection, records: list[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """Date and text of the records, one after the other: together they may be too much to hold."""
    dates = dict(records)
    return ((dates[key], text) for key, text in health_texts(connection, list(dates)))


def _added(unit: Unit, device_key: int, date: int, text: str) -> HealthAnswer:
    new = DeviceHealth(device_key=device_key, health_date=date, health_json=text, created=unit.now)
    return HealthAnswer(device_health_id=insert_health(unit.connection, new).key)


def _date_of(said: Any, now: int) -> int:
    """`time.datetime`, milliseconds since the epoch, where it is one; else now."""
    time = said.get("time") if isinstance(said, dict) else None
    told = number_of(time.get("datetime")) if isinstance(time, dict) else None
    return told_or_now(round(told * _MILLISECOND) if told is not None and 0 < told < _LATEST else 0, now)


def _require_owner(health: DeviceHealth, device_key: int) -> None:
    if health.device_key != device_key:
        raise InvalidInput(reason=f"health record {health.key} is of another device than the one that is named.")


def _record(health: DeviceHealth) -> DeviceHealthRecord:
    return DeviceHealthRecord.model_construct(
        key=health.key,
        device_id=health.device_key,
        health_date=health.health_date,
        health_json=health.health_json,
        creation_date=health.created,
    )
