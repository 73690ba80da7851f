"""Analytic cases: what is looked for in the pictures of cameras."""

import json
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, true

from presets_store.errors import CuelightError, Kind
from presets_store.ids import uuid7
from presets_store.protocol.errors import FieldProblem
from presets_store.protocol.scripts.analytics import (
    AnalyticCaseBody,
    AnalyticCasePage,
    AnalyticCaseRecord,
    AnalyticCasesQuery,
)
from presets_store.protocol.scripts.pages import page_frame
from presets_store.rules.permissions import Permission
from presets_store.rules.scripts.analytics import (
    AnalyticCaseInvalid,
    check_zones,
    complete_options,
    zones_json,
    zones_of,
)
from presets_store.services.caller import Caller
from presets_store.services.reach import in_reach, reached_row
from presets_store.services.unit import Unit, Units
from presets_store.services.wakeups import Signal
from presets_store.storage.cameras import cameras_where
from presets_store.storage.records import Camera
from presets_store.storage.scripts.analytics import (
    count_cases,
    delete_case,
    get_case,
    get_case_for_update,
    insert_case,
    list_cases,
    update_case,
)
from presets_store.storage.scripts.records import AnalyticCase, ScriptStatus
from presets_store.storage.scripts.tables import analytic_cases
from presets_store.storage.tables import cameras

MOST_CASES: Final = 16
"""Of one camera: each looks at every picture."""

_SECOND: Final = 1_000_000


class CaseMirrored(CuelightError):
    """The case comes from the device's hub, which is where it is changed."""

    code = "analytic_case_mirrored"
    kind = Kind.CONFLICT
    template = "Analytic case {key} comes from the hub: change it there, and this device will have it."


class TooManyCases(CuelightError):
    """The camera has as many cases as it takes."""

    code = "too_many_analytic_cases"
    kind = Kind.CONFLICT
    template = "Camera {key} has {limit} analytic cases already: delete one first."


class AnalyticsService:
    """Cases by key. Who may edit a camera's device may edit them."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self.changed = Signal()
        """Set after each change of a case in this process; to be cleared before they are read."""

    async def create(self, caller: Caller, body: AnalyticCaseBody) -> AnalyticCaseRecord:
        """Raises Forbidden, AnalyticCaseInvalid, TooManyCases."""

        def add(unit: Unit) -> AnalyticCaseRecord:
            new = AnalyticCase(
                uuid=uuid7(unit.now / _SECOND),
                device_key=0,
                camera_key=0,
                analytic_type="",
                created=unit.now,
                created_by=caller.name,
            )
            wanted = _filled(unit, new, body)
            _refuse_too_many(unit.connection, wanted.camera_key)
            return self._written(unit, insert_case(unit.connection, wanted))

        return await self._units.write(caller, add)

    async def get(self, caller: Caller, key: int) -> AnalyticCaseRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> AnalyticCase:
            return reached_row(connection, caller, Permission.READ, get_case(connection, key), "analytic case", key)

        return case_record(await self._units.read(find))

    async def cases_of(self, device_key: int) -> list[AnalyticCase]:
        """For the agent: the active cases of the device, those of its upstream too, oldest first."""
        active = (analytic_cases.c.device_key == device_key, analytic_cases.c.status == ScriptStatus.ACTIVE)
        return await self._units.read(lambda connection: list_cases(connection, *active))

    async def page(self, caller: Caller, query: AnalyticCasesQuery, path: str) -> AnalyticCasePage:
        """Those within reach, oldest first. `path`: the list's address. Raises Forbidden."""
        caller.principal.require(Permission.READ)
        of_camera = analytic_cases.c.camera_key == query.camera_id if query.camera_id else true()
        where = (in_reach(caller, analytic_cases.c.device_key), of_camera)
        start = (query.page - 1) * query.per_page

        def find(connection: Connection) -> AnalyticCasePage:
            found = list_cases(connection, *where, limit=query.per_page, offset=start)
            frame = page_frame(path, query, len(found), count_cases(connection, *where))
            return AnalyticCasePage(data=[case_record(case) for case in found], **frame)

        return await self._units.read(find)

    async def update(self, caller: Caller, key: int, body: AnalyticCaseBody) -> AnalyticCaseRecord:
        """The whole case anew. Raises NotFound, Forbidden, AnalyticCaseInvalid, CaseMirrored, TooManyCases."""

        def change(unit: Unit) -> AnalyticCaseRecord:
            before = _own_case(unit, key)
            after = _filled(unit, before, body)
            if after.camera_key != before.camera_key:
                _refuse_too_many(unit.connection, after.camera_key)
            update_case(unit.connection, before, after)
            return self._written(unit, after)

        return await self._units.write(caller, change)

    async def delete(self, caller: Caller, key: int) -> None:
        """Raises NotFound, Forbidden, CaseMirrored."""

        def remove(unit: Unit) -> None:
            delete_case(unit.connection, _own_case(unit, key).key)
            unit.afterwards.append(self.changed.set)

        await self._units.write(caller, remove)

    def _written(self, unit: Unit, case: AnalyticCase) -> AnalyticCaseRecord:
        unit.afterwards.append(self.changed.set)
        return case_record(case)


def case_record(case: AnalyticCase) -> AnalyticCaseRecord:
    return AnalyticCaseRecord(
        id=case.key,
        device_id=case.device_key,
        camera_id=case.camera_key,
        analytic_type=case.analytic_type,
        name=case.name,
        zones=json.loads(case.zones),
        options=json.loads(case.options),
        status=case.status.value,
        created_at=case.created,
        updated_at=case.modified,
    )


def _filled(unit: Unit, case: AnalyticCase, body: AnalyticCaseBody) -> AnalyticCase:
    """The case as the body has it. Raises Forbidden, AnalyticCaseInvalid."""
    camera = _camera(unit, body.camera_id)
    options = complete_options(body.analytic_type, body.options)
    zones = zones_of([zone.dump() for zone in body.zones])
    check_zones(body.analytic_type, zones)
    return replace(
        case,
        device_key=camera.device_key,
        camera_key=camera.key,
        analytic_type=body.analytic_type,
        name=body.name,
        zones=json.dumps(zones_json(zones), ensure_ascii=False),
        options=json.dumps(options, sort_keys=True),
        status=ScriptStatus(body.status),
        modified=unit.now,
        modified_by=unit.caller.name,
    )


def _camera(unit: Unit, key: int) -> Camera:
    unit.caller.principal.require(Permission.EDIT)
    within = in_reach(unit.caller, cameras.c.device_key)
    found = cameras_where(unit.connection, cameras.c.key == key, within, limit=1)
    if not found:
        problem = FieldProblem("camera_id", "is not known", "the key of a camera that is within reach")
        raise AnalyticCaseInvalid([problem])
    return found[0]


def _own_case(unit: Unit, key: int) -> AnalyticCase:
    """Locked. Raises NotFound, Forbidden, CaseMirrored."""
    found = get_case_for_update(unit.connection, key)
    case = reached_row(unit.connection, unit.caller, Permission.EDIT, found, "analytic case", key)
    if case.upstream:
        raise CaseMirrored(key=key)
    return case


def _refuse_too_many(connection: Connection, camera_key: int) -> None:
    if count_cases(connection, analytic_cases.c.camera_key == camera_key) >= MOST_CASES:
        raise TooManyCases(key=camera_key, limit=MOST_CASES)
