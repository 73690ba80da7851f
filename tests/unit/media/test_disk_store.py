"""Files that arrive in a folder, and senders that go at the worst moments."""

import asyncio
import hashlib
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from presets_store.services.media.stores import disk
from presets_store.services.media.stores.disk import DiskStore
from presets_store.storage.media.records import Place, StoredFile

DATA = b"the first half" * 1000


class Held:
    """A function that waits in its thread until it may go on."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.entered = threading.Event()
        self.may_go = threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.entered.set()
        assert self.may_go.wait(10)
        return self._function(*args, **kwargs)


def announced(size: int) -> StoredFile:
    digest = hashlib.sha256(DATA + DATA).hexdigest()
    guid = str(uuid4())
    return StoredFile(guid=guid, device_key=1, size=size, sha256=digest, place=Place.DISK, path=f"ab/{guid}")


async def half(taken: asyncio.Event) -> AsyncIterator[bytes]:
    yield DATA
    taken.set()
    await asyncio.Event().wait()


async def cancelled_twice(task: "asyncio.Task[None]", held: Held) -> None:
    """While the thread is at work."""
    await asyncio.to_thread(held.entered.wait, 10)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done(), "it waits for its thread"
    held.may_go.set()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("moment", ["write", "close"])
async def test_a_sender_that_goes_in_the_middle_leaves_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    store, file = DiskStore(tmp_path, keep_free=0), announced(2 * len(DATA))
    held = Held(getattr(disk._Incoming, moment))
    monkeypatch.setattr(disk._Incoming, moment, lambda self, *args: held(self, *args))
    taken = asyncio.Event()
    task = asyncio.create_task(store.receive(file, half(taken)))
    if moment == "close":
        await taken.wait()
        task.cancel()
    await cancelled_twice(task, held)
    assert await store.received(file) == len(DATA)
    assert len(list((tmp_path / ".incoming").iterdir())) == 1


async def test_a_sender_that_goes_at_once_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(shutil.disk_usage)
    monkeypatch.setattr(shutil, "disk_usage", held)
    store, file = DiskStore(tmp_path, keep_free=0), announced(2 * len(DATA))
    await cancelled_twice(asyncio.create_task(store.receive(file, half(asyncio.Event()))), held)
    assert await store.received(file) == 0
    assert list((tmp_path / ".incoming").iterdir()) == []
