"""The camera hosts, started before the store is open: the start-up camera films while everything else is still read."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.parameters import parameters_in
from agent.settings import CameraSettings, Settings
from agent.startup.sealed import SealedState
from hardware.client import CameraClient, Prespawned
from hardware.models import CameraReport, KeepWarm
from presets_store.errors import CuelightError
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.targeting import choose_camera

Told = Callable[[str, CameraReport], None]

FILMING = frozenset({1, 29, 36, 62})
"""Event types whose action takes what a camera's ring holds: recordings, photos, frames. The actions themselves are
imported later.
"""


@dataclass(frozen=True, slots=True)
class Warmth:
    """Which camera to open, and how."""

    camera_id: str
    wish: KeepWarm


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A camera as the settings alone know it: without its key, and without a name given later."""

    key: int
    camera_index: int
    camera_id: str
    name: str


def warmth_for(preset: StandalonePreset | None, cameras: tuple[CameraSettings, ...]) -> Warmth | None:
    """What a start-up preset will need of which camera; None when it films nothing, or on a camera not known yet."""
    kind = EVENT_TYPES.get(preset.event_type_id) if preset else None
    if preset is None or kind is None or kind.id not in FILMING:
        return None
    with contextlib.suppress(CuelightError):
        asked = parameters_in(kind.id, preset.event_parameters)
        candidates = [
            _Candidate(-1 - index, index, camera.id, camera.name or camera.id) for index, camera in enumerate(cameras)
        ]
        camera = choose_camera(candidates, asked.get("camera"), asked.get("deviceID"))
        size = KeepWarm(on=True, width=asked.get("width", 0), height=asked.get("height", 0), rate=asked.get("fps", 0.0))
        return Warmth(camera.camera_id, size)
    return None


class CameraHosts:
    """One client per camera. `spawned`, a host without a camera yet, goes to the one that start-up films with.

    What start-up needs, and the cameras' secrets, are in `sealed`.
    """

    def __init__(self, settings: Settings, sealed: SealedState, spawned: Prespawned | None) -> None:
        self.warmth = warmth = warmth_for(sealed.standalone(), settings.cameras)
        self._told: list[Told] = []
        first = warmth.camera_id if warmth else settings.cameras[0].id
        self.clients: Mapping[str, CameraClient] = {
            camera.id: CameraClient(
                camera.spec(sealed.camera_secret(camera.id)),
                settings.run_folder,
                on_camera=lambda report, camera_id=camera.id: self._tell(camera_id, report),  # type: ignore[misc]
                spawned=spawned if camera.id == first else None,
            )
            for camera in settings.cameras
        }

    async def start(self) -> None:
        """Starts every host; opens the camera that start-up will need."""
        for client in self.clients.values():
            await client.start()
        if self.warmth is not None:
            wish = self.warmth.wish
            await self.clients[self.warmth.camera_id].keep_warm(True, wish.width, wish.height, wish.rate)

    def tell(self, told: Told) -> None:
        """From now on `told` hears, as others do, of every change of a camera's state; first of what it missed."""
        self._told.append(told)
        for camera_id, client in self.clients.items():
            if client.state.state != "closed":
                told(camera_id, client.state)

    async def change_secret(self, camera_id: str, secret: str) -> None:
        """The camera's host begins anew with this secret; what films goes on in a new segment."""
        client = self.clients[camera_id]
        client.spec = client.spec.model_copy(update={"secret": secret})
        await client.renew_host("its camera's secret was changed")

    async def stop(self) -> None:
        """Closes the open segments and ends the hosts."""
        await asyncio.gather(*(client.stop() for client in self.clients.values()))

    def _tell(self, camera_id: str, report: CameraReport) -> None:
        for told in self._told:
            told(camera_id, report)
