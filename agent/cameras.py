"""The cameras of this device: settings, host process and state, and how parameters name one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.running import StopReason
from agent.settings import CameraSettings
from hardware.client import CameraClient, SinkHandle
from hardware.errors import CameraUnavailable
from hardware.models import CameraReport, KeepWarm, PhotoOrder, RecordingOrder, StreamOrder, StreamReport
from presets_store.rules.targeting import choose_camera
from presets_store.services.caller import INSIDE
from presets_store.services.cameras import CamerasService
from presets_store.services.wakeups import Signal
from presets_store.storage.records import Camera

LOOK_EVERY = 0.5
"""Seconds within which a stop is noticed while the host is waited for."""


@dataclass(frozen=True, slots=True)
class StreamNow:
    """A stream of a running event as it is now. `label` is its target for people."""

    label: str
    report: StreamReport


class AgentCamera:
    """One camera. `record` is its row in the store, `client` its host; `streams` are the running ones by event key.

    `playlists` tells by folder which event's HLS stream is in it.
    """

    def __init__(self, settings: CameraSettings, record: Camera, client: CameraClient) -> None:
        self.settings = settings
        self.key = record.key
        self.camera_index = record.camera_index
        self.camera_id = record.camera_id
        self.name = record.name
        self.client = client
        self.changed = Signal()
        """Set by each report of its host."""
        self.streams: dict[int, StreamNow] = {}
        self.playlists: dict[str, int] = {}
        self._wishes: dict[str, KeepWarm] = {}

    @property
    def state(self) -> CameraReport:
        """The newest report of its host."""
        return self.client.state

    async def record(self, order: RecordingOrder, stopping: "asyncio.Future[StopReason]") -> SinkHandle | None:
        """Starts the recording once the host takes orders; None when a stop came first.

        Waits `wait_seconds` for a host that is restarting. Raises CameraUnavailable after that.
        """
        return await self._with_host(lambda: self.client.record(order), stopping)

    async def photograph(self, order: PhotoOrder, stopping: "asyncio.Future[StopReason]") -> SinkHandle | None:
        """As `record`, for photos."""
        return await self._with_host(lambda: self.client.photograph(order), stopping)

    async def stream(self, order: StreamOrder, stopping: "asyncio.Future[StopReason]") -> SinkHandle | None:
        """As `record`, for a stream."""
        return await self._with_host(lambda: self.client.stream(order), stopping)

    async def keep_warm(self, who: str, wish: KeepWarm | None) -> None:
        """Keeps the camera open and its ring filled as long as anybody wishes it; None is the end of `who`'s wish."""
        self._wishes.pop(who, None)
        if wish is not None:
            self._wishes[who] = wish
        wanted = together(self._wishes.values())
        await self.client.keep_warm(wanted.on, wanted.width, wanted.height, wanted.rate)

    async def _with_host(
        self, start: Callable[[], Awaitable[SinkHandle]], stopping: "asyncio.Future[StopReason]"
    ) -> SinkHandle | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.wait_seconds
        while not stopping.done():
            if await self.client.ready(LOOK_EVERY):
                return await start()
            if loop.time() >= deadline:
                raise CameraUnavailable(camera=self.camera_id, reason=self.state.reason or "its host is not running")
        return None


def together(wishes: Iterable[KeepWarm]) -> KeepWarm:
    """One wish for all of them: open while one is, in the largest size and at the highest rate that is wished."""
    standing = [wish for wish in wishes if wish.on]
    if not standing:
        return KeepWarm(on=False)
    largest = max(standing, key=lambda wish: wish.width * wish.height)
    return KeepWarm(on=True, width=largest.width, height=largest.height, rate=max(wish.rate for wish in standing))


class Cameras:
    """All cameras of this device, in the order of the settings."""

    def __init__(self, cameras: Sequence[AgentCamera], service: CamerasService, device_key: int) -> None:
        self._cameras = list(cameras)
        self._service = service
        self._device_key = device_key

    def __iter__(self) -> Iterator[AgentCamera]:
        return iter(self._cameras)

    def pick(self, parameters: Mapping[str, Any]) -> AgentCamera:
        """`camera` (id, name or key), else a Multiplex `deviceID` as index, else the first. Raises CameraUnknown."""
        return choose_camera(self._cameras, parameters.get("camera"), parameters.get("deviceID"))

    async def renamed(self) -> None:
        """Takes over the names that people have given since; to be called before a camera is picked by its name."""
        names = {record.key: record.name for record in await self._service.of_device(INSIDE, self._device_key)}
        for camera in self._cameras:
            camera.name = names.get(camera.key, camera.name)

    async def start(self) -> None:
        """Starts every camera's host; a camera that is to be kept warm is opened."""
        for camera in self._cameras:
            await camera.client.start()
            if camera.settings.keep_warm:
                await camera.keep_warm("settings", KeepWarm(on=True))

    async def occupied(self, timeout: float) -> frozenset[str]:
        """The ids of cameras that no host of ours got within `timeout` s: one of an earlier agent may still write."""
        ready = await asyncio.gather(*(camera.client.ready(timeout) for camera in self._cameras))
        return frozenset(camera.camera_id for camera, free in zip(self._cameras, ready, strict=True) if not free)

    async def stop(self) -> None:
        """Closes the open segments and ends the hosts."""
        await asyncio.gather(*(camera.client.stop() for camera in self._cameras))
