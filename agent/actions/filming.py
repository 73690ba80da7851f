"""What recordings, photos and streams have in common: one sink after another on a camera, until the work is done."""

import asyncio
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Generic, TypeVar

from agent.cameras import LOOK_EVERY, AgentCamera
from agent.context import Context
from agent.running import Failed, Parameters, Result, Stopped, StopReason
from hardware.client import SinkHandle, SinkReport
from hardware.errors import CameraUnavailable, HardwareError, HostLost, StorageFull
from hardware.models import PhotoOrder, RecordingOrder, SinkEnded, StreamOrder

Order = TypeVar("Order", RecordingOrder, PhotoOrder, StreamOrder)
Stopping = asyncio.Future[StopReason]

NOT_THERE = ("unavailable", "stalled")
"""States of a camera that gives no pictures."""


class Filming(ABC, Generic[Order]):
    """One attempt. Where a host is lost, the next sink continues in a new one."""

    ended_by_itself = "duration"
    waits_for_room = False
    """Whether a full disk is waited for; else it ends as Error."""

    def __init__(self, context: Context, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._camera: AgentCamera = context.cameras.pick(parameters)
        self._duration: float = parameters.get("durationSeconds", 0.0)
        self._filming = False
        self._filmed = False
        self._absent = ""
        self._notes: list[str] = []

    async def run(self) -> Result:
        """Until it is done, stopped or failed. Raises Stopped, Failed."""
        if self._context.event.attempt_number > 1:
            await self._take_up()
        stopping = asyncio.ensure_future(self._context.stop.wait())
        try:
            continuation = 0
            while not self._done():
                ended = await self._one_sink(continuation, stopping)
                if ended is not None:
                    return self._outcome(ended, stopping)
                continuation += 1
        finally:
            stopping.cancel()
        return self._result(self.ended_by_itself)

    @abstractmethod
    async def _take_up(self) -> None:
        """Notes what earlier attempts have made."""

    @abstractmethod
    def _done(self) -> bool:
        """Whether nothing is left to do."""

    @abstractmethod
    def _order(self, continuation: int) -> Order:
        """The order for the next sink."""

    @abstractmethod
    async def _start(self, order: Order, stopping: Stopping) -> SinkHandle | None:
        """The sink; None when a stop came first."""

    @abstractmethod
    async def _take(self, report: SinkReport, folder: Path) -> None:
        """A report of the sink, whose files are in `folder`. Sets `_filming` at the first frame."""

    @abstractmethod
    async def _lost(self, error: HostLost) -> None:
        """The host is gone: notes what it made until then."""

    @abstractmethod
    def _result(self, ended_by: str) -> Result: ...

    def _after_stop(self) -> float:
        """Seconds that it goes on after its own Stop type."""
        return 0.0

    async def _watch(self) -> None:
        """Beside each sink, until that ends."""

    async def _resumed(self, since: float) -> None:
        """There is room again, which there was not from `since` (epoch s) on."""

    async def _prepare(self, order: Order) -> Path:
        """The folder for the sink's files, which is there then; a stream has none."""
        if isinstance(order, StreamOrder):
            return Path()
        folder = Path(order.folder)
        await self._context.media.prepare(folder)
        return folder

    async def _one_sink(self, continuation: int, stopping: Stopping) -> SinkEnded | None:
        """Runs one sink to its end; None when its host was lost and a new one is to go on."""
        order = self._order(continuation)
        self._filmed = self._filmed or self._filming
        self._filming = False
        try:
            folder = await self._prepare(order)
            handle = await self._start(order, stopping)
            if handle is None:
                return _stopped_before_start(order.sink_id)
            ended = await self._follow(handle, folder, stopping)
            if ended.outcome == "failed" and ended.error == StorageFull.code:
                raise StorageFull(folder=str(folder))
            if ended.outcome != "stopped" or stopping.done():
                return ended
            if self._absent:
                raise Failed(CameraUnavailable.code, self._absent, self._result("failed"))
            raise HostLost(camera=self._camera.camera_id, reason="it was told to end, and not by the agent")
        except HostLost as error:
            await self._lost(error)
            return _stopped_before_start(order.sink_id) if stopping.done() else None
        except HardwareError as error:
            if isinstance(error, StorageFull) and self.waits_for_room:
                return await self._wait_for_room(order.sink_id, stopping)
            if isinstance(error, CameraUnavailable) and self._filmed:  # no host yet: the next try waits for one too
                return _stopped_before_start(order.sink_id) if stopping.done() else None
            raise Failed(error.code, str(error), self._result("failed")) from error

    async def _wait_for_room(self, sink_id: str, stopping: Stopping) -> SinkEnded | None:
        since = self._context.clock.now()
        there = await self._context.media.wait_for_room(stopping)
        await self._resumed(since)
        return None if there else _stopped_before_start(sink_id)

    async def _follow(self, handle: SinkHandle, folder: Path, stopping: Stopping) -> SinkEnded:
        """Takes the sink's reports as they come, and passes a stop on."""
        beside = [
            asyncio.ensure_future(self._pass_on(handle, stopping)),
            asyncio.ensure_future(self._give_up_without_camera(handle)),
            asyncio.ensure_future(self._watch()),
        ]
        try:
            async for report in handle:
                self._note_camera()
                await self._take(report, folder)
                if self._filming:
                    self._context.begun()
        finally:
            for task in beside:
                task.cancel()
        return await handle.ended()

    async def _pass_on(self, handle: SinkHandle, stopping: Stopping) -> None:
        reason = await asyncio.shield(stopping)
        after = self._after_stop() if reason is StopReason.STOPPED else 0.0
        await handle.stop(reason, after)
        if after:
            await self._context.stop.insisted()
            await handle.stop("at once")

    async def _give_up_without_camera(self, handle: SinkHandle) -> None:
        """Ends a sink that had no frame yet and whose camera is not there, after the time that the settings give it.

        A camera that filmed before, in a host that was lost or replaced to help it, has as long as the whole was to go.
        """
        if self._filmed and not self._duration:
            return
        await self._context.clock.sleep(max(self._camera.settings.wait_seconds, self._duration if self._filmed else 0))
        while not self._camera_was_there():
            if self._camera.state.state in NOT_THERE:
                self._absent = self._camera.state.reason or f"camera {self._camera.name!r} is not there"
                await handle.stop(self._absent)
                return
            await self._context.clock.sleep(LOOK_EVERY)

    def _camera_was_there(self) -> bool:
        """Whether the sink has had anything from the camera."""
        return self._filming

    def _note_camera(self) -> None:
        """What the camera says of itself, such as that footage plays because there is no camera."""
        info = self._camera.state.info
        if info is not None and info.note and info.note not in self._notes:
            self._notes.append(info.note)

    def _outcome(self, ended: SinkEnded, stopping: Stopping) -> Result:
        if ended.outcome == "failed":
            raise Failed(ended.error, ended.message, self._result("failed"))
        if ended.outcome == "stopped":
            raise Stopped(stopping.result(), self._result(self._context.stop.by))
        return self._result(self.ended_by_itself)

    def _asked(self, *names: str) -> Result:
        """Those of the parameters that were given."""
        return {name: self._parameters[name] for name in names if name in self._parameters}


def _stopped_before_start(sink_id: str) -> SinkEnded:
    return SinkEnded(sink_id=sink_id, outcome="stopped", seconds=0.0, frames=0, dropped=0)
