"""Sound recordings in the media folder, as their sidecars (hardware.models.SoundFile) tell of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from agent.media.sidecars import SIDECAR, SOUND_SUFFIXES, read_sound_sidecar
from hardware.errors import HardwareError
from hardware.models import SoundFile
from presets_store.protocol.fields import format_moment
from presets_store.rules.event import Event

logger = logging.getLogger(__name__)

FOLDER = "sound"
"""The folder in the media folder; beside those of the cameras."""

Job = Callable[..., Awaitable[dict[str, Any]]]


class SoundFiles:
    """`folder` is the media folder. `job` runs file jobs."""

    def __init__(self, folder: Path, job: Job) -> None:
        self._folder = folder
        self._job = job

    async def close_left_open(self) -> int:
        """Closes what killed recorders left open, at a start, when none of them lives; how many there were."""
        closed = 0
        for sidecar in await asyncio.to_thread(lambda: list(self._sidecars())):
            sound = await asyncio.to_thread(read_sound_sidecar, sidecar)
            if sound is not None and not sound.closed:
                closed += await self.close(sidecar.with_suffix("")) is not None
        return closed

    async def close(self, media: Path) -> SoundFile | None:
        """Has a file closed whose recorder is gone: up to its last whole second; None when there is nothing to hear."""
        if not await asyncio.to_thread(media.exists):
            await asyncio.to_thread(_remove, media)
            return None
        try:
            sound = SoundFile.model_validate(await self._job("recover_sound", path=str(media)))
        except (HardwareError, ValueError) as error:
            logger.error("an open sound recording could not be closed: %s", error, extra={"file": str(media)})
            return None
        if not sound.seconds:
            await asyncio.to_thread(_remove, media)
            logger.info("an open sound recording held nothing whole and was removed", extra={"file": str(media)})
            return None
        return sound

    async def of(self, event: Event) -> list[dict[str, Any]]:
        """The event's recordings that are whole, from all its attempts, as its result tells them."""
        return await asyncio.to_thread(self._of, event.uuid)

    def _of(self, event_uuid: str) -> list[dict[str, Any]]:
        told = []
        for sidecar in sorted(self._sidecars(event_uuid)):
            sound, media = read_sound_sidecar(sidecar), sidecar.with_suffix("")
            if sound is not None and sound.closed and media.exists():
                told.append(sound_summary(sound, str(media.relative_to(self._folder))))
        return told

    def _sidecars(self, part_of_name: str = "") -> Iterator[Path]:
        for path in (self._folder / FOLDER).rglob(f"*{SIDECAR}"):
            if part_of_name in path.name and path.with_suffix("").suffix in SOUND_SUFFIXES:
                yield path


def sound_summary(sound: SoundFile, file: str) -> dict[str, Any]:
    """A recording as an event's result tells it; `file` is its path in the media folder."""
    return {
        "file": file,
        "start": format_moment(sound.start_wall_ns // 1000),
        "seconds": sound.seconds,
        "size": sound.size,
        "sha256": sound.sha256,
        "recovered": sound.recovered,
    }


def _remove(media: Path) -> None:
    """The sidecar last: a kill leaves a trace."""
    media.unlink(missing_ok=True)
    media.with_name(f"{media.name}{SIDECAR}").unlink(missing_ok=True)
