"""The media folder of the device on which this store runs: recordings are served from where they were made."""

from collections.abc import AsyncIterator
from pathlib import Path

from presets_store.services.media.errors import AddressRefused, RecordingHeld
from presets_store.services.media.stores.threads import Threads
from presets_store.storage.media.records import Place, StoredFile

_THREADS = 4


class MediaStore:
    """Nothing is sent here: the device's agent puts files into `folder`, and takes them out."""

    place = Place.MEDIA
    largest = 0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = Threads(_THREADS)

    async def upload_address(self, file: StoredFile, _seconds: float) -> str:
        """Never: raises RecordingHeld."""
        raise RecordingHeld(file=file.path)

    async def download_address(self, _file: StoredFile, _seconds: float) -> str:
        return ""

    async def settle(self, _file: StoredFile) -> None:
        """It was there before anybody asked."""

    async def received(self, _file: StoredFile) -> int:
        """Never: raises AddressRefused."""
        raise AddressRefused

    async def receive(self, _file: StoredFile, _pieces: AsyncIterator[bytes], _offset: int = 0) -> None:
        """Never: raises AddressRefused."""
        raise AddressRefused

    async def path_of(self, file: StoredFile) -> Path | None:
        return await self._threads.run(self._find, file.path)

    async def remove(self, file: StoredFile) -> None:
        """Never: raises RecordingHeld. The agent does it, with all that belongs to a recording."""
        raise RecordingHeld(file=file.path)

    async def sweep(self) -> None:
        """Nothing is ever half there."""

    def _find(self, name: str) -> Path | None:
        # The name comes from a sidecar: what leads out of the folder is none of its files.
        folder = self._folder.resolve()
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder) and path.is_file() else None
