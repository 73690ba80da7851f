"""What an upstream keeps in a device's own store: its scripts, cases and channels, put there whole or not at all."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection

from presets_store.delivery.urls import shown_url
from presets_store.errors import CuelightError
from presets_store.protocol.scripts.mirroring import (
    DeviceScripts,
    MirroredCase,
    MirroredChannel,
    MirroredEvent,
    MirroredScript,
)
from presets_store.rules.scripts.analytics import check_zones, complete_options, zones_of
from presets_store.rules.scripts.catalogue import EVENTS_BY_NAME
from presets_store.rules.scripts.working_time import WorkingTime
from presets_store.sealing import SealBroken
from presets_store.services.caller import INSIDE
from presets_store.services.unit import Unit, Units
from presets_store.services.wakeups import Signal
from presets_store.storage.cameras import list_cameras
from presets_store.storage.meta import get_meta, set_meta
from presets_store.storage.scripts.mirror import (
    Mirrored,
    add_event,
    add_mirrored,
    change_mirrored,
    has_uuid,
    mirrored,
    of_other_upstreams,
    remove_mirrored,
)
from presets_store.storage.scripts.records import AnalyticCase, Channel, Script, ScriptEvent, ScriptStatus

logger = logging.getLogger(__name__)

_OF: Final = "scripts.mirror.of"
_VERSION: Final = "scripts.mirror.version"
_KEPT: Final = ("key", "created", "modified", "created_by", "modified_by")
"""What a row has of its own."""

Given = TypeVar("Given", MirroredScript, MirroredCase, MirroredChannel)


class SealsUrls(Protocol):
    """What keeps the addresses of channels."""

    def url_of(self, channel: Channel) -> str: ...

    def sealed(self, url: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """Whose scripts are here, "" for nobody's, and in which version."""

    upstream: str
    version: str


class MirroredService:
    """The device's side of mirrored scripts."""

    def __init__(self, units: Units, urls: SealsUrls, cases_changed: Signal) -> None:
        self._units = units
        self._urls = urls
        self._cases_changed = cases_changed

    async def kept(self) -> Kept:
        """What is here now."""

        def find(connection: Connection) -> Kept:
            return Kept(get_meta(connection, _OF) or "", get_meta(connection, _VERSION) or "")

        return await self._units.read(find)

    async def apply(self, of: Kept, given: DeviceScripts, device_key: int) -> None:
        """Makes the store hold what `given` says, and nothing else of any upstream: all of it, or nothing.

        What this release does not understand is left out, with a warning.
        """

        def apply(unit: Unit) -> None:
            _Application(unit, of.upstream, device_key, self._urls).run(given)
            set_meta(unit.connection, _OF, of.upstream)
            set_meta(unit.connection, _VERSION, of.version)
            unit.afterwards.append(self._cases_changed.set)

        await self._units.write(INSIDE, apply)

    async def forget_others(self, upstream: str) -> None:
        """Removes what another upstream than this one has left here; "" for none at all."""
        kept = await self.kept()
        if kept.upstream in ("", upstream):
            return

        def forget(unit: Unit) -> None:
            set_meta(unit.connection, _OF, "")
            set_meta(unit.connection, _VERSION, "")
            _forget_others(unit.connection, upstream)
            unit.afterwards.append(self._cases_changed.set)

        await self._units.write(INSIDE, forget)
        logger.info("the scripts of an earlier upstream are gone from here")


class _Application:
    """One write of all that an upstream keeps here."""

    def __init__(self, unit: Unit, upstream: str, device_key: int, urls: SealsUrls) -> None:
        self._unit = unit
        self._upstream = upstream
        self._device_key = device_key
        self._urls = urls
        self._cameras = {camera.camera_id: camera.key for camera in list_cameras(unit.connection, device_key)}

    def run(self, given: DeviceScripts) -> None:
        _forget_others(self._unit.connection, self._upstream)
        for event in given.events:
            self._add_event(event)
        self._put(Script, _understood(given.scripts, self._script))
        self._put(AnalyticCase, _understood(given.cases, self._case))
        known = {channel.uuid: channel for channel in mirrored(self._unit.connection, Channel, self._upstream)}
        self._put(Channel, _understood(given.channels, lambda channel: self._channel(channel, known)))

    def _add_event(self, event: MirroredEvent) -> None:
        if event.name not in EVENTS_BY_NAME:
            new = ScriptEvent(
                name=event.name,
                description=event.description,
                color=event.color,
                analytic_type=event.analytic_type,
                created=self._unit.now,
                created_by=self._unit.caller.name,
            )
            add_event(self._unit.connection, new)

    def _script(self, given: MirroredScript) -> Script | None:
        WorkingTime.from_json(given.working_time)  # raises what is wrong with it
        extra = json.loads(given.extra or "{}")
        if given.preset is not None:
            extra["preset"] = given.preset.dump()
        keys = self._cameras_of(given)
        if keys == []:  # none of its cameras is here any more; an empty list would be every camera
            return None
        return Script(
            uuid=str(given.script_uuid),
            title=given.title,
            status=ScriptStatus(given.status),
            event_name=given.event_name,
            reaction=given.reaction,
            users=json.dumps(given.users),
            cameras="" if keys is None else json.dumps(keys),
            working_time=given.working_time,
            extra=json.dumps(extra, ensure_ascii=False),
            cooldown_seconds=given.cooldown_seconds,
            upstream=self._upstream,
            remote_id=given.key,
        )

    def _cameras_of(self, given: MirroredScript) -> list[int] | None:
        if given.camera_ids is None:
            return None
        return [self._cameras[name] for name in given.camera_ids if name in self._cameras]

    def _case(self, given: MirroredCase) -> AnalyticCase | None:
        """None for a camera that this device does not have. Raises AnalyticCaseInvalid."""
        if given.camera_id not in self._cameras:
            return None
        check_zones(given.analytic_type, zones_of(json.loads(given.zones)))
        options = complete_options(given.analytic_type, json.loads(given.options))
        return AnalyticCase(
            uuid=str(given.case_uuid),
            device_key=self._device_key,
            camera_key=self._cameras[given.camera_id],
            analytic_type=given.analytic_type,
            name=given.name,
            zones=given.zones,
            options=json.dumps(options, sort_keys=True),
            status=ScriptStatus(given.status),
            upstream=self._upstream,
            remote_id=given.key,
        )

    def _channel(self, given: MirroredChannel, known: Mapping[str, Channel]) -> Channel:
        """With its address sealed as it was, if it is the same: each sealing makes another text."""
        before = known.get(str(given.channel_uuid))
        sealed = before.sealed_url if before is not None and self._leads_to(before, given.url) else ""
        return Channel(
            uuid=str(given.channel_uuid),
            user_key=given.user_id,
            user_name=given.user_name,
            name=given.name,
            sealed_url=sealed or self._urls.sealed(given.url),
            shown=shown_url(given.url),
            device_may_send=True,
            quiet=given.quiet,
            upstream=self._upstream,
            remote_id=given.key,
        )

    def _leads_to(self, channel: Channel, url: str) -> bool:
        try:
            return self._urls.url_of(channel) == url
        except SealBroken:
            return False

    def _put(self, kind: type[Mirrored], wanted: Iterable[Mirrored]) -> None:
        """Makes the table's rows of the upstream be these; what is the same already is not written."""
        connection, now, by = self._unit.connection, self._unit.now, self._unit.caller.name
        before = {row.uuid: row for row in mirrored(connection, kind, self._upstream)}
        for row in wanted:
            old = before.pop(row.uuid, None)
            if old is None and has_uuid(connection, kind, row.uuid):
                logger.warning("a %s of the upstream is left out: another here has its uuid", kind.__name__)
            elif old is None:
                add_mirrored(connection, replace(row, created=now, modified=now, created_by=by, modified_by=by))
            else:
                kept = {name: getattr(old, name) for name in _KEPT}
                same = replace(row, **kept)
                if same != old:
                    change_mirrored(connection, old, replace(same, modified=now, modified_by=by))
        remove_mirrored(connection, list(before.values()))


def _forget_others(connection: Connection, upstream: str) -> None:
    remove_mirrored(connection, of_other_upstreams(connection, Script, upstream))
    remove_mirrored(connection, of_other_upstreams(connection, AnalyticCase, upstream))
    remove_mirrored(connection, of_other_upstreams(connection, Channel, upstream))


def _understood(given: Iterable[Given], read: Callable[[Given], Mirrored | None]) -> Iterator[Mirrored]:
    """Rows of what can be read here; a newer hub may know more than this release."""
    for each in given:
        try:
            row = read(each)
        except (CuelightError, ValueError, TypeError, LookupError) as error:
            logger.warning("%s %d of the upstream is left out: %r", type(each).__name__, each.key, error)
            continue
        if row is not None:
            yield row
