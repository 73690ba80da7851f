"""Scripts: kept, shown and changed in both generations of the contract, which are two views of one record."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from presets_store.ids import uuid7
from presets_store.protocol.errors import FieldProblem
from presets_store.protocol.scripts.pages import PageQuery, page_frame
from presets_store.protocol.scripts.scripts import (
    AdminScript,
    AdminScriptPage,
    AdminScriptRecord,
    ClientScript,
    ClientScriptPage,
    ClientScriptRecord,
)
from presets_store.rules.permissions import Permission
from presets_store.rules.scripts.catalogue import CatalogueEvent
from presets_store.rules.scripts.errors import BadScript
from presets_store.rules.scripts.working_time import WorkingTime
from presets_store.sealing import SealBroken
from presets_store.services.caller import Caller
from presets_store.services.scripts.catalogue import event_named
from presets_store.services.scripts.checking import Checks
from presets_store.services.scripts.errors import ScriptMirrored, TooManyScripts
from presets_store.services.scripts.extras import NOTHING, Extra, checked_extra
from presets_store.services.scripts.reached import keys_in_reach, reached_script
from presets_store.services.scripts.wire import Surroundings, admin_script, client_script
from presets_store.services.sealed.scripts import ScriptSecrets
from presets_store.services.unit import Unit, Units
from presets_store.storage.scripts.recipients import get_users
from presets_store.storage.scripts.records import Script, ScriptStatus
from presets_store.storage.scripts.scripts import (
    count_scripts,
    delete_scripts,
    get_scripts,
    insert_script,
    update_script,
)

MOST_SCRIPTS: Final = 2000
"""Of one store: each trigger looks at those of its event."""

Body = AdminScript | ClientScript
Record = TypeVar("Record", AdminScriptRecord, ClientScriptRecord)

logger = logging.getLogger(__name__)


class ScriptsService:
    """Scripts by key. `problems` are what reading the body has found wrong already: all is told at once."""

    def __init__(self, units: Units, secrets: ScriptSecrets, zone: ZoneInfo) -> None:
        self._units = units
        self._secrets = secrets
        self._zone = zone

    async def create_admin(
        self, caller: Caller, body: AdminScript, problems: Sequence[FieldProblem] = ()
    ) -> AdminScriptRecord:
        """Raises Forbidden, BadScript, TooManyScripts."""
        return await self._units.write(
            caller, lambda unit: self._admin(unit.connection, self._add(unit, body, problems))
        )

    async def create(
        self, caller: Caller, body: ClientScript, problems: Sequence[FieldProblem] = ()
    ) -> ClientScriptRecord:
        """Raises Forbidden, BadScript, TooManyScripts."""
        return await self._units.write(
            caller, lambda unit: self._client(unit.connection, self._add(unit, body, problems))
        )

    async def update_admin(
        self, caller: Caller, key: int, body: AdminScript, problems: Sequence[FieldProblem] = ()
    ) -> AdminScriptRecord:
        """What this generation cannot say stays as it is. Raises Forbidden, NotFound, BadScript, ScriptMirrored."""
        return await self._units.write(
            caller, lambda unit: self._admin(unit.connection, self._change(unit, key, body, problems))
        )

    async def update(
        self, caller: Caller, key: int, body: ClientScript, problems: Sequence[FieldProblem] = ()
    ) -> ClientScriptRecord:
        """Raises Forbidden, NotFound, BadScript, ScriptMirrored."""
        return await self._units.write(
            caller, lambda unit: self._client(unit.connection, self._change(unit, key, body, problems))
        )

    async def get_admin(self, caller: Caller, key: int) -> AdminScriptRecord:
        """Raises Forbidden, NotFound."""
        return await self._units.read(
            lambda connection: self._admin(connection, reached_script(connection, caller, Permission.READ, key))
        )

    async def get(self, caller: Caller, key: int) -> ClientScriptRecord:
        """Raises Forbidden, NotFound."""
        return await self._units.read(
            lambda connection: self._client(connection, reached_script(connection, caller, Permission.READ, key))
        )

    async def page_admin(self, caller: Caller, query: PageQuery, path: str) -> AdminScriptPage:
        """A page, oldest first; `path` is the list's address. Raises Forbidden."""
        records, total = await self._found(caller, query, admin_script)
        return AdminScriptPage(data=records, **page_frame(path, query, len(records), total))

    async def page(self, caller: Caller, query: PageQuery, path: str) -> ClientScriptPage:
        """A page, oldest first; `path` is the list's address. Raises Forbidden."""
        records, total = await self._found(caller, query, self._client_record)
        return ClientScriptPage(data=records, **page_frame(path, query, len(records), total))

    async def delete(self, caller: Caller, key: int) -> None:
        """Raises Forbidden, NotFound, ScriptMirrored."""

        def remove(unit: Unit) -> None:
            script = reached_script(unit.connection, caller, Permission.EDIT, key, locked=True)
            delete_scripts(unit.connection, [_own(script)])

        await self._units.write(caller, remove)

    async def delete_many(self, caller: Caller, keys: Sequence[int]) -> None:
        """All of them, or none. Raises Forbidden, ScriptMirrored, BadScript for what is no script in reach."""
        caller.principal.require(Permission.EDIT)

        def remove(unit: Unit) -> None:
            reached = set(keys_in_reach(unit.connection, caller))
            unknown = [place for place, key in enumerate(keys) if key not in reached]
            if unknown:
                raise BadScript([FieldProblem(f"ids.{place}", "is no script", "the id of one") for place in unknown])
            delete_scripts(unit.connection, map(_own, get_scripts(unit.connection, keys)))

        await self._units.write(caller, remove)

    def _add(self, unit: Unit, body: Body, problems: Sequence[FieldProblem]) -> Script:
        unit.caller.principal.require(Permission.EDIT)
        fields = self._checked(unit, body, problems, None)
        if count_scripts(unit.connection) >= MOST_SCRIPTS:
            raise TooManyScripts(limit=MOST_SCRIPTS)
        new = Script(
            **fields,
            uuid=uuid7(unit.now / 1e6),
            created=unit.now,
            modified=unit.now,
            created_by=unit.caller.name,
            modified_by=unit.caller.name,
        )
        return insert_script(unit.connection, new)

    def _change(self, unit: Unit, key: int, body: Body, problems: Sequence[FieldProblem]) -> Script:
        before = _own(reached_script(unit.connection, unit.caller, Permission.EDIT, key, locked=True))
        fields = self._checked(unit, body, problems, before)
        after = replace(before, **fields, modified=unit.now, modified_by=unit.caller.name)
        update_script(unit.connection, before, after)
        return after

    def _checked(
        self, unit: Unit, body: Body, problems: Sequence[FieldProblem], before: Script | None
    ) -> dict[str, Any]:
        """The columns that the body gives. Raises Forbidden, BadScript."""
        checks = Checks(unit.connection, unit.caller, list(problems))
        event, reaction = checks.event(body.event_id), checks.reaction(body.reaction_id or 0)
        fields = {"reaction": reaction, "users": checks.users(body.users, json.loads(before.users) if before else ())}
        wanted = body.extra if isinstance(body, ClientScript) else None
        if isinstance(body, ClientScript):
            fields |= self._of_client(checks, body, before)
        else:
            fields |= self._of_admin(checks, body, before, event)
        kept = NOTHING if before is None else self._extra(before)
        extra = kept if checks.knows("extra") else checked_extra(checks, wanted, kept, reaction, event)
        checks.refuse()
        sealed = before.sealed_extra if before and extra.secrets == kept.secrets else self._secrets.seal(extra.secrets)
        return {
            **fields,
            "event_name": event.name if event else "",
            "extra": json.dumps(extra.plain, ensure_ascii=False),
            "sealed_extra": sealed,
        }

    def _of_client(self, checks: Checks, body: ClientScript, before: Script | None) -> dict[str, Any]:
        cooldown = body.cooldown_seconds
        if cooldown is None:
            cooldown = before.cooldown_seconds if before else 0
        was = WorkingTime.from_json(before.working_time if before else "")
        given = was if body.timetable == was.timetable() else checks.timetable(body.timetable)
        return {
            "title": body.title,
            "status": ScriptStatus(body.status),
            "cameras": checks.cameras_for(body.cameras),
            "working_time": given.to_json() if given else "",
            "cooldown_seconds": cooldown,
        }

    def _of_admin(
        self, checks: Checks, body: AdminScript, before: Script | None, event: CatalogueEvent | None
    ) -> dict[str, Any]:
        was = WorkingTime.from_json(before.working_time if before else "")
        unchanged = body.schedule == was.schedule(self._zone, self._today())
        given = was if unchanged else checks.schedule(body.schedule)
        fields = {"working_time": given.to_json() if given else ""}
        if before is None:  # this generation has no title, and no cameras but all
            fields |= {"title": event.description or event.name if event else "", "cameras": checks.cameras_for(None)}
        return fields

    async def _found(
        self, caller: Caller, query: PageQuery, record: Callable[[Script, Surroundings], Record]
    ) -> tuple[list[Record], int]:
        """The records of a page, and how many there are in all."""

        def find(connection: Connection) -> tuple[list[Script], Surroundings, int]:
            keys = keys_in_reach(connection, caller)
            first = (query.page - 1) * query.per_page
            there = get_scripts(connection, keys[first : first + query.per_page])
            return there, self._around(connection, there), len(keys)

        scripts, around, total = await self._units.read(find)
        # Half a millisecond each: too long for the event loop.
        return await asyncio.to_thread(lambda: [record(script, around) for script in scripts]), total

    def _admin(self, connection: Connection, script: Script) -> AdminScriptRecord:
        return admin_script(script, self._around(connection, [script]))

    def _client(self, connection: Connection, script: Script) -> ClientScriptRecord:
        return self._client_record(script, self._around(connection, [script]))

    def _client_record(self, script: Script, around: Surroundings) -> ClientScriptRecord:
        return client_script(script, self._extra(script).secrets, around)

    def _extra(self, script: Script) -> Extra:
        try:
            secrets = self._secrets.open(script)
        except SealBroken as broken:  # who looks sees that there is none, and gives it anew
            logger.error("the secrets of script %d are of no use: %s", script.key, broken)
            secrets = {}
        return Extra(json.loads(script.extra), secrets)

    def _around(self, connection: Connection, scripts: Sequence[Script]) -> Surroundings:
        names = {script.event_name for script in scripts}
        events = {event.name: event for name in names if (event := event_named(connection, name))}
        users = get_users(connection, {key for script in scripts for key in json.loads(script.users)})
        return Surroundings(events, users, self._zone, self._today())

    def _today(self) -> date:
        return datetime.fromtimestamp(self._units.now() / 1e6, UTC).astimezone(self._zone).date()


def _own(script: Script) -> Script:
    """Raises ScriptMirrored for one that is changed elsewhere."""
    if script.upstream:
        raise ScriptMirrored(key=script.key)
    return script
