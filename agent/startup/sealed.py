"""What the device must know before, or without, its database: typed entries of the sealed cache, in their own thread.

Entries are read once, at open; after that reading is from memory and only writes go to the disk.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from agent.startup.errors import SealedStateUnavailable
from presets_store.cache import CacheReport, SealedCache, open_cache
from presets_store.errors import CuelightError
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.startup import Binding, RunNote
from presets_store.sealing import Seals

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

OWN = "device.own"
"""This device's row of the database."""
_STANDALONE = "startup.standalone"
_RUN = "startup.run"
_FLOOR = "clock.floor"
_SETTING = "setting."
_CAMERA_SECRET = "camera-secret."  # noqa: S105  # an entry's name


class SealedState:
    """Made by `open`. Setters return when the entry is on the disk; they raise what the cache raises."""

    def __init__(self, thread: ThreadPoolExecutor, cache: SealedCache, entries: dict[str, bytes]) -> None:
        self._thread = thread
        self._cache = cache
        self._entries = entries
        self._unreadable: list[str] = []
        self.keeping = asyncio.Lock()
        """Held from reading the database until what was read there is kept."""

    @classmethod
    async def open(cls, folder: Path, seals: Seals) -> "tuple[SealedState, CacheReport]":
        """The state in `folder`, made if need be, and what was found wrong with it."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="sealed-cache")

        def read() -> tuple[SealedCache, CacheReport, dict[str, bytes]]:
            cache, report = open_cache(folder, seals)
            found = {name: cache.get(name) for name in cache.names()}
            return cache, report, {name: value for name, value in found.items() if value is not None}

        try:
            cache, report, entries = await asyncio.get_running_loop().run_in_executor(thread, read)
        except BaseException:  # boundary: no thread is left behind, whatever kept the cache from opening
            thread.shutdown(wait=False)
            raise
        return cls(thread, cache, entries), report

    async def close(self) -> None:
        """Closes the cache; later writes raise SealedStateUnavailable."""
        await self._run(self._cache.close)
        await asyncio.to_thread(self._thread.shutdown)

    @property
    def knows_device(self) -> bool:
        """Whether this device has had a database before: what was kept of it is here."""
        return OWN in self._entries

    def standalone(self) -> StandalonePreset | None:
        """The preset that runs at start-up without network; None when none is bound, or its entry cannot be read."""
        kept = self._entries.get(_STANDALONE)
        if kept is None:
            return None
        try:
            return parse_body(StandalonePreset, kept)
        except CuelightError as error:
            self._cannot_read(_STANDALONE, str(error))
            return None

    async def set_standalone(self, preset: StandalonePreset | None) -> None:
        """Keeps the preset, or that there is none."""
        await self.keep({_STANDALONE: None if preset is None else encoded(preset.dump())})

    def setting(self, name: str) -> str | None:
        """The value that an event gave to a setting; None when none did."""
        kept = self._entries.get(_SETTING + name)
        return None if kept is None else kept.decode("utf-8", "replace")

    async def set_setting(self, name: str, value: str | None) -> None:
        """Keeps the value; None forgets it."""
        await self.keep({_SETTING + name: None if value is None else value.encode()})

    def camera_secret(self, camera_id: str) -> str:
        """The secret of a camera behind a network; empty without one."""
        return self._entries.get(_CAMERA_SECRET + camera_id, b"").decode("utf-8", "replace")

    async def set_camera_secret(self, camera_id: str, secret: str) -> None:
        """Keeps the secret; an empty one is forgotten."""
        await self.keep({_CAMERA_SECRET + camera_id: secret.encode() or None})

    def run_note(self) -> RunNote | None:
        """What start-up fired last."""
        kept = self.document(_RUN)
        if kept is None:
            return None
        try:
            return RunNote(
                boot_id=str(kept["boot_id"]),
                binding=Binding(kept["binding"]),
                event_uuid=str(kept["event_uuid"]),
                ended=kept["ended"] is True,
            )
        except (KeyError, ValueError) as error:
            self._cannot_read(_RUN, repr(error))
            return None

    async def note_run(self, note: RunNote) -> None:
        """Keeps what start-up fired, or that it has ended."""
        kept = {"boot_id": note.boot_id, "binding": note.binding, "event_uuid": note.event_uuid, "ended": note.ended}
        await self.keep({_RUN: encoded(kept)})

    def clock_floor(self) -> float:
        """The last time known (epoch s); 0.0 when none is kept."""
        kept = self.document(_FLOOR)
        floor = kept.get("epoch") if kept else None
        return float(floor) if isinstance(floor, int | float) else 0.0

    async def set_clock_floor(self, epoch: float) -> None:
        """Keeps a time that was certain."""
        await self.keep({_FLOOR: encoded({"epoch": round(epoch, 3)})})

    def value(self, name: str) -> bytes | None:
        """An entry as it is; None without one."""
        return self._entries.get(name)

    def document(self, name: str) -> dict[str, Any] | None:
        """An entry that is a JSON object; None without one, or when it cannot be read."""
        document = self._json(name)
        return document if isinstance(document, dict) else None

    def documents(self, name: str) -> list[dict[str, Any]]:
        """An entry that is a list of JSON objects; an empty one without it."""
        documents = self._json(name)
        return [item for item in documents if isinstance(item, dict)] if isinstance(documents, list) else []

    def _json(self, name: str) -> Any:
        kept = self._entries.get(name)
        if kept is None:
            return None
        try:
            return json.loads(kept)
        except ValueError as error:
            self._cannot_read(name, str(error))
            return None

    async def keep(self, entries: Mapping[str, bytes | None]) -> int:
        """Writes what differs from what is kept, None removes, all or none; how many entries were written."""
        return await self._run(lambda: self._keep(entries))

    def _keep(self, entries: Mapping[str, bytes | None]) -> int:
        """In the cache's thread: what is compared there is what earlier writes have left, whoever waits for them."""
        known = self._entries
        changed = {name: value for name, value in entries.items() if known.get(name) != value}
        if changed:
            self._cache.update(changed)
            self._entries = {name: value for name, value in {**known, **changed}.items() if value is not None}
        return len(changed)

    async def reseal(self, seals: Seals) -> int:
        """Seals every entry anew with the current key of `seals`; how many there were."""
        return await self._run(lambda: self._cache.reseal(seals))

    def unreadable(self) -> list[str]:
        """Entries whose seal was sound and whose content was not ours; each is told once."""
        told, self._unreadable = self._unreadable, []
        return told

    def _cannot_read(self, name: str, reason: str) -> None:
        logger.error("the sealed entry %r cannot be read: %s", name, reason)
        self._unreadable.append(name)
        self._entries.pop(name, None)

    async def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError as error:
            raise SealedStateUnavailable(reason=str(error)) from error


def encoded(document: object) -> bytes:
    """Compact JSON; equal documents have equal bytes."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
