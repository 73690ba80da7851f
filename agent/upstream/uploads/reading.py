"""A file as it is sent: in large pieces, hashed on the way, at most as fast as allowed."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent.upstream.uploads.bucket import TokenBucket
from agent.upstream.uploads.errors import FileUnsendable

PIECE = 1 << 20
"""Bytes that are read at once."""
SMALLEST_PIECE = 4 << 10
PIECES_PER_SECOND = 8
"""Under a limit, so that it is kept within a second too."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the media folder. `name`: for people; `size` and `sha256`: what was recorded, "" where nobody knows."""

    path: Path
    name: str
    size: int
    sha256: str


class Reading:
    """One sending of a file, to be closed. `trouble`: why the file itself is at fault, once it is."""

    def __init__(self, source: Source, offset: int, bucket: TokenBucket, progress: Callable[[float], None]) -> None:
        self._source = source
        self._offset = offset
        self._bucket = bucket
        self._progress = progress
        self._hash = hashlib.sha256()
        limited = max(SMALLEST_PIECE, bucket.rate // PIECES_PER_SECOND)
        self._piece = min(PIECE, limited) if bucket.rate else PIECE
        self._file: BinaryIO | None = None
        self._next: asyncio.Future[bytes] | None = None
        self.trouble: FileUnsendable | None = None

    async def open(self) -> None:
        """Before the pieces: reads what is there already, which has its part in the hash. Raises FileUnsendable."""
        await asyncio.to_thread(self._open)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes from the offset on; the next piece is read while one is sent.

        The last one is held back unless all are what was recorded. Raises FileUnsendable.
        """
        left = self._source.size - self._offset
        self._next = self._read_next(left)
        while left > 0:
            await self._bucket.take(min(self._piece, left))
            piece = await asyncio.shield(self._next)
            left -= len(piece)
            if left > 0:
                self._next = self._read_next(left)
            yield piece
            self._progress(1 - left / self._source.size)

    async def close(self) -> None:
        """Lets the file go, also when the pieces were not read to their end."""
        if self._next is not None:
            await asyncio.wait({self._next})
            if not self._next.cancelled():
                self._next.exception()  # told by now, or of no more interest
        if self._file is not None:
            await asyncio.to_thread(self._file.close)

    def _read_next(self, left: int) -> "asyncio.Future[bytes]":
        return asyncio.ensure_future(asyncio.to_thread(self._read, left))

    def _read(self, left: int) -> bytes:
        piece = self._bytes(min(self._piece, left))
        self._hash.update(piece)
        if not piece:
            raise self._note("it has become shorter")
        if len(piece) == left and self._source.sha256 and self._hash.hexdigest() != self._source.sha256:
            raise self._note("its bytes are not those that were recorded")
        return piece

    def _open(self) -> None:
        left = self._offset
        while left > 0 and (piece := self._bytes(min(PIECE, left))):
            self._hash.update(piece)
            left -= len(piece)

    def _bytes(self, size: int) -> bytes:
        try:
            self._file = self._file or self._source.path.open("rb", buffering=0)
            return self._file.read(size)
        except OSError as error:
            raise self._note(os.strerror(error.errno or 0)) from error

    def _note(self, reason: str) -> FileUnsendable:
        self.trouble = FileUnsendable(file=self._source.name, reason=reason)
        return self.trouble


async def require_whole(source: Source) -> None:
    """Raises FileUnsendable for a file that is gone, or has another size than was recorded."""
    try:
        size = (await asyncio.to_thread(source.path.stat)).st_size
    except OSError as error:
        raise FileUnsendable(file=source.name, reason=os.strerror(error.errno or 0)) from error
    if size != source.size:
        raise FileUnsendable(file=source.name, reason=f"it has {size} bytes; {source.size} were recorded")
