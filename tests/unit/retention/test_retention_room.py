"""Segments and photos while there is no room: for themselves on the disk, or for them in the index."""

import asyncio
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.media_folder import MediaFolder
from fakes.served_store import ServedStore, until
from fakes.stored import make_event

from agent.media.library import MediaLibrary
from agent.media.sidecars import read_sidecar
from hardware.errors import StorageFull
from presets_store.storage.errors import StorageUnavailable

FULL = StorageUnavailable(database="cuelight.db", reason="database or disk is full")

EVENT = make_event(1, uuid="e")


async def test_segments_that_were_indexed_late_are_told_as_closed(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = MediaFolder(store, tmp_path)
    path = media.write("a-0.mp4")
    sidecar = await asyncio.to_thread(read_sidecar, path.with_name("a-0.mp4.json"))
    assert sidecar is not None

    async def full(_clip: object) -> None:
        raise FULL

    with monkeypatch.context() as patched:
        patched.setattr(store.services.clips, "index", full)
        await media.library.index(sidecar, path.parent)
    closed: list[bool] = []
    media.library.closed.append(lambda: closed.append(True))
    await media.look()
    assert closed == [True]


async def test_a_segment_waits_for_the_index(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = MediaFolder(store, tmp_path)
    path = media.write("a-0.mp4")
    sidecar = await asyncio.to_thread(read_sidecar, path.with_name("a-0.mp4.json"))
    assert sidecar is not None

    async def full(_clip: object) -> None:
        raise FULL

    with monkeypatch.context() as patched:
        patched.setattr(store.services.clips, "index", full)
        told = await media.library.index(sidecar, path.parent)
        assert await media.library.recover(EVENT) == [told], "once, though it was found again"
        with pytest.raises(StorageUnavailable):
            await media.library.catch_up()
    assert await media.clips() == {}
    await media.look()
    assert (await media.clips())["a-0.mp4"].uuid == told["uuid"]


async def test_photos_are_refused_only_while_there_is_too_little_room(store: ServedStore, tmp_path: Path) -> None:
    media = MediaFolder(store, tmp_path, {"min_free": 2**53})
    clip = media.write("a-0.mp4")
    media.library.require_room()
    await media.look()
    assert list(media.retention.kept.unmet) == ["the minimum of free space"]
    assert await asyncio.to_thread(clip.exists), "to remove it would not have been enough"
    with pytest.raises(StorageFull):
        media.library.require_room()


async def test_who_waits_in_a_folder_that_is_gone_tries_again_and_says_why(tmp_path: Path) -> None:
    clock = ManualClock()
    library = MediaLibrary(tmp_path / "unmounted", None, 1, clock)  # type: ignore[arg-type]
    waits = asyncio.create_task(library.wait_for_room(asyncio.get_running_loop().create_future()))

    def ended_as_time_passes() -> bool:
        clock.advance(1)
        return waits.done()

    await until(ended_as_time_passes)
    assert waits.result()


async def test_waiting_for_room(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    library = MediaLibrary(tmp_path, None, 1, clock)  # type: ignore[arg-type]
    stopping = asyncio.get_running_loop().create_future()
    library.room.margin = 2**60
    waits = asyncio.create_task(library.wait_for_room(stopping))
    await until(library.room.wanted.is_set)
    assert (library.room.since, waits.done()) == (clock.now(), False)
    library.room.margin = 4096

    def ended_as_time_passes() -> bool:
        clock.advance(1)
        return waits.done()

    await until(ended_as_time_passes)
    assert (waits.result(), library.room.since, len(library.room.episodes)) == (True, 0.0, 1)
    library.room.margin = 2**60
    waits = asyncio.create_task(library.wait_for_room(stopping))
    await asyncio.sleep(0)
    stopping.set_result("stopped")
    assert not await waits
    assert caplog.text.count("recordings wait for it") == 2
