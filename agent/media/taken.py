"""Photos and recorded sounds as rows of the index. Their sidecars are the truth, which the rows follow.

Photos may come every second for days: rows are written for many at a time, and whatever a kill, a full disk or a lost
database kept from being written is taken up from the sidecars at the next start.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Generic, NoReturn

from agent.media.photo_files import SUFFIXES as PHOTO_SUFFIXES
from agent.media.photo_files import read_photo_sidecar
from agent.media.sidecars import DOWNLOADS, SIDECAR, SOUND_SUFFIXES, read_sound_sidecar
from hardware.models import PhotoFile, SoundFile
from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.services.media.recorded import RecordedService
from presets_store.storage.errors import DatabaseDamaged
from presets_store.storage.media.items import ItemT
from presets_store.storage.media.records import AudioClip, Image

logger = logging.getLogger(__name__)

WRITTEN_EVERY = 5.0
"""Seconds: a commit costs flash whatever is in it."""
AT_ONCE = 250
"""Rows of one transaction, so that nobody else's write waits long."""
LONGEST_QUEUE = 5000
"""Rows that wait while the database cannot be written; of more the folder is asked, when it can."""


def _nobody_waits() -> None:
    """Before anybody wants to hear of new rows."""


class TakenIndex:
    """Those of one device. `folder`: the media folder. `stored` is called when there are new rows."""

    def __init__(
        self,
        folder: Path,
        images: RecordedService[Image],
        sounds: RecordedService[AudioClip],
        device_key: int,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._device_key = device_key
        self._clock = clock
        self._images = _Rows(folder, images, device_key, PHOTO_SUFFIXES, self._adopted_image)
        self._sounds = _Rows(folder, sounds, device_key, SOUND_SUFFIXES, self._adopted_sound)
        self._wanted = asyncio.Event()
        self.stored: Callable[[], None] = _nobody_waits

    def photo(self, photo: PhotoFile, folder: Path) -> None:
        """A photo is there, in `folder`; it gets its row with the next write."""
        self._images.add(self._image(photo, folder / photo.file))
        self._wanted.set()

    def sound(self, sound: SoundFile, folder: Path) -> None:
        """The same of a sound recording that is whole."""
        self._sounds.add(self._audio_clip(sound, folder / sound.file))
        self._wanted.set()

    def look_again(self) -> None:
        """Photos may be there that nobody told of: a lost host has left them."""
        self._images.incomplete = True
        self._wanted.set()

    async def write(self) -> None:
        """Writes the rows that wait. While that is not possible they go on waiting, and the log says so."""
        self._wanted.clear()
        try:
            written = await self._images.write() + await self._sounds.write()
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            self._wanted.set()
            logger.error("photos and sounds are indexed later: %s", error, extra={"code": error.code})
            return
        if written:
            self.stored()

    async def removed(self, files: Collection[str]) -> None:
        """These files of the media folder go; whatever else is among them is passed over. Raises CuelightError."""
        await self._images.removed(files)
        await self._sounds.removed(files)

    async def take_back(self, file: str) -> None:
        """A file that was removed for the index, and is still there."""
        for rows in (self._images, self._sounds):
            await rows.take_back(file)
        self._wanted.set()

    async def uploaded(self) -> set[str]:
        """The files that an upstream has. Raises CuelightError."""
        return await self._images.uploaded() | await self._sounds.uploaded()

    async def reconcile(self) -> int:
        """Makes rows and folder agree; how many rows that took. Raises CuelightError, OSError."""
        changed = await self._images.reconcile() + await self._sounds.reconcile()
        if changed:
            logger.warning("%d photos and sounds had no row in the index, or no file in the folder", changed)
            self.stored()
        return changed

    async def run(self) -> NoReturn:
        """Until cancelled: first what folder and index disagree about, then what comes."""
        while not await self._agrees():
            await self._clock.sleep(WRITTEN_EVERY)
        while True:
            await self._wanted.wait()
            await self._clock.sleep(WRITTEN_EVERY)
            await self.write()

    async def _agrees(self) -> bool:
        try:
            await self.reconcile()
        except DatabaseDamaged:
            raise
        except (CuelightError, OSError) as error:
            logger.error("photos and sounds are compared with their index later: %s", error)
            return False
        return True

    def _adopted_image(self, sidecar: Path) -> Image | None:
        photo = read_photo_sidecar(sidecar)
        return None if photo is None else self._image(photo, sidecar.with_suffix(""))

    def _adopted_sound(self, sidecar: Path) -> AudioClip | None:
        sound = read_sound_sidecar(sidecar)
        return None if sound is None or not sound.closed else self._audio_clip(sound, sidecar.with_suffix(""))

    def _image(self, photo: PhotoFile, path: Path) -> Image:
        return Image(
            device_key=self._device_key,
            image_type_id=1,
            local_file_path=str(path.relative_to(self._folder)),
            height=photo.height,
            width=photo.width,
            size=photo.size,
            start=photo.taken_wall_ns // 1000,
            event_uuid=photo.context.get("event_uuid", ""),
            camera_id=photo.context.get("camera_id", ""),
            sha256=photo.sha256,
            clock_quality=photo.clock_quality,
            boot_id=photo.boot_id,
            mono=photo.mono_ns // 1000,
            created=micros(self._clock.now()),
        )

    def _audio_clip(self, sound: SoundFile, path: Path) -> AudioClip:
        return AudioClip(
            device_key=self._device_key,
            audio_clip_type_id=1,
            local_file_path=str(path.relative_to(self._folder)),
            size=sound.size,
            bitrate=sound.bitrate or (round(sound.size * 8 / sound.seconds) if sound.seconds else 0),
            start=sound.start_wall_ns // 1000,
            seconds=sound.seconds,
            event_uuid=sound.context.get("event_uuid", ""),
            sha256=sound.sha256,
            clock_quality=sound.clock_quality,
            boot_id=sound.boot_id,
            mono=sound.first_mono_ns // 1000,
            created=micros(self._clock.now()),
        )


class _Rows(Generic[ItemT]):
    """Rows of one kind. `adopted` makes one of a sidecar, None of one that is none, and blocks."""

    def __init__(
        self,
        folder: Path,
        service: RecordedService[ItemT],
        device_key: int,
        suffixes: Collection[str],
        adopted: Callable[[Path], ItemT | None],
    ) -> None:
        self._folder = folder
        self._service = service
        self._device_key = device_key
        self._suffixes = suffixes
        self._adopted = adopted
        self._waiting: dict[str, ItemT] = {}
        self.incomplete = False
        self._writing = asyncio.Lock()

    def add(self, row: ItemT) -> None:
        if len(self._waiting) < LONGEST_QUEUE:
            self._waiting[row.local_file_path] = row
        else:
            self.incomplete = True

    async def write(self) -> int:
        """How many rows it wrote."""
        written = 0
        async with self._writing:
            while self._waiting:
                batch = dict(islice(self._waiting.items(), AT_ONCE))
                await self._service.index(self._device_key, list(batch.values()))
                for path in batch:
                    self._waiting.pop(path, None)
                written += len(batch)
        if self.incomplete:
            self.incomplete = False
            written += await self.reconcile()
        return written

    async def removed(self, files: Iterable[str]) -> None:
        mine = [file for file in files if Path(file).suffix in self._suffixes]
        for file in mine:
            self._waiting.pop(file, None)
        async with self._writing:  # else a photo that is just being written would be there again
            await self._service.gone(self._device_key, mine)

    async def take_back(self, file: str) -> None:
        if Path(file).suffix in self._suffixes:
            for row in await asyncio.to_thread(self._rows_of, [file]):
                self.add(row)

    async def uploaded(self) -> set[str]:
        return await self._service.uploaded(self._device_key)

    async def reconcile(self) -> int:
        """How many rows were new, or of files that are gone."""
        known = await self._service.paths(self._device_key)
        found = await asyncio.to_thread(lambda: set(_media_files(self._folder, "", self._suffixes)))
        changed, new = 0, sorted(found - known - self._waiting.keys())
        for start in range(0, len(new), AT_ONCE):
            rows = await asyncio.to_thread(self._rows_of, new[start : start + AT_ONCE])
            await self._service.index(self._device_key, rows)
            changed += len(rows)
        gone = known - found
        await self._service.gone(self._device_key, sorted(await asyncio.to_thread(self._really_gone, gone)))
        return changed + len(gone)

    def _rows_of(self, paths: Iterable[str]) -> list[ItemT]:
        rows = (self._adopted(self._folder / f"{path}{SIDECAR}") for path in paths)
        return [row for row in rows if row is not None]

    def _really_gone(self, paths: Iterable[str]) -> list[str]:
        """A file that was put there since the folder was looked at is not gone."""
        return [path for path in paths if not (self._folder / path).exists()]


def _media_files(folder: Path, prefix: str, suffixes: Collection[str]) -> Iterator[str]:
    """Files below `folder` with one of the endings and a sidecar beside them, relative to the media folder. Blocks."""
    try:
        entries = list(os.scandir(folder / prefix if prefix else folder))
    except (FileNotFoundError, PermissionError):  # removed meanwhile; not ours, such as lost+found
        return
    names = {entry.name for entry in entries}
    for entry in entries:
        name = entry.name
        if name[name.rfind(".") :] in suffixes and name + SIDECAR in names:
            yield prefix + name
        elif entry.is_dir(follow_symlinks=False) and not (name == DOWNLOADS and not prefix):
            yield from _media_files(folder, f"{prefix}{name}/", suffixes)
