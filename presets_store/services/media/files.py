"""Files: announced with size and hash, sent to a signed address, fetched from another."""

import asyncio
import logging
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.protocol.clips import FileRecord, SignedUrlWithId
from presets_store.protocol.media.files import CreateFile
from presets_store.protocol.statuses import MediaStatus
from presets_store.rules.permissions import Permission
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import NotFound
from presets_store.services.media.addresses import Addresses, Purpose
from presets_store.services.media.errors import (
    AddressRefused,
    BytesDiffer,
    FileGone,
    FileKept,
    FileTooLarge,
    RangeUnusable,
    RecordingHeld,
    Superseded,
    TooManyTransfers,
    UploadsOff,
)
from presets_store.services.media.stores import FilePlaces, FileStore
from presets_store.services.media.wire import file_record
from presets_store.services.reach import reached_named, reached_row
from presets_store.services.unit import Unit, Units
from presets_store.storage.clips import find_clip_by_file
from presets_store.storage.media.files import (
    delete_file,
    expired_files,
    find_file,
    get_file,
    insert_file,
    note_received,
    update_file,
)
from presets_store.storage.media.records import Place, StoredFile
from presets_store.storage.media.video_clips import forget_file


@dataclass(frozen=True, slots=True)
class Part:
    """What a request says that it sends: `length` bytes, None for no word, and its `Content-Range`, "" for none."""

    length: int | None = None
    content_range: str = ""

    def offset_in(self, file: StoredFile) -> int:
        """Where it begins. Before a byte is taken: raises RangeUnusable, FileTooLarge, and BytesDiffer when the sender
        itself says another size.
        """
        offset = self._first(file)
        rest = file.size - offset
        if self.length is None or self.length == rest:
            return offset
        if self.length > rest:
            raise FileTooLarge(what=f"File {file.key}", limit=rest, reason=f"{self.length} are being sent")
        raise BytesDiffer(key=file.key, difference=f"{self.length} of {rest} bytes are being sent")

    def _first(self, file: StoredFile) -> int:
        if not self.content_range:
            return 0
        found = _RANGE.fullmatch(self.content_range.strip())
        if found is None or (int(found[2]), int(found[3])) != (file.size - 1, file.size) or int(found[1]) >= file.size:
            raise RangeUnusable(given=self.content_range[:100], last=file.size - 1, size=file.size)
        return int(found[1])


_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")

Remove = Callable[[str], Awaitable[None]]
"""Removes a recording, by its path in the media folder, with all that belongs to it."""

UPLOAD_SECONDS = 3600.0
"""How long an address to send a file to may be used; a transfer that has begun by then may end."""
DOWNLOAD_SECONDS = 3600.0
KEPT_SECONDS = 24 * 3600.0
"""What a temporary file lives, and one that was announced and never came."""

UPLOADS = 32
"""Files that are taken at the same time."""

_SWEPT_AT_ONCE = 100
_TRIED_AGAIN_AFTER = 3600.0
"""Seconds until a file that could not be removed is tried again."""
_TIDY_EVERY = 600.0
"""Seconds between two looks for what broken uploads have left behind."""

_REMOVED = 1
"""`expires` of a file that was removed by request: long ago. The sweep tries again what the request could not do."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be served. `size` in bytes."""

    path: Path
    filename: str
    size: int


class FilesService:
    """Each file lies in the place that its row names; new ones go to `places.uploads`."""

    def __init__(self, units: Units, places: FilePlaces, addresses: Addresses, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._tidied_at = -_TIDY_EVERY
        self._stuck: dict[int, float] = {}
        self._uploads = places.uploads
        self._addresses = addresses
        self._stores: dict[Place, FileStore] = {
            store.place: store for store in (places.uploads, places.recordings) if store is not None
        }
        self.remover: Remove | None = None
        """The agent's; without it recordings cannot be removed by request."""
        self._receiving = asyncio.Semaphore(UPLOADS)
        self._senders: dict[str, set[asyncio.Task[None]]] = {}
        self._superseded: set[asyncio.Task[None]] = set()

    @property
    def root(self) -> str:
        """Where this store is reached, without a slash at its end; "" until that is known."""
        return self._addresses.root

    def served_at(self, root: str) -> None:
        """Where this store is reached, unless its settings say so."""
        self._addresses.root = self._addresses.root or root.rstrip("/")

    async def announce(self, caller: Caller, body: CreateFile) -> FileRecord:
        """Raises UploadsOff, FileTooLarge, AddressUnknown, StoreFailed, and what naming a device may raise."""
        new, address = await self._prepared(body, temporary=False)

        def store(unit: Unit) -> FileRecord:
            return file_record(_stored(unit, body, new), address, unit.now + micros(UPLOAD_SECONDS))

        return await self._units.write(caller, store)

    async def announce_temporary(self, caller: Caller, body: CreateFile) -> SignedUrlWithId:
        """A file that is removed after a day, and that nobody asks for by its key. Raises as `announce`."""
        new, address = await self._prepared(body, temporary=True)

        def store(unit: Unit) -> SignedUrlWithId:
            _stored(unit, body, new)
            return SignedUrlWithId(signed_url=address, file_id=0)

        return await self._units.write(caller, store)

    async def uploaded(self, caller: Caller, key: int) -> None:
        """The sender has sent all. Raises NotFound, NotUploaded, BytesDiffer, StoreFailed."""
        file = await self._units.read(lambda connection: _reached(connection, caller, Permission.REPORT, key))
        _require_current(file, self._units.now())
        if file.status is not MediaStatus.FILE_AVAILABLE:
            await self._store_of(file).settle(file)

        def note(unit: Unit) -> None:
            before = _reached(unit.connection, caller, Permission.REPORT, key)
            _require_current(before, unit.now)
            settled = replace(before, status=MediaStatus.FILE_AVAILABLE, uploaded=before.uploaded or unit.now)
            update_file(unit.connection, before, settled if before.temporary else replace(settled, expires=0))

        await self._units.write(caller, note)

    async def get(self, caller: Caller, key: int) -> FileRecord:
        """With an address to fetch it, if there is something to fetch. Raises NotFound, FileGone, StoreFailed."""
        file = await self._units.read(lambda connection: _reached(connection, caller, Permission.READ, key))
        _require_current(file, self._units.now())
        if file.status is not MediaStatus.FILE_AVAILABLE:
            return file_record(file)
        store = self._store_of(file)
        address = await store.download_address(file, DOWNLOAD_SECONDS)
        address = address or self._addresses.make(Purpose.DOWNLOAD, file.guid, DOWNLOAD_SECONDS)
        return file_record(file, address, self._units.now() + micros(DOWNLOAD_SECONDS))

    async def remove(self, caller: Caller, device_key: int, key: int) -> None:
        """Record and bytes; a recording is removed by its device. Raises NotFound, FileKept, RecordingHeld."""
        found: list[StoredFile] = []

        def mark(unit: Unit) -> None:
            file = _reached(unit.connection, caller, Permission.EDIT, key)
            if file.device_key != device_key:
                raise NotFound(what="file", name=key)
            found[:] = [give_up(unit, file)]

        await self._units.write(caller, mark)
        await self.finish(found[0])

    async def finish(self, file: StoredFile) -> None:
        """Removes the bytes of a file that was given up. Raises RecordingHeld, and what the agent raises."""
        if file.place is not Place.MEDIA:
            await self._clear(file)
            return
        if file.status is MediaStatus.FILE_AVAILABLE:
            if self.remover is None:
                raise RecordingHeld(file=file.path)
            await self.remover(file.path)
        await self._units.write(INSIDE, lambda unit: _forget(unit, file))

    def is_for_upload(self, guid: str, token: str) -> bool:
        """Whether the token is that of an address to send the file to."""
        return self._addresses.allows(Purpose.UPLOAD, guid, token)

    async def received(self, guid: str, token: str) -> tuple[int, int]:
        """How many bytes of a file are here, and how many it has; a sending that still goes on is ended for that.

        Raises AddressRefused, StoreFailed.
        """
        self._addresses.check(Purpose.UPLOAD, guid, token)
        await self._supersede(guid)
        file = await self._addressed(guid)
        return await self._store_of(file).received(file), file.size

    async def receive(self, guid: str, token: str, part: Part, pieces: AsyncIterator[bytes]) -> None:
        """Takes the bytes of a file at its own address. When this returns they are on the disk.

        Raises AddressRefused, FileTooLarge, RangeUnusable, OffsetDiffers, BytesDiffer, NoRoom, StoreFailed,
        TooManyTransfers, Superseded.
        """
        self._addresses.check(Purpose.UPLOAD, guid, token)
        file = await self._addressed(guid)
        store = self._store_of(file)
        offset = part.offset_in(file)
        if self._receiving.locked():
            raise TooManyTransfers
        async with self._receiving:
            await self._take(file, store.receive(file, pieces, offset))
        now = self._units.now()
        if not await self._units.write(INSIDE, lambda unit: note_received(unit.connection, file.key, now)):
            await store.remove(file)
            raise AddressRefused

    async def _take(self, file: StoredFile, receiving: Coroutine[Any, Any, None]) -> None:
        """Raises what `receiving` does, and Superseded when its sender has begun anew meanwhile."""
        task = asyncio.ensure_future(receiving)
        self._senders.setdefault(file.guid, set()).add(task)
        try:
            await task
        except asyncio.CancelledError:
            if not task.cancelled() or task not in self._superseded:
                task.cancel()
                raise
            raise Superseded(key=file.key) from None
        finally:
            await asyncio.wait({task})
            self._superseded.discard(task)
            mine = self._senders[file.guid]
            mine.discard(task)
            if not mine:
                del self._senders[file.guid]

    async def _supersede(self, guid: str) -> None:
        """Ends what is being sent of the file: its sender has lost that connection, or would not ask."""
        tasks = set(self._senders.get(guid, ()))
        for task in tasks:
            if not task.cancelling():  # else it is putting away what it has
                self._superseded.add(task)
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def open(self, guid: str, token: str) -> Download:
        """What is fetched at a file's own address. Raises AddressRefused, FileGone, StoreFailed."""
        self._addresses.check(Purpose.DOWNLOAD, guid, token)
        file = await self._addressed(guid)
        path = await self._store_of(file).path_of(file)
        if path is None:
            raise _gone(file)
        return Download(path, file.filename or file.guid, file.size)

    async def sweep(self) -> None:
        """Removes what is over, at most so much that it takes no long time; what cannot be removed is tried again."""
        now, monotonic = self._units.now(), self._clock.monotonic()
        self._stuck = {key: until for key, until in self._stuck.items() if monotonic < until}
        stuck = list(self._stuck)
        over = await self._units.read(lambda connection: expired_files(connection, now, _SWEPT_AT_ONCE, but=stuck))
        for file in over:
            await self._clear(file)
        if self._uploads is not None and self._clock.monotonic() - self._tidied_at >= _TIDY_EVERY:
            self._tidied_at = self._clock.monotonic()
            await self._uploads.sweep()

    async def _prepared(self, body: CreateFile, *, temporary: bool) -> tuple[StoredFile, str]:
        """The new row, but for its device and date, and where its bytes are to be sent."""
        if self._uploads is None:
            raise UploadsOff
        if body.file_size > self._uploads.largest:
            reason = f"{body.file_size} were announced"
            raise FileTooLarge(what="A file", limit=self._uploads.largest, reason=reason)
        guid = str(uuid.uuid4())
        new = StoredFile(
            guid=guid,
            device_key=0,
            filename=body.filename,
            sha256=body.sha256_hash,
            size=body.file_size,
            place=self._uploads.place,
            path=f"{guid[:2]}/{guid}",
            temporary=temporary,
        )
        address = await self._uploads.upload_address(new, UPLOAD_SECONDS)
        return new, address or self._addresses.make(Purpose.UPLOAD, guid, UPLOAD_SECONDS)

    async def _addressed(self, guid: str) -> StoredFile:
        """The file at an address that was checked. Raises AddressRefused when it is gone since."""
        file = await self._units.read(lambda connection: find_file(connection, guid))
        if file is None or _is_over(file, self._units.now()):
            raise AddressRefused
        return file

    def _store_of(self, file: StoredFile) -> FileStore:
        store = self._stores.get(file.place)
        if store is None:
            raise FileGone(key=file.key, reason=f"it is in a place ({file.place}) that this store does not have")
        return store

    async def _clear(self, file: StoredFile) -> None:
        """Removes what is over; where that cannot be done now, a later sweep does."""
        try:
            await self._store_of(file).remove(file)
        except CuelightError as error:
            self._stuck[file.key] = self._clock.monotonic() + _TRIED_AGAIN_AFTER
            logger.error("file %d is removed later: %s", file.key, error, extra={"code": error.code})
            return
        await self._units.write(INSIDE, lambda unit: _forget(unit, file))


def _reached(connection: Connection, caller: Caller, permission: Permission, key: int) -> StoredFile:
    return reached_row(connection, caller, permission, get_file(connection, key), "file", key)


def _stored(unit: Unit, body: CreateFile, new: StoredFile) -> StoredFile:
    device = reached_named(unit.connection, unit.caller, Permission.REPORT, body)
    dated = replace(new, device_key=device.key, created=unit.now, expires=unit.now + micros(KEPT_SECONDS))
    return insert_file(unit.connection, dated)


def give_up(unit: Unit, file: StoredFile) -> StoredFile:
    """Nobody can fetch the file any more; `FilesService.finish` removes its bytes, after the transaction.

    A recording stays as it is until its device has removed it. Raises FileKept for a protected one.
    """
    if file.place is Place.MEDIA:
        clip = find_clip_by_file(unit.connection, file.path)
        if clip is not None and clip.protected:
            raise FileKept(file=file.path, key=clip.key)
        return file
    gone = replace(file, expires=_REMOVED)
    update_file(unit.connection, file, gone)
    return gone


def _forget(unit: Unit, file: StoredFile) -> None:
    forget_file(unit.connection, file.key)
    delete_file(unit.connection, file.key)


def _require_current(file: StoredFile, now: int) -> None:
    """Raises FileGone for a file that is not there any more."""
    if _is_over(file, now) or file.status is MediaStatus.ANNOUNCED_BUT_MISSING:
        raise _gone(file)


def _is_over(file: StoredFile, now: int) -> bool:
    return 0 < file.expires <= now


def _gone(file: StoredFile) -> FileGone:
    if file.place is Place.MEDIA:
        return FileGone(key=file.key, reason=f"the recording {file.path} is not in the media folder any more")
    return FileGone(key=file.key, reason="it was removed, or was never sent within a day")
