"""A whole agent in this process that starts, runs or stops while its disk, its database or its settings are bad."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from fakes.served_store import empty_store
from fakes.startup_cells import running, seams, settings_in

from agent import app
from agent.startup import checking
from agent.startup.process import serve
from presets_store.cache import CacheUnwritable, SealedCache
from presets_store.process.errors import PlaceUnusable
from presets_store.protocol.devices import DeviceRecord
from presets_store.sealing import begin_rotation, load_keyring
from presets_store.services.caller import INSIDE
from presets_store.services.errors import SerialTaken
from presets_store.storage import DatabaseDamaged, StorageUnavailable

DISK_FULL = "No space left on device"


@pytest.fixture(autouse=True)
async def _seams() -> AsyncIterator[None]:
    migrated = await empty_store()
    with seams(migrated):
        yield


async def no_database_space(*_: Any) -> NoReturn:
    raise StorageUnavailable(database="cuelight.db", reason=DISK_FULL)


def no_space(*_: Any) -> NoReturn:
    raise OSError(28, DISK_FULL, "cuelight.db.damage-note")


async def test_a_change_of_the_seal_key_that_cannot_be_finished_yet_keeps_nothing_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path)
    async with running(settings, "boot-1"):
        pass
    following = await asyncio.to_thread(begin_rotation, settings.seal_key_file)

    def refuse(*_: Any) -> NoReturn:
        raise CacheUnwritable(folder="sealed", reason=DISK_FULL)

    with monkeypatch.context() as full:
        full.setattr(SealedCache, "reseal", refuse)
        async with running(settings, "boot-2") as agent:
            (key,) = await agent.services.keys.list(INSIDE)
            assert (await agent.services.keys.signer_of(key.access_key)).secret
    keyring, unfinished = await asyncio.to_thread(load_keyring, settings.seal_key_file)
    assert (keyring.key_id, unfinished) == (following.key_id, True)
    async with running(settings, "boot-3"):
        keyring, unfinished = await asyncio.to_thread(load_keyring, settings.seal_key_file)
    assert (keyring.key_id, unfinished) == (following.key_id, False)


@pytest.mark.parametrize(("name", "failing"), [("note_damage", no_space), ("note_incidents", no_database_space)])
async def test_damage_that_was_found_and_cannot_be_noted_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, failing: Any
) -> None:
    async def damaged(_: Path) -> str:
        return "row 7 missing from index"

    monkeypatch.setattr(checking, "CHECK_AFTER", 0.0)
    monkeypatch.setattr(checking, "check", damaged)
    monkeypatch.setattr(checking, name, failing)
    async with running(settings_in(tmp_path), "boot-1"):  # which fails when a system task dies
        await asyncio.sleep(0.2)
    assert "the database is damaged (row 7 missing from index), and that could not be noted" in caplog.text


async def test_a_stop_during_the_start_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, given_up = asyncio.Event(), asyncio.Event()

    async def slow(*_: Any) -> None:
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    with monkeypatch.context() as held:
        held.setattr("agent.app.recover", slow)
        held.setattr("agent.startup.ahead.boot_id", lambda: "boot-1")
        serving = asyncio.ensure_future(serve(settings_in(tmp_path)))
        await asyncio.wait_for(reached.wait(), 10)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(serving, 5)
    assert given_up.is_set()
    async with running(settings_in(tmp_path), "boot-1"):
        pass


async def test_damage_on_a_full_disk_ends_the_agent_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def damaged(*_: Any, **__: Any) -> NoReturn:
        raise DatabaseDamaged(database="cuelight.db", reason="malformed")

    monkeypatch.setattr("agent.startup.ahead.boot_id", lambda: "boot-1")
    monkeypatch.setattr(app, "_serve_once", damaged)
    monkeypatch.setattr(app, "note_damage", no_space)
    with pytest.raises(PlaceUnusable, match=f"damage-note cannot be used: {DISK_FULL}"):
        await serve(settings_in(tmp_path))


async def test_a_new_serial_number_that_another_device_has_is_refused_in_words(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with running(settings, "boot-1") as agent:
        await agent.services.devices.create(INSIDE, DeviceRecord(serial_number="20009999"))
    renumbered = settings.model_copy(update={"device": settings.device.model_copy(update={"serial": "20009999"})})
    with pytest.raises(SerialTaken, match="20009999"):
        async with running(renumbered, "boot-1"):
            pass
