"""Video_Start_recording, Video_Stop_recording and their multiplex forms, which are the same here."""

import asyncio
import math
from pathlib import Path
from typing import Any, ClassVar

from agent.actions.filming import NOT_THERE, Filming, Stopping
from agent.actions.footage import (
    Now,
    Span,
    Trouble,
    clock_time,
    filmed_seconds,
    interruptions,
    read_sidecars,
    span_of,
    span_told,
)
from agent.actions.recording_order import container_of, recording_order
from agent.context import Context
from agent.running import ActionTraits, Parameters, Result, SinkKind, StopReason
from hardware.client import SinkHandle, SinkReport
from hardware.errors import HostLost
from hardware.models import Granted, RecordingOrder, SegmentClosed, SinkEnded, SinkProgress, SinkStarted


class StartRecording:
    """Records until its duration, its stop or an end; a lost camera host costs one segment, then it goes on."""

    traits: ClassVar = ActionTraits(sink=SinkKind.RECORDING, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: asked, granted, clips, seconds, dropped, notes and more. Raises Stopped, Failed."""
        return await Recording(context, parameters).run()


class StopRecording:
    """Ends the recording of a camera; its event becomes Complete."""

    traits: ClassVar = ActionTraits(immediate=True, ends=SinkKind.RECORDING)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"stopped": [event keys]}`; empty when none ran, which is no error: the wish is fulfilled."""
        return await context.stop_sink(context.cameras.pick(parameters), SinkKind.RECORDING, StopReason.STOPPED)


class Recording(Filming[RecordingOrder]):
    """One attempt at a recording; `_earlier` is how long (seconds) the sinks before the present one filmed."""

    waits_for_room = True

    def __init__(self, context: Context, parameters: Parameters) -> None:
        super().__init__(context, parameters)
        self._lapse: float = parameters.get("timeLapseSeconds", 0.0)
        self._pre_roll = 0.0
        self._sound = False
        self._troubles: list[Trouble] = []
        self._ended_at = 0.0
        self._earlier = 0.0
        self._sink_seconds = 0.0
        self._dropped = 0
        self._granted: Granted | None = None
        self._clips: list[dict[str, Any]] = []
        self._spans: dict[str, Span] = {}
        asked, kept = parameters.get("preRollSeconds", 0.0), self._camera.settings.ring_seconds
        if asked > kept:
            self._notes.append(f"pre-roll: ring_seconds of camera {self._camera.name!r} is {kept:g}, {asked:g} s asked")

    async def _take_up(self) -> None:
        await self._count(await self._context.media.clips_of(self._context.event))

    async def _count(self, clips: list[dict[str, Any]]) -> None:
        """What was filmed until now; the duration counts from the request, not from the pre-roll."""
        self._clips = clips
        sidecars = await asyncio.to_thread(read_sidecars, self._context.media.folder, clips)
        self._pre_roll = sum(sidecar.pre_roll_seconds for sidecar in sidecars.values())
        self._spans |= {file: span_of(sidecar) for file, sidecar in sidecars.items()}
        self._earlier = filmed_seconds(clips, self._lapse) - self._pre_roll

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

    def _after_stop(self) -> float:
        return float(self._parameters.get("postRollSeconds", 0.0))

    async def _watch(self) -> None:
        """What goes wrong with the camera, for the times without pictures."""
        while True:
            state = self._camera.state
            trouble = Trouble(self._context.clock.monotonic(), state.reason)
            if state.state in NOT_THERE and trouble.reason != (self._troubles[-1].reason if self._troubles else ""):
                self._troubles.append(trouble)
            self._camera.changed.clear()
            await self._camera.changed.wait()

    async def _take(self, report: SinkReport, folder: Path) -> None:
        match report:
            case SinkStarted(granted=granted):
                self._granted = granted
                self._filming = True
            case SinkProgress(seconds=seconds):
                self._sink_seconds = seconds
                self._report_progress()
            case SegmentClosed(clip=clip):
                self._pre_roll += clip.pre_roll_seconds
                self._sound = self._sound or clip.audio
                indexed = await self._context.media.index(clip, folder)
                self._clips.append(indexed)
                self._spans[indexed["file"]] = span_of(clip)
            case SinkEnded() as ended:
                self._ended_at = self._context.clock.monotonic()
                self._dropped += ended.dropped
                self._notes.extend(ended.notes)
            case _:
                pass

    async def _lost(self, error: HostLost) -> None:
        self._notes.append(f"a segment was cut: {error}")
        await self._count(await self._context.media.recover(self._context.event))

    async def _resumed(self, since: float) -> None:
        self._notes.append(f"no space from {clock_time(since)} to {clock_time(self._context.clock.now())}")
        await self._count(await self._context.media.recover(self._context.event))

    def _report_progress(self) -> None:
        if self._duration:
            lead = self._granted.pre_roll_seconds if self._granted else 0.0
            done = (self._earlier + self._sink_seconds - lead) / self._duration
            self._context.progress(max(0.0, min(99.9, math.floor(1000 * done) / 10)))
        else:
            self._context.progress(0.0)

    def _result(self, ended_by: str) -> Result:
        return {
            "camera": self._camera.name,
            "asked": self._asked(*_ASKED),
            "granted": self._granted.model_dump(mode="json", exclude=_TOLD_ELSEWHERE) if self._granted else None,
            "container": container_of(self._parameters),
            "preRollSeconds": round(self._pre_roll, 3),
            "audio": self._sound,
            "clips": self._clips,
            "seconds": round(sum(clip["seconds"] for clip in self._clips), 3),
            "dropped": self._dropped,
            "notes": self._all_notes(),
            "endedBy": ended_by,
        }

    def _all_notes(self) -> list[str]:
        """Each once: those that were granted, what happened, where pictures are missing."""
        gaps = [] if self._lapse else self._gaps()
        return list(dict.fromkeys([*(self._granted.notes if self._granted else ()), *self._notes, *gaps]))

    def _gaps(self) -> list[str]:
        clock = self._context.clock
        now = Now(self._context.event.boot_id, clock.now() - clock.monotonic())
        spans = [self._spans.get(clip["file"]) or span_told(clip) for clip in self._clips]
        return interruptions(spans, self._troubles, now, self._ended_at)


_TOLD_ELSEWHERE = {"notes", "pre_roll_seconds"}

_ASKED = (
    "width",
    "height",
    "fps",
    "bitrate",
    "encoding",
    "rotationDegrees",
    "durationSeconds",
    "segmentLengthSeconds",
    "alignSegments",
    "preRollSeconds",
    "postRollSeconds",
    "timeLapseSeconds",
    "overlay",
)
