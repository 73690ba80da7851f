"""The start of this device: finds the mode, fires the start-up preset, then keeps what must outlast the database."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NoReturn

from agent.startup.incidents import note_incidents
from agent.startup.keeping import keep
from agent.startup.link import announce
from agent.startup.sealed import SealedState
from agent.upstream.client import SignedClient
from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError, Kind
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.bindings import NotBindable
from presets_store.rules.event import Event
from presets_store.rules.startup import Again, Binding, Link, LinkState, Mode, RunNote, may_fire, mode_later, plan
from presets_store.rules.workflow import workflow_of
from presets_store.services import Services
from presets_store.services.restoring.restore import Incident
from presets_store.services.wakeups import Signal, any_signalled
from presets_store.storage import DatabaseDamaged
from presets_store.storage.events import find_event_by_uuid

logger = logging.getLogger(__name__)

KEEP_EVERY = 10.0
RETRY_AFTER = 2.0
SETTINGS_WITHIN = 5.0
"""Seconds that a binding which was accepted before the last end has to reach the sealed cache."""
_LOOK_EVERY = 0.1

SEALED = "sealed cache"
DATABASE = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What this start came to, for `status`. `source`: where the standalone preset was read from.

    `since`: monotonic seconds since which the mode is what it is.
    """

    mode: Mode = Mode.STARTING
    reason: str = "the upstream is being tried"
    link: Link = field(default_factory=lambda: Link(LinkState.UNKNOWN))
    binding: Binding | None = None
    preset_key: int = 0
    preset_name: str = ""
    event_key: int = 0
    source: str = ""
    note: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What this start finds. `grace` in seconds; `database_lost`: it was damaged or gone and is a fresh one now."""

    serial: str
    boot_id: str
    grace: float
    database_lost: bool


class Starting:
    """One start of the agent. `started` is always the newest knowledge; `fired` is set when nothing more will fire."""

    def __init__(
        self,
        services: Services,
        sealed: SealedState,
        clock: Clock,
        client: SignedClient | None,
        found: Circumstances,
    ) -> None:
        self._services = services
        self._sealed = sealed
        self._clock = clock
        self._client = client
        self._found = found
        self._watched: RunNote | None = None
        self.started = Started(since=clock.monotonic())
        self.fired = asyncio.Event()

    async def run(self) -> NoReturn:
        """Until cancelled: the start, again while the store is in trouble, then the keeping. Raises DatabaseDamaged."""
        while not self.fired.is_set():
            try:
                await self._start()
            except DatabaseDamaged:  # no waiting helps: the agent is built anew, on a fresh one
                raise
            except CuelightError as error:
                if error.kind is not Kind.UNAVAILABLE:
                    await self._cannot_fire(error)
                    break
                logger.error("start-up waits: %s", error, extra={"code": error.code})
                await self._clock.sleep(RETRY_AFTER)
        self.fired.set()
        with self._services.wakeups.listening(self._services.own_device.key) as changed:
            while True:
                self._services.keys.changed.clear()
                await self.keep()
                await self._await_news(changed, KEEP_EVERY)

    def link_is(self, state: LinkState, upstream: str) -> None:
        """The upstream, so called, can be reached, or not, after the start: the mode follows."""
        later = mode_later(self.started.mode, state, upstream)
        if later is not None:
            mode, reason = later
            self.started = replace(self.started, mode=mode, reason=reason, since=self._clock.monotonic())
            logger.info("mode is %s: %s", mode, reason)

    def began(self, event: Event) -> Binding | None:
        """The binding whose preset began this event in this boot, itself or as a step of a workflow; None for none."""
        note = self._watched
        if note is None or note.boot_id != self._found.boot_id:
            return None
        return note.binding if note.event_uuid in (event.uuid, workflow_of(event)) else None

    async def keep(self) -> None:
        """Keeps what must outlast the database; put off while it cannot be written."""
        with self._put_off():
            await keep(self._sealed, self._services.database, self._clock)
            await self._note_end()

    async def _await_news(self, changed: Signal, seconds: float) -> None:
        """Waits so long, or until an access key has changed; notes the end of what start-up fired as it comes."""
        until = self._clock.monotonic() + seconds
        keys = self._services.keys.changed
        while not keys.is_set():
            signals = (keys, changed) if self._runs else (keys,)
            if not await any_signalled(signals, self._clock, until - self._clock.monotonic()):
                return
            changed.clear()
            with self._put_off():
                await self._note_end()

    @contextmanager
    def _put_off(self) -> Iterator[None]:
        try:
            yield
        except CuelightError as error:
            logger.error("what must outlast the database is kept later: %s", error, extra={"code": error.code})

    async def _start(self) -> None:
        found = self._found
        link = await announce(self._client, found.serial, found.boot_id, grace=found.grace, clock=self._clock)
        await self._settings_arrived()
        standalone, source = await self._standalone()
        await self._tell_unreadable()
        online = await self._services.startup.online_of(self._services.own_device.key)
        decided = plan(
            link, online_bound=online is not None, standalone_bound=standalone is not None, grace=found.grace
        )
        told = Started(mode=decided.mode, reason=decided.reason, link=link, binding=decided.fires, note=decided.note)
        if decided.fires is Binding.ONLINE and online is not None:
            told = replace(told, preset_key=online.key, preset_name=online.event_preset_name, source=DATABASE)
        elif decided.fires is Binding.STANDALONE and standalone is not None:
            told = replace(told, preset_key=standalone.key, preset_name=standalone.event_preset_name, source=source)
        self.started = replace(await self._fired(told, standalone), since=self._clock.monotonic())
        self.fired.set()
        _tell(self.started)

    async def _settings_arrived(self) -> None:
        """Waits for a binding (or its end) that was accepted before and is just being carried out."""
        setting = find_event_type("Device_Update_setting").id
        deadline = self._clock.monotonic() + SETTINGS_WITHIN
        while self._clock.monotonic() < deadline:
            unfinished = await self._services.events.unfinished(self._services.own_device.key)
            if not any(event.event_type_id == setting for event in unfinished):
                return
            await self._clock.sleep(_LOOK_EVERY)

    async def _standalone(self) -> tuple[StandalonePreset | None, str]:
        """The preset for a start without network, and where it was read: the sealed cache, else the database's copy."""
        kept = self._sealed.standalone()
        if kept is not None and (self._found.database_lost or not await self._overruled(kept)):
            return kept, SEALED
        copy = await self._copy()
        if copy is not None or kept is not None:
            await self._seal_anew(copy, kept)
        return copy, DATABASE if copy is not None else ""

    async def _overruled(self, kept: StandalonePreset) -> bool:
        """Whether a sound database says otherwise: what it had sent to the cache did not arrive there."""
        try:
            return await self._services.startup.overrules(kept)
        except NotBindable:
            return False  # a member of the workflow is gone; the whole one that is kept still runs

    async def _copy(self) -> StandalonePreset | None:
        """The database's own; None when none is bound, or it cannot be run any more, which is told."""
        try:
            return await self._services.startup.standalone_of(self._services.own_device.key)
        except NotBindable as error:
            await self._note("startup_preset_refused", f"the standalone preset cannot be run: {error.message}")
            return None

    async def _seal_anew(self, copy: StandalonePreset | None, kept: StandalonePreset | None) -> None:
        try:
            await self._sealed.set_standalone(copy)
        except CuelightError as error:  # it runs all the same; the next start tries again
            logger.error("the standalone preset is not sealed anew: %s", error, extra={"code": error.code})
            return
        await self._note("standalone_resealed", _resealed(copy, kept))

    async def _fired(self, told: Started, standalone: StandalonePreset | None) -> Started:
        """Fires what was decided on, at most once per boot; what is to be told then."""
        if told.binding is None:
            return told
        boot, note = self._found.boot_id, self._sealed.run_note()
        again = may_fire(note, boot_id=boot, database_lost=await self._lost(note))
        if note is not None and again is Again.ENDED:
            ran = f"the {note.binding} preset ran in this boot already, before the database was lost"
            return replace(told, note=ran)
        startup, repeat = self._services.startup, again is Again.FIRE
        if told.binding is Binding.ONLINE or standalone is None:
            event = await startup.fire_online(boot, again=repeat)
        else:
            event = await startup.fire_standalone(boot, standalone, again=repeat)
        if event is None:
            self._watched = note
            return replace(told, note="it was fired in this boot already")
        self._watched = RunNote(boot, told.binding, event.uuid, ended=False)
        try:
            await self._sealed.note_run(self._watched)
        except CuelightError as error:  # it has fired, and must not again; `keep` tries again
            logger.error("what start-up fired is noted later: %s", error, extra={"code": error.code})
        return replace(told, event_key=event.key)

    async def _lost(self, note: RunNote | None) -> bool:
        """Whether the database was lost, before this start or before an earlier one of this boot that fired nothing."""
        if self._found.database_lost or note is None or not note.ended or note.boot_id != self._found.boot_id:
            return self._found.database_lost
        return await self._event_of(note) is None

    async def _cannot_fire(self, error: CuelightError) -> None:
        """The preset is none that this release can run."""
        self.started = replace(self.started, note=f"the start-up preset cannot be run: {error.message}")
        if self.started.mode is Mode.STARTING:
            now = self._clock.monotonic()
            self.started = replace(self.started, mode=Mode.STANDALONE, reason="starting failed", since=now)
        await self._note("startup_preset_refused", f"the start-up preset cannot be run: {error.message}")

    async def _note_end(self) -> None:
        """Notes what start-up fired, and whether it has ended: should the database be lost, it is not run twice."""
        note = self._watched
        if note is None or note.boot_id != self._found.boot_id:
            return
        event = None if note.ended else await self._event_of(note)
        if event is not None and event.event_status.terminal:
            note = self._watched = replace(note, ended=True)
        await self._sealed.note_run(note)

    async def _event_of(self, note: RunNote) -> Event | None:
        return await self._services.database.read(lambda connection: find_event_by_uuid(connection, note.event_uuid))

    async def _tell_unreadable(self) -> None:
        for name in self._sealed.unreadable():
            await self._note("sealed_entry_unreadable", f"the sealed entry {name!r} could not be read and is not used")

    async def _note(self, code: str, message: str) -> None:
        try:
            await note_incidents(self._services.database, [Incident(code, message, micros(self._clock.now()))])
        except DatabaseDamaged:
            raise
        except CuelightError as error:  # it was logged; the start goes on without
            logger.error("an incident was not kept: %s", error, extra={"code": error.code})

    @property
    def _runs(self) -> bool:
        """Whether what start-up fired in this boot has not ended, as far as is known."""
        note = self._watched
        return note is not None and not note.ended and note.boot_id == self._found.boot_id


def _resealed(copy: StandalonePreset | None, kept: StandalonePreset | None) -> str:
    if copy is None:
        return "the sealed cache held a standalone preset that is not bound any more; it was taken out"
    found = "did not hold the standalone preset" if kept is None else "held another state of the standalone preset"
    return f"the sealed cache {found}; the database's copy is used, and sealed anew"


def _tell(started: Started) -> None:
    logger.info("mode is %s: %s", started.mode, started.reason)
    if started.binding is None:
        logger.info("no start-up preset runs: %s", started.note)
    else:
        logger.info(
            "start-up preset %d (%s, %s): %s",
            started.preset_key,
            started.preset_name,
            started.binding,
            started.note or f"event {started.event_key}",
        )
