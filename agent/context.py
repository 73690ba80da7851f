"""What an action may use: its event, the cameras, the media folder, progress, and the signal to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.adjustable import AdjustableSettings
from agent.box.tools import Box
from agent.cameras import AgentCamera, Cameras
from agent.media.library import MediaLibrary
from agent.media.workshop import Workshop
from agent.running import Result, Running, RunningEvents, SinkKind, StopReason, StopSignal
from agent.upstream.uploads.transfers import Transfers
from presets_store.clock import Clock
from presets_store.rules.event import Event
from presets_store.services.events import EventsService
from presets_store.services.wakeups import Wakeups


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Made by the dispatcher for one attempt at one event. `waited`: seconds from acceptance to this attempt.

    `own` is this attempt as others see it, `running` finds those of other events. `hls_folder` is where HLS streams are
    served from.
    """

    event: Event
    name: str
    clock: Clock
    cameras: Cameras
    media: MediaLibrary
    running: RunningEvents
    events: EventsService
    wakeups: Wakeups
    settings: AdjustableSettings
    hls_folder: Path
    transfers: Transfers
    box: Box
    workshop: Workshop
    report_progress: Callable[[float], None]
    waited: float
    own: Running

    @property
    def stop(self) -> StopSignal:
        """Asks this action to end."""
        return self.own.stop

    def progress(self, percent: float) -> None:
        """Tells how far the action is, 0 to 100; cheap, call it as often as there is something new."""
        self.report_progress(percent)

    def begun(self) -> None:
        """Says that what goes on until it is stopped goes on now: its first frame is there."""
        self.own.begun.set()

    async def stop_sink(self, camera: AgentCamera, kind: SinkKind, reason: StopReason) -> Result:
        """Ends what runs of `kind` on `camera` and returns when it has its outcome: `{"stopped": [event keys]}`."""
        running = self.running.on(camera.camera_id, kind)
        if running is None:
            return {"stopped": [], "note": f"no {kind} ran on camera {camera.name!r}"}
        await running.stopped(reason, by=self.name)
        return {"stopped": [running.event_key]}
