"""One start, without network: what fires when memory is lost, unreadable, or too new."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakes.served_store import SEALER, SERIAL, ServedStore, until
from sqlalchemy import Connection

from agent.startup.checking import watch_database
from agent.startup.incidents import incidents
from agent.startup.keeping import kept_of
from agent.startup.sealed import SealedState
from agent.startup.starting import Circumstances, Started, Starting
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.presets import CreateEventPreset, StartupTarget
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.event import Event
from presets_store.rules.startup import Binding, Mode, RunNote
from presets_store.services.caller import INSIDE
from presets_store.storage import DatabaseDamaged
from presets_store.storage.events import list_events

BOOT = "boot-1"
PRESET = StandalonePreset(key=3, event_preset_name="Stage", event_type_id=find_event_type("Video_Test_event").id)


@pytest.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[SealedState]:
    state, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    yield state
    await state.close()


@asynccontextmanager
async def start(store: ServedStore, sealed: SealedState, *, database_lost: bool = False) -> AsyncIterator[Started]:
    """What the start comes to; it goes on keeping until the end of the block."""
    found = Circumstances(serial=SERIAL, boot_id=BOOT, grace=1.0, database_lost=database_lost)
    starting = Starting(store.services, sealed, store.clock, None, found)
    running = asyncio.ensure_future(starting.run())
    try:
        await starting.fired.wait()
        yield starting.started
    finally:
        running.cancel()
        await asyncio.wait({running})


async def started(store: ServedStore, sealed: SealedState, *, database_lost: bool = False) -> Started:
    async with start(store, sealed, database_lost=database_lost) as found:
        return found


async def fired(store: ServedStore) -> list[Event]:
    events = await store.services.database.read(list_events)
    return [event for event in events if event.cause.startswith("startup:")]


async def codes(store: ServedStore) -> list[str]:
    return [incident.code for incident in await incidents(store.services.database)]


async def bound_online(store: ServedStore) -> None:
    body = CreateEventPreset(device_id=store.device, event_type="Video_Test_event")
    preset = await store.services.presets.create(INSIDE, body)
    await store.services.startup.bind(INSIDE, "online", preset.key, StartupTarget())


async def test_the_end_of_what_fired_is_kept_as_soon_as_it_comes(store: ServedStore, sealed: SealedState) -> None:
    await sealed.set_standalone(PRESET)
    async with start(store, sealed) as found:
        note = sealed.run_note()
        (event,) = await fired(store)
        assert note == RunNote(BOOT, Binding.STANDALONE, event.uuid, ended=False)
        await store.services.events.end(INSIDE, found.event_key)
        await until(lambda: (kept := sealed.run_note()) is not None and kept.ended)


@pytest.mark.parametrize("ended", [True, False])
async def test_after_the_loss_of_the_database_online_fires_again_only_if_it_was_cut_off(
    store: ServedStore, sealed: SealedState, ended: bool
) -> None:
    """The mark of the binding was saved; the event was not."""
    await bound_online(store)
    assert await store.services.startup.fire_online(BOOT) is not None
    await sealed.note_run(RunNote(BOOT, Binding.ONLINE, "the event that is lost", ended=ended))
    found = await started(store, sealed, database_lost=True)
    assert len(await fired(store)) == (1 if ended else 2)
    assert found.note == ("the online preset ran in this boot already, before the database was lost" if ended else "")


async def test_when_the_cache_is_lost_too_a_mark_that_was_saved_counts(store: ServedStore, sealed: SealedState) -> None:
    assert await store.services.startup.fire_standalone(BOOT, PRESET) is not None
    await sealed.set_standalone(PRESET)
    found = await started(store, sealed, database_lost=True)
    assert found.note == "it was fired in this boot already"
    assert len(await fired(store)) == 1


async def test_an_entry_that_cannot_be_read_is_told_and_keeps_nothing_from_starting(
    store: ServedStore, sealed: SealedState
) -> None:
    await sealed.keep({"startup.standalone": b"{}", "startup.run": b'{"boot_id": 1}'})
    await bound_online(store)
    found = await started(store, sealed)
    assert (found.mode, found.binding) == (Mode.STANDALONE, Binding.ONLINE)
    assert await codes(store) == ["sealed_entry_unreadable"]
    assert sealed.standalone() is None


async def test_a_preset_of_a_later_release_is_told_and_the_device_lives(
    store: ServedStore, sealed: SealedState
) -> None:
    await sealed.set_standalone(PRESET.model_copy(update={"event_type_id": 9999}))
    found = await started(store, sealed)
    assert (found.mode, found.event_key) == (Mode.STANDALONE, 0)
    assert "the start-up preset cannot be run" in found.note
    assert await codes(store) == ["startup_preset_refused"]
    assert await fired(store) == []


async def test_a_revoked_key_stays_revoked_though_the_database_is_lost_right_after(
    store: ServedStore, sealed: SealedState
) -> None:
    key = await store.services.keys.create(INSIDE, "the hub")

    def status() -> str:
        kept = [kept for kept in kept_of(sealed).keys if kept.access_key == key.access_key]
        return kept[0].status if kept else "unknown"

    async with start(store, sealed):
        await until(lambda: status() == "active")
        await store.services.keys.revoke(INSIDE, key.key)
        await until(lambda: status() == "revoked")  # the clock stands still: no round of keeping has come


async def bound_standalone(store: ServedStore) -> StandalonePreset:
    """A preset of the own store that is bound as standalone; as it is to be kept. The event that brings it is over."""
    body = CreateEventPreset(event_preset_name="Stage", device_id=store.device, event_type="Video_Test_event")
    key = (await store.services.presets.create(INSIDE, body)).key
    await store.services.startup.bind(INSIDE, "standalone", key, StartupTarget())
    await store.services.events.clear_pending(INSIDE, store.device)
    return await store.services.startup.whole(key)


async def test_a_sound_database_overrules_an_older_state_in_the_cache(store: ServedStore, sealed: SealedState) -> None:
    bound = await bound_standalone(store)
    await sealed.set_standalone(bound.model_copy(update={"event_preset_name": "Old", "revision": bound.revision - 1}))
    found = await started(store, sealed)
    assert (found.preset_name, found.source) == ("Stage", "database")
    assert sealed.standalone() == bound
    assert await codes(store) == ["standalone_resealed"]


async def test_what_is_not_bound_any_more_does_not_run_though_it_was_not_taken_out_of_the_cache(
    store: ServedStore, sealed: SealedState
) -> None:
    bound = await bound_standalone(store)
    await sealed.set_standalone(bound)
    await store.services.startup.unbind(INSIDE, "standalone", store.device)
    await store.services.events.clear_pending(INSIDE, store.device)
    found = await started(store, sealed)
    assert (found.binding, sealed.standalone()) == (None, None)
    assert await fired(store) == []


async def test_a_preset_that_the_own_store_does_not_know_runs_whatever_that_binds(
    store: ServedStore, sealed: SealedState
) -> None:
    await bound_standalone(store)
    await sealed.set_standalone(PRESET.model_copy(update={"uuid": "of-a-hub"}))
    assert (await started(store, sealed)).source == "sealed cache"


async def test_a_lost_database_overrules_nothing(store: ServedStore, sealed: SealedState) -> None:
    bound = await bound_standalone(store)
    await sealed.set_standalone(bound.model_copy(update={"event_preset_name": "Kept", "revision": 1}))
    assert (await started(store, sealed, database_lost=True)).preset_name == "Kept"


async def test_damage_that_anybody_meets_ends_the_watch_over_the_database(store: ServedStore, tmp_path: Path) -> None:
    watching = asyncio.ensure_future(watch_database(tmp_path / "store.db", store.services.database, store.clock))

    def meet(_connection: Connection) -> None:
        raise DatabaseDamaged(database="store.db", reason="a page is noise")

    with pytest.raises(DatabaseDamaged):
        await store.services.database.read(meet)
    with pytest.raises(DatabaseDamaged, match="a page is noise"):
        await watching
