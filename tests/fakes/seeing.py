"""Cameras that watch, without cameras: what the test says is what they see."""

import asyncio

from hardware.client import SinkHandle
from hardware.errors import HostLost, SinkRefused
from hardware.models import Model, Observation, SinkEnded, StopSink, WatchOrder
from presets_store.services.wakeups import Signal
from presets_store.storage.scripts.records import AnalyticCase


class WatchingHost:
    """A camera's client whose host sees what the test says."""

    def __init__(self) -> None:
        self.up = asyncio.Event()
        self.up.set()
        self.refusal = ""
        self.orders: list[WatchOrder] = []
        self.handles: list[SinkHandle] = []
        self.stopped: list[str] = []

    async def ready(self, timeout: float) -> bool:
        await self.up.wait()
        return True

    async def watch(self, order: WatchOrder) -> SinkHandle:
        handle = SinkHandle(order.sink_id, self._send)
        self.orders.append(order)
        self.handles.append(handle)
        if self.refusal:
            handle.fail(SinkRefused(camera="main", sink=order.sink_id, reason=self.refusal))
        return handle

    def sees(self, *, active: bool = True, zone: str = "", mono: float = 1.0, jpeg: bytes = b"", **more: int) -> None:
        seen = Observation(
            sink_id=self.orders[-1].sink_id,
            mono_ns=round(mono * 1e9),
            kind=self.orders[-1].analyser,
            zone=zone,
            active=active,
            value=0.25,
            boxes=((0.1, 0.2, 0.3, 0.4),),
            attributes=more,
            jpeg=jpeg,
        )
        self.handles[-1].take(seen)

    def lose(self) -> None:
        self.up.clear()
        self.handles[-1].fail(HostLost(camera="main", reason="killed"))

    def fail(self) -> None:
        ended = SinkEnded(
            sink_id=self.orders[-1].sink_id, outcome="failed", seconds=0, frames=0, dropped=0, error="no_model"
        )
        self.handles[-1].take(ended)

    def _send(self, message: Model) -> None:
        assert isinstance(message, StopSink)
        self.stopped.append(message.sink_id)


class OwnCamera:
    """A camera of this device."""

    def __init__(self, key: int = 7, camera_id: str = "main") -> None:
        self.key = key
        self.camera_id = camera_id
        self.client = WatchingHost()


class Cases:
    """The analytic cases of a store."""

    def __init__(self, *cases: AnalyticCase) -> None:
        self.changed = Signal()
        self.there = list(cases)
        self.asked = 0

    async def cases_of(self, device_key: int) -> list[AnalyticCase]:
        self.asked += 1
        return [case for case in self.there if case.device_key == device_key]

    def become(self, *cases: AnalyticCase) -> None:
        self.there = list(cases)
        self.changed.set()
