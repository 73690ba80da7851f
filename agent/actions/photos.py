"""Image_Start_taking_photos and Image_Stop_taking_photos: one photo, or one per interval."""

from pathlib import Path
from typing import ClassVar

from agent.actions.filming import Filming, Stopping
from agent.actions.photo_order import photo_order
from agent.context import Context
from agent.media.photo_files import PhotoRoll, photo_summary
from agent.running import ActionTraits, Parameters, Result, SinkKind, StopReason
from hardware.client import SinkHandle, SinkReport
from hardware.errors import HostLost
from hardware.models import PhotoOrder, PhotoTaken, SinkEnded


class StartPhotos:
    """One photo completes by itself; at an interval they go on until the stop, the duration, or an end."""

    traits: ClassVar = ActionTraits(sink=SinkKind.PHOTOS, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: asked, count, photos (the first and the last of many), notes. Raises Stopped, Failed."""
        try:
            return await Photos(context, parameters).run()
        finally:
            await context.media.write_index()


class StopPhotos:
    """Ends the taking of photos, or of frames, of a camera; its event becomes Complete."""

    def __init__(self, kind: SinkKind) -> None:
        self._kind = kind
        self.traits = ActionTraits(immediate=True, ends=kind)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"stopped": [event keys]}`; empty when none ran, which is no error: the wish is fulfilled."""
        return await context.stop_sink(context.cameras.pick(parameters), self._kind, StopReason.STOPPED)


class Photos(Filming[PhotoOrder]):
    """One attempt at photos; `_earlier` is what the photos of earlier attempts stand for, in seconds."""

    def __init__(self, context: Context, parameters: Parameters) -> None:
        super().__init__(context, parameters)
        self._interval: float = parameters.get("intervalSeconds", 0.0)
        self.ended_by_itself = "duration" if self._interval else "photo"
        self._roll = PhotoRoll()
        self._sink: SinkHandle | None = None
        self._earlier = 0.0
        self._first_at: float | None = None
        self._dropped = 0
        self._copied = False

    async def _take_up(self) -> None:
        self._roll = await self._context.media.photos_of(self._context.event)
        self._earlier = self._roll.count * self._interval

    def _done(self) -> bool:
        if not self._interval:
            return self._roll.count > 0
        return bool(self._duration) and self._elapsed() >= self._duration

    def _order(self, continuation: int) -> PhotoOrder:
        remaining = self._duration - self._elapsed() if self._duration and self._interval else 0.0
        return photo_order(self._context, self._camera, self._parameters, continuation=continuation, duration=remaining)

    async def _start(self, order: PhotoOrder, stopping: Stopping) -> SinkHandle | None:
        self._context.media.require_room()
        self._sink = await self._camera.photograph(order, stopping)
        return self._sink

    async def _take(self, report: SinkReport, folder: Path) -> None:
        match report:
            case PhotoTaken(photo=photo):
                self._filming = True
                self._copied = self._copied or photo.copied
                self._context.media.index_photo(photo, folder)
                self._roll.add(photo_summary(photo, self._context.media.relative(folder / photo.file)))
                if self._first_at is None:
                    self._first_at = self._context.clock.monotonic()
                if self._sink is not None and self._context.media.room.scarce:
                    await self._sink.stop("recordings come first where there is little room")
            case SinkEnded() as ended:
                self._dropped += ended.dropped
                self._notes.extend(ended.notes)
            case _:
                pass
        self._context.progress(min(99.9, 100 * self._elapsed() / self._duration) if self._duration else 0.0)

    async def _lost(self, error: HostLost) -> None:
        if not self._context.media.room.scarce:
            self._notes.append(f"photos went on in a new host: {error}")
        self._roll = await self._context.media.photos_of(self._context.event)

    def _elapsed(self) -> float:
        """Seconds since the first photo."""
        return self._earlier + (0.0 if self._first_at is None else self._context.clock.monotonic() - self._first_at)

    def _result(self, ended_by: str) -> Result:
        notes = list(self._notes)
        if self._copied and "quality" in self._parameters:
            notes.append(f"quality {self._parameters['quality']} was not applied: the camera's own JPEG was kept")
        return {
            "camera": self._camera.name,
            "asked": self._asked(*_ASKED),
            **self._roll.told(),
            "dropped": self._dropped,
            "notes": notes,
            "endedBy": ended_by,
        }


_ASKED = (
    "width", "height", "intervalSeconds", "durationSeconds", "quality", "encoding", "rotation", "hflip", "vflip",
    "brightness", "contrast", "saturation", "sharpness", "awb", "exposure", "ev", "denoise", "shutter", "gain", "hdr",
    "controls", "fps", "rotationDegrees",
)  # fmt: skip
