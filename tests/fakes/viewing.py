"""A camera's client for viewers, without a camera."""

import asyncio

from hardware.client import Picture, PictureHandle
from hardware.errors import CameraUnavailable, HostLost, SinkRefused
from hardware.models import CameraReport, CameraSpec, Model, PreviewOrder, SinkEnded, StopSink


class FakeHost:
    """A client whose host does what the test says; it ends previews when it is told to, as hosts do."""

    def __init__(self, camera_id: str = "front") -> None:
        self.spec = CameraSpec(camera_id=camera_id, name=camera_id, backend="null")
        self.state = CameraReport(state="stalled", reason="the driver does not return")
        self.running = True
        self.refuses = False
        self.orders: list[PreviewOrder] = []
        self.handles: list[PictureHandle] = []
        self.stopped: list[str] = []

    async def ready(self, timeout: float) -> bool:
        if not self.running:
            await asyncio.sleep(0.01)
        return self.running

    async def preview(self, order: PreviewOrder) -> PictureHandle:
        if not self.running:
            raise CameraUnavailable(camera="front", reason="its host is not running")
        handle = PictureHandle(order.sink_id, self._send)
        self.orders.append(order)
        self.handles.append(handle)
        if self.refuses:
            handle.fail(SinkRefused(camera="front", sink=order.sink_id, reason="a sink of that id runs"))
        return handle

    def _send(self, message: Model) -> None:
        assert isinstance(message, StopSink)
        self.stopped.append(message.sink_id)
        handle = next(each for each in self.handles if each.sink_id == message.sink_id)
        handle.take(SinkEnded(sink_id=message.sink_id, outcome="stopped", seconds=0, frames=0, dropped=0))

    def show(self, number: int, jpeg: bytes = b"jpeg") -> None:
        handle = self.handles[-1]
        handle.show(Picture(handle.sink_id, number, jpeg))

    def lose(self) -> None:
        self.running = False
        for handle in self.handles:
            handle.fail(HostLost(camera="front", reason="killed"))
