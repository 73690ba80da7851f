"""Start-up on a store or a sealed cache in trouble: what is bound runs, once, and nothing waits for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from fakes.served_store import SEALER, ServedStore

from agent.startup import starting
from agent.startup.keeping import keep, kept_of
from agent.startup.sealed import SealedState
from agent.startup.starting import Circumstances, Starting
from presets_store.cache import CacheUnwritable, SealedCache
from presets_store.protocol.presets import CreateEventPreset, StartupTarget
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.event import Event
from presets_store.rules.startup import Binding, RunNote
from presets_store.services import Services
from presets_store.services.caller import INSIDE
from presets_store.storage import DatabaseDamaged, StorageUnavailable
from presets_store.storage.events import list_events
from presets_store.storage.records import KeyStatus

BOOT = "boot-1"


@pytest.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[SealedState]:
    state, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    yield state
    await state.close()


@pytest.fixture
async def services(store: ServedStore) -> Services:
    """A device with a standalone preset, which nobody has sealed yet."""
    services = store.services
    body = CreateEventPreset(
        device_id=store.device,
        event_preset_name="night watch",
        event_type="Video_Test_event",
        event_parameters=json.dumps({"durationSeconds": 1}),
    )
    preset = await services.presets.create(INSIDE, body)
    await services.startup.bind(INSIDE, "standalone", preset.key, StartupTarget())
    await services.events.clear_pending(INSIDE, store.device)
    return services


def unwritable(_cache: SealedCache, _changes: object) -> NoReturn:
    """In place of `SealedCache.update`."""
    raise CacheUnwritable(folder="sealed", reason="database or disk is full")


def start(services: Services, sealed: SealedState, *, lost: bool = False) -> Starting:
    found = Circumstances(serial="1", boot_id=BOOT, grace=1, database_lost=lost)
    return Starting(services, sealed, services.clock, None, found)


async def until_fired(start: Starting) -> None:
    """Runs it until nothing more will fire; raises what it died of before, or in the first look at what to keep."""
    running = asyncio.ensure_future(start.run())
    waiting = asyncio.ensure_future(start.fired.wait())
    done, _ = await asyncio.wait({running, waiting}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    running.cancel()
    await asyncio.wait({running})
    assert done, "it waits for ever"
    if not running.cancelled():
        running.result()


async def fired(services: Services) -> list[Event]:
    events = await services.database.read(list_events)
    return [event for event in events if event.cause.startswith("startup:")]


async def preset_of(services: Services) -> StandalonePreset:
    assert services.own is not None
    preset = await services.startup.standalone_of(services.own.key)
    assert preset is not None
    return preset


async def test_the_databases_copy_runs_although_it_cannot_be_sealed(
    services: Services, sealed: SealedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SealedCache, "update", unwritable)
    begun = start(services, sealed)
    await until_fired(begun)
    (event,) = await fired(services)
    assert (begun.started.event_key, begun.started.source) == (event.key, "database")


async def test_what_cannot_be_noted_is_fired_once_all_the_same_and_noted_later(
    services: Services, sealed: SealedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed.set_standalone(await preset_of(services))
    await sealed.note_run(RunNote(BOOT, Binding.STANDALONE, "cut off, and gone with the database", ended=False))
    begun = start(services, sealed, lost=True)
    with monkeypatch.context() as full:
        full.setattr(SealedCache, "update", unwritable)
        await until_fired(begun)
    (event,) = await fired(services)
    assert begun.started.event_key == event.key
    await begun.keep()
    note = sealed.run_note()
    assert note is not None
    assert (note.event_uuid, note.ended) == (event.uuid, False)


async def test_what_ran_before_the_database_was_lost_does_not_run_at_the_restart_after_that(
    services: Services, sealed: SealedState
) -> None:
    await sealed.set_standalone(await preset_of(services))
    await sealed.note_run(RunNote(BOOT, Binding.STANDALONE, "complete, and gone with the database", ended=True))
    for lost in (True, False):
        begun = start(services, sealed, lost=lost)
        await until_fired(begun)
        assert begun.started.note == "the standalone preset ran in this boot already, before the database was lost"
    assert await fired(services) == []


async def test_a_damaged_database_is_not_waited_for(
    services: Services, sealed: SealedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def damaged(*_: Any, **__: Any) -> NoReturn:
        raise DatabaseDamaged(database="store.db", reason="malformed")

    monkeypatch.setattr(services.startup, "fire_standalone", damaged)
    with pytest.raises(DatabaseDamaged):
        await until_fired(start(services, sealed))


async def test_a_preset_that_cannot_run_ends_nothing_where_that_cannot_be_noted_either(
    services: Services, sealed: SealedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> NoReturn:
        raise StorageUnavailable(database="store.db", reason="database or disk is full")

    monkeypatch.setattr(starting, "note_incidents", full)
    await sealed.set_standalone(StandalonePreset(event_type_id=99_999))
    begun = start(services, sealed)
    await until_fired(begun)
    assert begun.started.note.startswith("the start-up preset cannot be run: ")


async def test_what_was_read_before_is_not_kept_over_what_was_read_later(
    store: ServedStore, sealed: SealedState
) -> None:
    database, held = store.services.database, asyncio.Event()

    class Slow:
        async def read(self, function: Any) -> Any:
            found = await database.read(function)
            await held.wait()
            return found

    slow: Any = Slow()
    earlier = asyncio.ensure_future(keep(sealed, slow, store.clock))
    await asyncio.sleep(0.05)
    (key,) = await store.services.keys.list(INSIDE)
    await store.services.keys.revoke(INSIDE, key.key)
    later = asyncio.ensure_future(keep(sealed, database, store.clock))
    await asyncio.wait({later}, timeout=0.2)
    held.set()
    await asyncio.gather(earlier, later)
    assert [kept.status for kept in kept_of(sealed).keys] == [KeyStatus.REVOKED]
