"""What an action may use: its event, the cameras, the media folder, progress, and the signal to stop."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agent.cameras import AgentCamera, Cameras
from agent.media import MediaLibrary
from agent.running import Result, RunningEvents, SinkKind, StopReason, StopSignal
from presets_store.clock import Clock
from presets_store.rules.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Made by the dispatcher for one attempt at one event. `waited`: seconds from acceptance to this attempt."""

    event: Event
    name: str
    clock: Clock
    cameras: Cameras
    media: MediaLibrary
    running: RunningEvents
    knows_event: Callable[[int], Awaitable[bool]]
    report_progress: Callable[[float], None]
    waited: float
    stop: StopSignal = field(default_factory=StopSignal)

    def progress(self, percent: float) -> None:
        """Tells how far the action is, 0 to 100; cheap, call it as often as there is something new."""
        self.report_progress(percent)

    async def stop_sink(self, camera: AgentCamera, kind: SinkKind, reason: StopReason) -> Result:
        """Ends what runs of `kind` on `camera` and returns when it has its outcome: `{"stopped": [event keys]}`."""
        running = self.running.on(camera.camera_id, kind)
        if running is None:
            return {"stopped": [], "note": f"no {kind} ran on camera {camera.name!r}"}
        await running.stopped(reason, by=self.name)
        return {"stopped": [running.event_key]}
