"""What actions get: tools on a real store, and a context around one event."""

from pathlib import Path
from typing import Any

from fakes.clock import ManualClock
from fakes.stored import make_event

from agent.adjustable import AdjustableSettings
from agent.attempt import Tools
from agent.box.tools import Box
from agent.cameras import AgentCamera, Cameras
from agent.context import Context
from agent.media.library import MediaLibrary
from agent.media.workshop import Workshop
from agent.running import Running
from agent.settings import CameraSettings
from agent.upstream.transport import Transport
from hardware.client import CameraClient
from presets_store.clock import Clock, micros
from presets_store.services import Services
from presets_store.storage.records import Camera


def agent_camera(folder: Path, camera_id: str = "main", key: int = 1, **settings: Any) -> AgentCamera:
    """A camera whose host is not started."""
    configured = CameraSettings(id=camera_id, **settings)
    record = Camera(
        key=key, device_key=1, camera_index=key - 1, camera_id=camera_id, name=camera_id.title(), backend="file"
    )
    return AgentCamera(configured, record, CameraClient(configured.spec(), folder))


def tools_on(
    services: Services, clock: Clock, folder: Path, settings: AdjustableSettings | None = None, box: Box | None = None
) -> Tools:
    """Tools on the store's own device. `settings` and `box` may be left out where no action asks for them."""
    assert services.own is not None
    device = services.own.key
    return Tools(
        events=services.events,
        clock=clock,
        cameras=Cameras([agent_camera(folder)], services.cameras, device),
        media=MediaLibrary(folder, services.clips, device, clock),
        wakeups=services.wakeups,
        settings=settings,  # type: ignore[arg-type]
        hls_folder=folder / "hls",
        transfers=None,  # type: ignore[arg-type]
        box=box,  # type: ignore[arg-type]
        workshop=Workshop(database=services.database, device_key=device, transport=Transport("", clock)),
    )


def context_for(clock: ManualClock, camera: AgentCamera, *, age: float = 0.5, **event: Any) -> Context:
    """A context without a store; the event was accepted `age` seconds ago."""
    return Context(
        event=make_event(1, **{"key": 7, "attempt_number": 1, "created": micros(clock.now() - age), **event}),
        name="event 7",
        clock=clock,
        cameras=Cameras([camera], None, 1),  # type: ignore[arg-type]
        media=MediaLibrary(Path("/media"), None, 1, clock),  # type: ignore[arg-type]
        running=None,  # type: ignore[arg-type]
        events=None,  # type: ignore[arg-type]
        wakeups=None,  # type: ignore[arg-type]
        settings=None,  # type: ignore[arg-type]
        hls_folder=Path("/run/hls"),
        transfers=None,  # type: ignore[arg-type]
        box=None,  # type: ignore[arg-type]
        workshop=None,  # type: ignore[arg-type]
        report_progress=lambda _percent: None,
        waited=age,
        own=Running(7),
    )
