"""Fetches a file into the folder for downloads: bounded, checked, never over one that is there."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import aiohttp
from yarl import URL

from agent.media.retention.burial import KEPT, TOMBSTONE
from agent.media.sidecars import DOWNLOADS, SIDECAR
from agent.upstream.transport import CONNECT_TIMEOUT, Transport, why
from agent.upstream.uploads.addresses import shown
from agent.upstream.uploads.errors import Unfetchable
from presets_store.durable import make_folder_durably, sync_folder

MOST = 4 * 1024**3
"""Bytes of all files that were fetched and are still there: nobody but people removes them."""

LONGEST_NAME = 200
OWN_ENDINGS = (SIDECAR, TOMBSTONE, KEPT)
"""Of names that mean something in the media folder."""

_UNFINISHED = ".part"
_PIECE = 1 << 20
_SILENT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be fetched. `size` None and `sha256` "": nobody knows."""

    address: str
    name: str
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """`file`: its path in the folder that has the folder of downloads."""

    file: str
    size: int
    sha256: str


def usable_name(name: str) -> bool:
    """Whether a file that was fetched may be called so: a name without a path, and none of the media folder's own."""
    plain = name == Path(name).name and name.isprintable() and not name.startswith(".")
    return plain and 0 < len(os.fsencode(name)) <= LONGEST_NAME and not name.endswith(OWN_ENDINGS)


Room = Callable[[Path, int], int]
"""Bytes that may still be fetched into a folder, of which so many are taken. Blocks; raises OSError."""


def room_for_downloads(_: Path, taken: int) -> int:
    """Up to MOST of all that lies there."""
    return max(0, MOST - taken)


class Fetcher:
    """`folder`: the media folder, or another one that has a folder `downloads`. One file at a time."""

    def __init__(
        self, transport: Transport, folder: Path, downloads: str = DOWNLOADS, room: Room = room_for_downloads
    ) -> None:
        self._transport = transport
        self._folder = folder / downloads
        self._room_of = room
        self._session = transport.session(
            aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT, sock_read=_SILENT_SECONDS)
        )
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Ends what is being fetched."""
        await self._session.close()

    async def fetch(self, wish: Wish, progress: Callable[[float], None]) -> Fetched:
        """Fetches it, unless the same bytes are there by that name already. Raises Unfetchable."""
        async with self._turn:
            try:
                there = await asyncio.to_thread(self._there, wish)
                return there or await self._fetch(wish, progress)
            except OSError as error:
                raise _refusal(wish, os.strerror(error.errno or 0)) from error

    async def _fetch(self, wish: Wish, progress: Callable[[float], None]) -> Fetched:
        room = await asyncio.to_thread(self._room)
        if wish.size is not None and wish.size > room:
            raise _refusal(wish, self._too_much(room))
        taking = await asyncio.to_thread(_Taking.begin, self._folder, wish)
        try:
            await self._receive(wish, taking, room, progress)
            return await asyncio.to_thread(taking.finish, self._folder / wish.name)
        finally:
            await asyncio.to_thread(taking.drop)

    async def _receive(self, wish: Wish, taking: "_Taking", room: int, progress: Callable[[float], None]) -> None:
        try:
            async with self._session.get(
                URL(wish.address, encoded=True),
                allow_redirects=False,
                headers={"Accept-Encoding": "identity"},
                ssl=await self._transport.tls(wish.address),
            ) as response:
                if response.status != 200:
                    raise _refusal(wish, f"it is answered with {response.status}")
                whole = response.content_length if wish.size is None else wish.size
                if whole is not None and whole > room:
                    raise _refusal(wish, self._too_much(room))
                async for piece in response.content.iter_chunked(_PIECE):
                    await asyncio.to_thread(taking.write, piece)
                    if taking.size > room:
                        raise _refusal(wish, self._too_much(room))
                    progress(taking.size / whole if whole else 0.0)
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise _refusal(wish, why(error)) from error

    def _there(self, wish: Wish) -> Fetched | None:
        path = self._folder / wish.name
        if not path.exists():
            return None
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != wish.sha256:
            raise _refusal(wish, f"there is a file {self._folder.name}/{wish.name} already")
        return Fetched(f"{self._folder.name}/{wish.name}", path.stat().st_size, found)

    def _room(self) -> int:
        """Bytes that may still be fetched; removes what a kill left unfinished."""
        make_folder_durably(self._folder)
        taken = 0
        for path in self._folder.iterdir():
            if path.name.startswith(".") and path.name.endswith(_UNFINISHED):
                path.unlink()
            else:
                taken += path.stat().st_size
        return self._room_of(self._folder, taken)

    def _too_much(self, room: int) -> str:
        where = f"remove files from {self._folder.name} first, or make room on its disk"
        return f"it is larger than what may still be fetched, {room} bytes: {where}"


class _Taking:
    """One file on its way. All methods block."""

    def __init__(self, wish: Wish, path: Path, file: BinaryIO) -> None:
        self._wish = wish
        self._path = path
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    @classmethod
    def begin(cls, folder: Path, wish: Wish) -> "_Taking":
        path = folder / f".{secrets.token_hex(8)}{_UNFINISHED}"
        return cls(wish, path, path.open("xb"))

    def write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._hash.update(piece)
        self.size += len(piece)

    def finish(self, path: Path) -> Fetched:
        """Raises Unfetchable for other bytes than were announced, and where a file has the name by now."""
        digest = self._hash.hexdigest()
        if self._wish.size not in (None, self.size) or self._wish.sha256 not in ("", digest):
            raise _refusal(self._wish, f"its bytes are not those that were announced: {self.size} came, {digest}")
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            path.hardlink_to(self._path)  # unlike a new name, never over a file that is there
        except FileExistsError as error:
            raise _refusal(self._wish, f"there is a file {path.parent.name}/{path.name} already") from error
        sync_folder(path.parent)
        return Fetched(f"{path.parent.name}/{path.name}", self.size, digest)

    def drop(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def _refusal(wish: Wish, reason: str) -> Unfetchable:
    return Unfetchable(url=shown(wish.address), reason=reason)
