"""A folder for files that are sent here: written beside, checked, synced, and only then named.

What a broken sending has brought is kept for a day as `<guid>.part`, from where the next may go on. Whoever writes has
the file under a name of its own: of two senders one goes on, and the other begins anew.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path
from typing import cast

from presets_store.durable import make_folder_durably, sync_folder
from presets_store.services.media.errors import BytesDiffer, FileTooLarge, NoRoom, NotUploaded, OffsetDiffers
from presets_store.services.media.stores.threads import Threads
from presets_store.storage.media.records import Place, StoredFile

LARGEST = 64 * 1024**3
"""Bytes of one file, unless the settings say otherwise: half a day of film."""

KEPT_FREE = 1_000_000_000
"""Bytes that stay free on the disk, or 5 % of a smaller one, unless the settings say otherwise."""

_INCOMING = ".incoming"
_PART = ".part"
_PIECE = 1 << 20
_THREADS = 4
_LEFT_AFTER = 24 * 3600.0
"""Seconds after which a half written file belongs to nobody any more."""


class DiskStore:
    """`folder/<two digits>/<guid>`. `keep_free`: None for what KEPT_FREE says."""

    place = Place.DISK

    def __init__(self, folder: Path, *, largest: int = LARGEST, keep_free: int | None = None) -> None:
        self._folder = folder
        self._keep_free = keep_free
        self._threads = Threads(_THREADS)
        self.largest = largest

    async def upload_address(self, _file: StoredFile, _seconds: float) -> str:
        return ""

    async def download_address(self, _file: StoredFile, _seconds: float) -> str:
        return ""

    async def settle(self, file: StoredFile) -> None:
        """Raises NotUploaded; the bytes were checked when they came."""
        if not file.uploaded:
            raise NotUploaded(key=file.key)

    async def path_of(self, file: StoredFile) -> Path | None:
        path = self._folder / file.path
        return path if await self._threads.run(path.is_file) else None

    async def received(self, file: StoredFile) -> int:
        return file.size if file.uploaded else await self._threads.run(_size_of, self._part(file))

    async def receive(self, file: StoredFile, pieces: AsyncIterator[bytes], offset: int = 0) -> None:
        """Takes the bytes. Raises OffsetDiffers, FileTooLarge as soon as there are too many, BytesDiffer, NoRoom,
        StoreFailed.
        """
        begun: list[_Incoming] = []
        try:
            await self._threads.run(lambda: begun.append(self._begin(file, offset)))
            (incoming,) = begun
            async for piece in pieces:
                incoming.require_size(len(piece))
                await self._threads.run(incoming.write, piece)
            await self._threads.run(incoming.finish, self._folder / file.path)
        finally:
            for incoming in begun:  # none if it did not come so far
                await self._threads.surely(incoming.close, self._part(file))

    async def remove(self, file: StoredFile) -> None:
        for path in (self._folder / file.path, self._part(file)):
            await self._threads.run(path.unlink, missing_ok=True)

    def _part(self, file: StoredFile) -> Path:
        return self._folder / _INCOMING / f"{file.guid}{_PART}"

    async def sweep(self) -> None:
        """Removes half written files of long ago: their writer was killed."""
        await self._threads.run(self._sweep)

    def _begin(self, file: StoredFile, offset: int) -> "_Incoming":
        folder = self._folder / _INCOMING
        make_folder_durably(folder)
        disk = shutil.disk_usage(folder)
        keep = min(KEPT_FREE, disk.total // 20) if self._keep_free is None else self._keep_free
        size = file.size - offset
        if disk.free - size < keep:
            raise NoRoom(size=size, free=disk.free, keep=keep)
        path = folder / f"{file.guid}.{secrets.token_hex(4)}"
        return _Incoming.resumed(file, path, self._part(file), offset) if offset else _Incoming(file, path)

    def _sweep(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # nothing was ever sent
            for path in (self._folder / _INCOMING).iterdir():
                with contextlib.suppress(FileNotFoundError):  # another replica was faster
                    if time.time() - path.stat().st_mtime > _LEFT_AFTER:
                        path.unlink()


class _Incoming:
    """One file on its way. All but `require_size` blocks."""

    def __init__(self, announced: StoredFile, path: Path, mode: str = "xb") -> None:
        self._announced = announced
        self._path = path
        self._hash = hashlib.sha256()
        self._size = 0
        self._wrong = False
        self._file = cast("FileIO", path.open(mode, buffering=0))

    @classmethod
    def resumed(cls, announced: StoredFile, path: Path, part: Path, offset: int) -> "_Incoming":
        """Goes on after `offset` bytes of the `part` of before. Raises OffsetDiffers when there are not so many."""
        with contextlib.suppress(FileNotFoundError):
            if part.stat().st_size == offset:
                part.replace(path)  # from now on it is ours alone
                incoming = cls(announced, path, "r+b")
                incoming._take_up()
                if incoming._size == offset:
                    return incoming
                incoming.close(part)
        raise OffsetDiffers(key=announced.key, offset=offset, there=_size_of(part))

    def _take_up(self) -> None:
        while piece := self._file.read(_PIECE):
            self._hash.update(piece)
            self._size += len(piece)

    def require_size(self, more: int) -> None:
        """Raises FileTooLarge when `more` bytes are more than were announced."""
        self._size += more
        if self._size > self._announced.size:
            self._wrong = True
            reason = "so many were announced"
            raise FileTooLarge(what=f"File {self._announced.key}", limit=self._announced.size, reason=reason)

    def write(self, piece: bytes) -> None:
        self._hash.update(piece)
        view = memoryview(piece)
        while view:
            view = view[self._file.write(view) :]

    def finish(self, path: Path) -> None:
        """Raises BytesDiffer."""
        announced = self._announced
        if self._size != announced.size:
            self._wrong = True
            difference = f"{self._size} of {announced.size} bytes came"
            raise BytesDiffer(key=announced.key, difference=difference)
        if self._hash.hexdigest() != announced.sha256:
            self._wrong = True
            raise BytesDiffer(key=announced.key, difference=f"its SHA-256 is {self._hash.hexdigest()}")
        os.fsync(self._file.fileno())
        make_folder_durably(path.parent)
        self._path.replace(path)
        sync_folder(path.parent)

    def close(self, part: Path) -> None:
        """Keeps what is there as the `part` to go on from, unless it is whole by now, or wrong."""
        size = os.fstat(self._file.fileno()).st_size
        self._file.close()
        if self._wrong or size <= _size_of(part):
            self._path.unlink(missing_ok=True)
            return
        with contextlib.suppress(FileNotFoundError):  # it was finished
            self._path.replace(part)


def _size_of(path: Path) -> int:
    """Bytes; 0 for none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
