"""The media folder and its index: where clips go, and at each start whatever the folder and the index disagree about.

A clip is one closed file; its sidecar (`<file>.json`, hardware.models.ClipFile) says all that the index needs, so that
the folder is the truth and the index can be made anew.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from agent.media.photo_files import PhotoRoll, photos_in, remove_leftovers
from agent.media.retention.burial import KEPT, TOMBSTONE, beside, complete, is_clip, is_tombstone
from agent.media.room import NO_ROOM, Room
from agent.media.sidecars import MEDIA_SUFFIXES, SIDECAR, read_sidecar
from agent.media.sounds import SoundFiles
from agent.media.taken import TakenIndex
from hardware.client import run_job
from hardware.errors import HardwareError, StorageFailed, StorageFull
from hardware.models import ClipFile, PhotoFile, SoundFile
from presets_store.clock import Clock, micros
from presets_store.durable import make_folder_durably
from presets_store.ids import uuid7
from presets_store.protocol.fields import format_moment
from presets_store.protocol.statuses import MediaStatus, VideoClipType
from presets_store.rules.event import Event
from presets_store.services.clips import ClipsService
from presets_store.storage.errors import StorageUnavailable
from presets_store.storage.records import Clip, ClipState

logger = logging.getLogger(__name__)

MAX_DIGITS = 19

_TYPES: Mapping[str, VideoClipType] = MappingProxyType(
    {
        "recorded": VideoClipType.ORIGINAL,
        "joined": VideoClipType.CONCATENATED,
        "extracted": VideoClipType.EXTRACTED,
        "transcoded": VideoClipType.EXTRACTED,  # of the whole; whoever asks for originals wants each picture once
    }
)

Job = Callable[..., Awaitable[dict[str, Any]]]

Announce = Callable[[Sequence[tuple[str, str, str]]], Awaitable[bool]]
"""Hears of clips that are about to be removed: camera, file, reason. False: it must be told again."""

TOLD_LATE = "to make room; told later"
"""The reason of a removal that could not be told when it was carried out; the log has it."""


@dataclass(slots=True)
class Reconciled:
    """What a look at the folder changed."""

    adopted: int = 0
    recovered: int = 0
    missing: int = 0
    empty: int = 0
    unreadable: int = 0
    leftovers: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


async def _nobody_hears(_: Sequence[tuple[str, str, str]]) -> bool:
    return True


class MediaLibrary:
    """All paths in the index are relative to `folder`. `room`: what its writers and retention tell each other.

    Those in `closed` are called after a clip was closed, `announce` before one is removed. `awaited`: folders that an
    order names and in which nothing was closed yet. `taken`: the index of photos and sounds; without it only clips are
    indexed.
    """

    def __init__(
        self,
        folder: Path,
        clips: ClipsService,
        device_key: int,
        clock: Clock,
        *,
        taken: TakenIndex | None = None,
        job: Job = run_job,
    ) -> None:
        self.folder = folder
        self.taken = taken
        self._clips = clips
        self._device_key = device_key
        self._clock = clock
        self._job = job
        self._waiting: list[Clip] = []
        self.closed: list[Callable[[], None]] = []
        self.announce: Announce = _nobody_hears
        self.awaited: set[Path] = set()
        self.room = Room(folder, clock)
        self.sounds = SoundFiles(folder, job)

    def place_for(self, event: Event, camera_id: str, wall: float, continuation: int) -> tuple[Path, str]:
        """Folder (absolute) and stem of a recording's segments; unique per event, attempt and continuation."""
        moment = time.gmtime(wall)
        folder = self.folder / camera_id / time.strftime("%Y-%m-%d", moment)
        part = f"{event.attempt_number}" + (f".{continuation}" if continuation else "")
        return folder, f"{time.strftime('%H%M%S', moment)}-{event.uuid}-{part}"

    async def prepare(self, folder: Path) -> None:
        """Makes the folder, durably: a power cut must not lose it with what was recorded into it.

        Raises StorageFull, StorageFailed.
        """
        self.awaited.add(folder)
        try:
            await asyncio.to_thread(make_folder_durably, folder)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise StorageFull(folder=str(folder)) from error
            raise StorageFailed(path=str(folder), reason=error.strerror or str(error)) from error

    async def wait_for_room(self, stopping: "asyncio.Future[Any]") -> bool:
        """For after StorageFull: True when writing is worth another try, False when a stop came first."""
        return await self.room.wait(stopping)

    def require_room(self) -> None:
        """For what is less important than recordings. Raises StorageFull while only they may go on."""
        if self.room.scarce:
            raise StorageFull(folder=str(self.folder))

    async def clips_of(self, event: Event) -> list[dict[str, Any]]:
        """The event's clips so far, from all its attempts, as its result tells them; those that were removed, too."""
        indexed = [clip for clip in await self._clips.of_event(event.uuid) if clip.state is not ClipState.MISSING]
        known = {clip.file for clip in indexed}
        waiting = [clip for clip in self._waiting if clip.event_uuid == event.uuid and clip.file not in known]
        return [summary(clip) for clip in (*indexed, *waiting)]

    async def photos_of(self, event: Event) -> PhotoRoll:
        """The event's photos so far, from all its attempts: those that are in the folder, whoever told of them."""
        if self.taken is not None:
            self.taken.look_again()
        return await asyncio.to_thread(photos_in, self.folder, event.uuid)

    async def index(self, file: ClipFile, folder: Path) -> dict[str, Any]:
        """Takes a closed segment in `folder` into the index; a repeat changes nothing.

        While the index cannot be written, on a full disk say, the segment waits for `catch_up`: it was recorded.
        """
        self.room.changed = True
        self.awaited.discard(folder)
        clip = await self._index(self._record(file, folder))
        self._tell_closed()
        return summary(clip)

    def index_photo(self, photo: PhotoFile, folder: Path) -> None:
        """Takes a photo in `folder` into the index, with others that come soon after it; see `write_index`."""
        self.awaited.discard(folder)
        if self.taken is not None:
            self.taken.photo(photo, folder)

    def index_sound(self, sound: SoundFile, folder: Path) -> None:
        """The same of a sound recording that is whole."""
        self.room.changed = True
        self.awaited.discard(folder)
        if self.taken is not None:
            self.taken.sound(sound, folder)

    async def uploaded(self) -> Collection[str]:
        """The photos and sounds that an upstream has. Raises CuelightError."""
        return frozenset() if self.taken is None else await self.taken.uploaded()

    async def write_index(self) -> None:
        """Has the index know now of photos and sounds; for the end of an event that made some."""
        if self.taken is not None:
            await self.taken.write()

    async def _index(self, clip: Clip) -> Clip:
        try:
            return await self._clips.index(clip)
        except StorageUnavailable as error:
            logger.error("a clip is indexed later: %s", error, extra={"file": clip.file, "code": error.code})
        if clip.file not in {waiting.file for waiting in self._waiting}:
            self._waiting.append(clip)
        return clip

    def _tell_closed(self) -> None:
        for function in self.closed:
            function()

    async def catch_up(self) -> None:
        """Indexes the segments that wait for it. Raises StorageUnavailable while that is not possible."""
        while self._waiting:
            await self._clips.index(self._waiting[0])
            del self._waiting[0]
            self._tell_closed()

    async def take_back(self, file: str) -> None:
        """Has the index know a file again whose removal failed before it had begun."""
        sidecar = beside(self.folder / file, SIDECAR)
        if not is_clip(file):
            if self.taken is not None:
                await self.taken.take_back(file)
        elif await asyncio.to_thread(sidecar.exists):
            await self._take_up(sidecar, Reconciled())

    async def mark_removed(self, files: Sequence[str]) -> set[str]:
        """Has the index know that these files go; answers the clips that may not. Raises CuelightError."""
        if self.taken is not None:
            await self.taken.removed([file for file in files if not is_clip(file)])
        clips = [file for file in files if is_clip(file)]
        return await self._clips.mark_removed(clips) if clips else set()

    async def note_removed(self, tombstone: Path) -> None:
        """Ends a removal that was begun: what is left of the files goes, and all who must know are told."""
        file = await asyncio.to_thread(read_sidecar, tombstone)
        try:
            await asyncio.to_thread(complete, tombstone)
            if file is not None:
                await self._clips.index(replace(self._record(file, tombstone.parent), state=ClipState.REMOVED))
            gone = self.relative(tombstone.with_suffix(""))
            if await self.announce([(gone.partition("/")[0], gone, TOLD_LATE)]):
                await asyncio.to_thread(tombstone.unlink, missing_ok=True)
        except OSError as error:
            logger.error("a removal cannot be ended: %s", error, extra={"file": str(tombstone)})

    async def recover(self, event: Event) -> list[dict[str, Any]]:
        """Closes what a lost host left open of this event and answers all its clips."""
        for sidecar in await asyncio.to_thread(self._sidecars_of, event.uuid):
            await self._take_up(sidecar, Reconciled())
        return await self.clips_of(event)

    async def reconcile(self, occupied: Collection[str] = ()) -> Reconciled:
        """Makes folder and index agree. `occupied`: ids of cameras whose open segments a host may still write.

        Other open segments are trimmed to their last whole fragment, closed ones that the index lacks are adopted, rows
        whose file is gone become `missing`, or `removed` where a tombstone says so. Files that never became whole are
        removed, others without a sidecar never touched.
        """
        tombstones = await asyncio.to_thread(self._tombstones)
        for tombstone in tombstones:
            await self.note_removed(tombstone)
        indexed = await self._clips.with_files()
        news, gone = await asyncio.to_thread(self._differences, indexed)
        leftovers = await asyncio.to_thread(remove_leftovers, self.folder, occupied)
        changed = Reconciled(leftovers=leftovers, removed=len(tombstones))
        changed.recovered += await self.sounds.close_left_open()
        for sidecar in news:
            await self._take_up(sidecar, changed, occupied=occupied)
        for clip in gone:
            await self._clips.mark_missing(clip.key)
            logger.warning("a clip's file is gone", extra={"clip": clip.uuid, "file": clip.file})
            changed.missing += 1
        return changed

    def _differences(self, indexed: Mapping[str, Clip]) -> tuple[list[Path], list[Clip]]:
        """Sidecars of files that are not indexed, and indexed clips without a file; opens no file."""
        news = [sidecar for sidecar in self._sidecars() if self.relative(sidecar.with_suffix("")) not in indexed]
        gone = [clip for file, clip in indexed.items() if not (self.folder / file).exists()]
        return news, gone

    async def _take_up(self, sidecar: Path, changed: Reconciled, *, occupied: Collection[str] = ()) -> None:
        file = await asyncio.to_thread(read_sidecar, sidecar)
        if file is None:
            changed.unreadable += 1
            logger.error("a sidecar cannot be read; its clip is left as it is", extra={"file": str(sidecar)})
            return
        if not file.closed:
            if file.context.get("camera_id") in occupied:
                return
            file = await self._close(sidecar, changed)
        elif await asyncio.to_thread(sidecar.with_suffix("").exists):
            changed.adopted += 1
        else:
            return
        if file is not None:
            kept = await asyncio.to_thread(beside(sidecar.with_suffix(""), KEPT).exists)
            await self._index(self._record(file, sidecar.parent, protected=kept))

    async def _close(self, sidecar: Path, changed: Reconciled) -> ClipFile | None:
        """Has an open segment closed by a file job; None when there was no whole fragment in it."""
        media = sidecar.with_suffix("")
        if not await asyncio.to_thread(media.exists):
            await self._drop(media, sidecar, changed)
            return None
        try:
            file = ClipFile.model_validate(await self._job("recover", path=str(media)))
        except (HardwareError, ValidationError) as error:
            changed.unreadable += 1
            logger.error("an open segment could not be closed: %s", error, extra={"file": str(media)})
            return None
        if file.frames == 0:
            await self._drop(media, sidecar, changed)
            return None
        changed.recovered += 1
        return file

    async def _drop(self, media: Path, sidecar: Path, changed: Reconciled) -> None:
        changed.empty += 1
        await asyncio.to_thread(remove_empty, media, sidecar)
        logger.info("an open segment held no whole fragment and was removed", extra={"file": str(media)})

    def _record(self, file: ClipFile, folder: Path, *, protected: bool = False) -> Clip:
        context = file.context
        return Clip(
            uuid=uuid7(self._clock.now()),
            device_key=self._device_key,
            event_key=_number(context.get("event_key", "")) or None,
            event_uuid=context.get("event_uuid", ""),
            attempt=_number(context.get("attempt", "")),
            camera_id=context.get("camera_id", ""),
            segment_index=file.index,
            file=self.relative(folder / file.file),
            state=ClipState.RECOVERED if file.recovered else ClipState.CLOSED,
            video_clip_status=MediaStatus.ANNOUNCED,
            codec=file.codec,
            width=file.width,
            height=file.height,
            rate=file.rate,
            bitrate=round(file.size * 8 / file.seconds) if file.seconds else 0,
            frames=file.frames,
            dropped=file.dropped,
            size=file.size,
            sha256=file.sha256,
            start=file.start_wall_ns // 1000,
            seconds=file.seconds,
            clock_quality=file.clock_quality,
            boot_id=file.boot_id,
            mono=file.first_mono_ns // 1000,
            encoded=file.encoded,
            protected=protected,
            thumbnail=file.thumbnail,
            video_clip_type_id=int(_TYPES[file.made]),
            video_clip_parameters=file.made_by,
            created=micros(self._clock.now()),
        )

    def relative(self, path: Path) -> str:
        """The path as the index and results name it."""
        return str(path.relative_to(self.folder))

    def _sidecars(self) -> Iterator[Path]:
        for path in sorted(self.folder.rglob(f"*{SIDECAR}")):
            if path.with_suffix("").suffix in MEDIA_SUFFIXES:
                yield path

    def _tombstones(self) -> list[Path]:
        return [path for path in self.folder.rglob(f"*{TOMBSTONE}") if is_tombstone(path.name) and path.is_file()]

    def _sidecars_of(self, event_uuid: str) -> list[Path]:
        return [path for path in self._sidecars() if event_uuid in path.name]


def _number(text: str) -> int:
    """A key or count of a sidecar's context; 0 when it is none."""
    return int(text) if text.isdecimal() and len(text) < MAX_DIGITS else 0


def remove_empty(media: Path, sidecar: Path) -> None:
    """Removes a segment that never got anything whole, and its thumbnail; the sidecar last: a kill leaves a trace."""
    media.unlink(missing_ok=True)
    media.with_name(f"{media.name}.jpg").unlink(missing_ok=True)
    sidecar.unlink(missing_ok=True)


def summary(clip: Clip) -> dict[str, Any]:
    """A clip as an event's result tells it."""
    return {
        "uuid": clip.uuid,
        "file": clip.file,
        "start": format_moment(clip.start),
        "seconds": clip.seconds,
        "frames": clip.frames,
        "size": clip.size,
        "sha256": clip.sha256,
        "attempt": clip.attempt,
        "state": clip.state.value,
    }
