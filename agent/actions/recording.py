"""Video_Start_recording, Video_Stop_recording and their multiplex forms, which are the same here."""

import math
from pathlib import Path
from typing import Any, ClassVar

from agent.actions.filming import Filming, Stopping
from agent.actions.recording_order import recording_order
from agent.context import Context
from agent.running import ActionTraits, Parameters, Result, SinkKind, StopReason
from hardware.client import SinkHandle, SinkReport
from hardware.errors import HostLost
from hardware.models import Granted, RecordingOrder, SegmentClosed, SinkEnded, SinkProgress, SinkStarted


class StartRecording:
    """Records until its duration, its stop or an end; a lost camera host costs one segment, then it goes on."""

    traits: ClassVar = ActionTraits(sink=SinkKind.RECORDING, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: asked, granted, clips, seconds, dropped, notes. Raises Stopped, Failed."""
        return await Recording(context, parameters).run()


class StopRecording:
    """Ends the recording of a camera; its event becomes Complete."""

    traits: ClassVar = ActionTraits(immediate=True, ends=SinkKind.RECORDING)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"stopped": [event keys]}`; empty when none ran, which is no error: the wish is fulfilled."""
        return await context.stop_sink(context.cameras.pick(parameters), SinkKind.RECORDING, StopReason.STOPPED)


class Recording(Filming[RecordingOrder]):
    """One attempt at a recording; `_earlier` is the length (seconds) of the clips of sinks before the present one."""

    def __init__(self, context: Context, parameters: Parameters) -> None:
        super().__init__(context, parameters)
        self._earlier = 0.0
        self._sink_seconds = 0.0
        self._dropped = 0
        self._granted: Granted | None = None
        self._clips: list[dict[str, Any]] = []

    async def _take_up(self) -> None:
        self._clips = await self._context.media.clips_of(self._context.event)
        self._earlier = sum(clip["seconds"] for clip in self._clips)

    def _done(self) -> bool:
        return bool(self._duration) and self._duration - self._earlier <= 1e-3

    def _order(self, continuation: int) -> RecordingOrder:
        self._sink_seconds = 0.0
        remaining = self._duration - self._earlier if self._duration else 0.0
        return recording_order(
            self._context, self._camera, self._parameters, continuation=continuation, duration=remaining
        )

    async def _start(self, order: RecordingOrder, stopping: Stopping) -> SinkHandle | None:
        return await self._camera.record(order, stopping)

    async def _take(self, report: SinkReport, folder: Path) -> None:
        match report:
            case SinkStarted(granted=granted):
                self._granted = granted
                self._filming = True
            case SinkProgress(seconds=seconds):
                self._sink_seconds = seconds
                self._report_progress()
            case SegmentClosed(clip=clip):
                self._clips.append(await self._context.media.index(clip, folder))
            case SinkEnded() as ended:
                self._dropped += ended.dropped
                self._notes.extend(ended.notes)
            case _:
                pass

    async def _lost(self, error: HostLost) -> None:
        self._notes.append(f"a segment was cut: {error}")
        self._clips = await self._context.media.recover(self._context.event)
        self._earlier = sum(clip["seconds"] for clip in self._clips)

    def _report_progress(self) -> None:
        if self._duration:
            done = (self._earlier + self._sink_seconds) / self._duration
            self._context.progress(min(99.9, math.floor(1000 * done) / 10))
        else:
            self._context.progress(0.0)

    def _result(self, ended_by: str) -> Result:
        return {
            "camera": self._camera.name,
            "asked": self._asked(*_ASKED),
            "granted": self._granted.model_dump(mode="json", exclude={"notes"}) if self._granted else None,
            "clips": self._clips,
            "seconds": round(sum(clip["seconds"] for clip in self._clips), 3),
            "dropped": self._dropped,
            "notes": [*(self._granted.notes if self._granted else ()), *self._notes],
            "endedBy": ended_by,
        }


_ASKED = ("width", "height", "fps", "bitrate", "encoding", "rotationDegrees", "durationSeconds", "segmentLengthSeconds")
