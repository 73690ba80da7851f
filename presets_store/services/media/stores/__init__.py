"""Where the bytes of files are: a folder of our own, a bucket, the media folder of the device itself."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from presets_store.storage.media.records import Place, StoredFile


class FileStore(Protocol):
    """One place for files. All methods raise StoreFailed when the place itself fails."""

    @property
    def place(self) -> Place: ...

    @property
    def largest(self) -> int:
        """Bytes that one file may have."""
        ...

    async def upload_address(self, file: StoredFile, seconds: float) -> str:
        """Where the file is to be sent; "" for: to our own API."""
        ...

    async def download_address(self, file: StoredFile, seconds: float) -> str:
        """Where the file is to be fetched; "" for: from our own API."""
        ...

    async def settle(self, file: StoredFile) -> None:
        """The sender says that it is done. Raises NotUploaded, and BytesDiffer for other bytes than were announced."""
        ...

    async def received(self, file: StoredFile) -> int:
        """How many bytes a broken sending has left here. AddressRefused where files are sent elsewhere."""
        ...

    async def receive(self, file: StoredFile, pieces: AsyncIterator[bytes], offset: int = 0) -> None:
        """Takes the bytes by our own API, from `offset` on; when this returns they are whole, right and on the disk.

        Raises FileTooLarge as soon as there are too many, OffsetDiffers, BytesDiffer, NoRoom; AddressRefused where
        files are sent elsewhere.
        """
        ...

    async def path_of(self, file: StoredFile) -> Path | None:
        """Where our own API finds the file; None when it is not there."""
        ...

    async def remove(self, file: StoredFile) -> None:
        """Removes the bytes, also those of an upload that never ended; a repeat is harmless."""
        ...

    async def sweep(self) -> None:
        """Removes what broken uploads have left behind."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlaces:
    """Where files go and come from. `uploads` None: nothing is taken. `recordings`: those of the device itself.

    `public_url`: where this store is reached, as its addresses name it; "": its owner says so when it is served.
    """

    uploads: FileStore | None = None
    recordings: FileStore | None = None
    public_url: str = ""


NO_PLACES = FilePlaces()
"""Of a store that neither takes nor has any files."""
