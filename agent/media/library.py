"""The media folder and its index: where clips go, and at each start whatever the folder and the index disagree about.

A clip is one closed file; its sidecar (`<file>.json`, hardware.models.ClipFile) says all that the index needs, so that
the folder is the truth and the index can be made anew.
"""

import asyncio
import errno
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.media.photo_files import PhotoRoll, photos_in, remove_leftovers
from hardware.client import run_job
from hardware.errors import HardwareError, StorageFailed, StorageFull
from hardware.models import ClipFile
from presets_store.clock import Clock, micros
from presets_store.durable import make_folder_durably
from presets_store.ids import uuid7
from presets_store.protocol.statuses import MediaStatus
from presets_store.rules.event import Event
from presets_store.services.clips import ClipsService
from presets_store.storage.records import Clip, ClipState

logger = logging.getLogger(__name__)

SIDECAR = ".json"
MAX_SIDECAR = 64 * 1024
MAX_DIGITS = 19
MEDIA_SUFFIXES = {".mp4"}

Job = Callable[..., Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class Reconciled:
    """What a look at the folder changed."""

    adopted: int = 0
    recovered: int = 0
    missing: int = 0
    empty: int = 0
    unreadable: int = 0
    leftovers: int = 0

    def __bool__(self) -> bool:
        return any((self.adopted, self.recovered, self.missing, self.empty, self.unreadable, self.leftovers))


class MediaLibrary:
    """All paths in the index are relative to `folder`."""

    def __init__(self, folder: Path, clips: ClipsService, device_key: int, clock: Clock, *, job: Job = run_job) -> None:
        self.folder = folder
        self._clips = clips
        self._device_key = device_key
        self._clock = clock
        self._job = job

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
        try:
            await asyncio.to_thread(make_folder_durably, folder)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull(folder=str(folder)) from error
            raise StorageFailed(path=str(folder), reason=error.strerror or str(error)) from error

    async def clips_of(self, event: Event) -> list[dict[str, Any]]:
        """The event's clips so far, from all its attempts, as its result tells them."""
        return [summary(clip) for clip in await self._clips.of_event(event.uuid) if clip.state is not ClipState.MISSING]

    async def photos_of(self, event: Event) -> PhotoRoll:
        """The event's photos so far, from all its attempts; the folder is their only index."""
        return await asyncio.to_thread(photos_in, self.folder, event.uuid)

    async def index(self, file: ClipFile, folder: Path) -> dict[str, Any]:
        """Takes a closed segment in `folder` into the index; a repeat changes nothing."""
        return summary(await self._clips.index(self._record(file, folder)))

    async def recover(self, event: Event) -> list[dict[str, Any]]:
        """Closes what a lost host left open of this event and answers all its clips."""
        for sidecar in await asyncio.to_thread(self._sidecars_of, event.uuid):
            await self._take_up(sidecar, Reconciled())
        return await self.clips_of(event)

    async def reconcile(self, occupied: Collection[str] = ()) -> Reconciled:
        """Makes folder and index agree. `occupied`: ids of cameras whose open segments a host may still write.

        Other open segments are trimmed to their last whole fragment, closed ones that the index lacks are adopted, rows
        whose file is gone become `missing`. Files that never became whole are removed, others without a sidecar never
        touched.
        """
        indexed = {clip.file: clip for clip in await self._clips.all_files() if clip.state is not ClipState.MISSING}
        news, gone = await asyncio.to_thread(self._differences, indexed)
        changed = Reconciled(leftovers=await asyncio.to_thread(remove_leftovers, self.folder, occupied))
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
            await self._clips.index(self._record(file, sidecar.parent))

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

    def _record(self, file: ClipFile, folder: Path) -> Clip:
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
            encoded=file.encoded,
            created=micros(self._clock.now()),
        )

    def relative(self, path: Path) -> str:
        """The path as the index and results name it."""
        return str(path.relative_to(self.folder))

    def _sidecars(self) -> Iterator[Path]:
        for path in sorted(self.folder.rglob(f"*{SIDECAR}")):
            if path.with_suffix("").suffix in MEDIA_SUFFIXES:
                yield path

    def _sidecars_of(self, event_uuid: str) -> list[Path]:
        return [path for path in self._sidecars() if event_uuid in path.name]


def read_sidecar(path: Path) -> ClipFile | None:
    """The sidecar, or None when it is not one, or that of another file."""
    try:
        if path.stat().st_size > MAX_SIDECAR:
            return None
        file = ClipFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return file if file.file == path.with_suffix("").name else None


def _number(text: str) -> int:
    """A key or count of a sidecar's context; 0 when it is none."""
    return int(text) if text.isdecimal() and len(text) < MAX_DIGITS else 0


def remove_empty(media: Path, sidecar: Path) -> None:
    """Removes a segment that never got a whole fragment; the sidecar last, so that a kill between leaves a trace."""
    media.unlink(missing_ok=True)
    sidecar.unlink(missing_ok=True)


def summary(clip: Clip) -> dict[str, Any]:
    """A clip as an event's result tells it."""
    return {
        "uuid": clip.uuid,
        "file": clip.file,
        "seconds": clip.seconds,
        "frames": clip.frames,
        "size": clip.size,
        "sha256": clip.sha256,
        "attempt": clip.attempt,
        "state": clip.state.value,
    }
