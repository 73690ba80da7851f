"""Video_Start_recording, Video_Stop_recording and their multiplex forms, which are the same here."""

import asyncio
import math
from pathlib import Path
from typing import Any, ClassVar

from agent.actions.recording_order import recording_order
from agent.cameras import AgentCamera
from agent.context import Context
from agent.running import ActionTraits, Failed, Parameters, Result, SinkKind, Stopped, StopReason
from hardware.client import SinkHandle
from hardware.errors import CameraUnavailable, HardwareError, HostLost
from hardware.models import Granted, SegmentClosed, SinkEnded, SinkProgress, SinkStarted

LOOK_EVERY = 0.5
"""Seconds between two looks for a camera that is waited for."""


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


class Recording:
    """One attempt at a recording: one sink after another until it is done, each continuing where a host was lost."""

    def __init__(self, context: Context, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._camera: AgentCamera = context.cameras.pick(parameters)
        self._duration: float = parameters.get("durationSeconds", 0.0)
        self._earlier = 0.0
        self._sink_seconds = 0.0
        self._dropped = 0
        self._filming = False
        self._absent = ""
        self._granted: Granted | None = None
        self._notes: list[str] = []
        self._clips: list[dict[str, Any]] = []

    async def run(self) -> Result:
        """Until duration, stop or failure."""
        if self._context.event.attempt_number > 1:
            self._clips = await self._context.media.clips_of(self._context.event)
        self._earlier = sum(clip["seconds"] for clip in self._clips)
        stopping = asyncio.ensure_future(self._context.stop.wait())
        try:
            continuation = 0
            while not self._duration or self._duration - self._earlier > 1e-3:
                ended = await self._one_sink(continuation, stopping)
                if ended is not None:
                    return self._outcome(ended, stopping)
                continuation += 1
        finally:
            stopping.cancel()
        return self._result("duration")

    async def _one_sink(self, continuation: int, stopping: "asyncio.Future[StopReason]") -> SinkEnded | None:
        """Runs one sink to its end; None when its host was lost and the recording goes on in a new one."""
        remaining = self._duration - self._earlier if self._duration else 0.0
        order = recording_order(
            self._context, self._camera, self._parameters, continuation=continuation, duration=remaining
        )
        self._sink_seconds = 0.0
        self._filming = False
        try:
            await self._context.media.prepare(Path(order.folder))
            handle = await self._camera.record(order, stopping)
            if handle is None:
                return _stopped_before_start(order.sink_id)
            ended = await self._follow(handle, Path(order.folder), stopping)
            if ended.outcome != "stopped" or stopping.done():
                return ended
            if self._absent:
                raise Failed(CameraUnavailable.code, self._absent, self._result("failed"))
            raise HostLost(camera=self._camera.camera_id, reason="it was told to end, and not by the agent")
        except HostLost as error:
            self._notes.append(f"a segment was cut: {error}")
            self._clips = await self._context.media.recover(self._context.event)
            self._earlier = sum(clip["seconds"] for clip in self._clips)
            return _stopped_before_start(order.sink_id) if stopping.done() else None
        except HardwareError as error:
            raise Failed(error.code, str(error), self._result("failed")) from error

    async def _follow(self, handle: SinkHandle, folder: Path, stopping: "asyncio.Future[StopReason]") -> SinkEnded:
        """Takes the sink's reports as they come, and passes a stop on."""
        beside = [
            asyncio.ensure_future(self._pass_on(handle, stopping)),
            asyncio.ensure_future(self._give_up_without_camera(handle)),
        ]
        try:
            async for report in handle:
                await self._take(report, folder)
        finally:
            for task in beside:
                task.cancel()
        return await handle.ended()

    async def _pass_on(self, handle: SinkHandle, stopping: "asyncio.Future[StopReason]") -> None:
        reason = await asyncio.shield(stopping)
        await handle.stop(reason)

    async def _give_up_without_camera(self, handle: SinkHandle) -> None:
        """Ends a sink that had no frame yet and whose camera is not there, after the time that the settings give it."""
        await self._context.clock.sleep(self._camera.settings.wait_seconds)
        while not self._filming:
            if self._camera.state.state in _NOT_THERE:
                self._absent = self._camera.state.reason or f"camera {self._camera.name!r} is not there"
                await handle.stop(self._absent)
                return
            await self._context.clock.sleep(LOOK_EVERY)

    async def _take(self, report: object, folder: Path) -> None:
        self._note_camera()
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

    def _note_camera(self) -> None:
        """What the camera says of itself, such as that footage plays because there is no camera."""
        info = self._camera.state.info
        if info is not None and info.note and info.note not in self._notes:
            self._notes.append(info.note)

    def _report_progress(self) -> None:
        if self._duration:
            done = (self._earlier + self._sink_seconds) / self._duration
            self._context.progress(min(99.9, math.floor(1000 * done) / 10))
        else:
            self._context.progress(0.0)

    def _outcome(self, ended: SinkEnded, stopping: "asyncio.Future[StopReason]") -> Result:
        if ended.outcome == "failed":
            raise Failed(ended.error, ended.message, self._result("failed"))
        if ended.outcome == "stopped":
            raise Stopped(stopping.result(), self._result(self._context.stop.by))
        return self._result("duration")

    def _result(self, ended_by: str) -> Result:
        asked = {name: self._parameters[name] for name in _ASKED if name in self._parameters}
        return {
            "camera": self._camera.name,
            "asked": asked,
            "granted": self._granted.model_dump(mode="json", exclude={"notes"}) if self._granted else None,
            "clips": self._clips,
            "seconds": round(sum(clip["seconds"] for clip in self._clips), 3),
            "dropped": self._dropped,
            "notes": [*(self._granted.notes if self._granted else ()), *self._notes],
            "endedBy": ended_by,
        }


_NOT_THERE = ("unavailable", "stalled")
_ASKED = ("width", "height", "fps", "bitrate", "encoding", "rotationDegrees", "durationSeconds", "segmentLengthSeconds")


def _stopped_before_start(sink_id: str) -> SinkEnded:
    return SinkEnded(sink_id=sink_id, outcome="stopped", seconds=0.0, frames=0, dropped=0)
