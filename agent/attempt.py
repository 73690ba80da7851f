"""One attempt at one event: gives the action its context and turns every way it may end into an outcome."""

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.actions import Action
from agent.adjustable import AdjustableSettings
from agent.box.tools import Box
from agent.cameras import Cameras
from agent.context import Context
from agent.errors import ActionCrashed
from agent.media.library import MediaLibrary
from agent.media.workshop import Workshop
from agent.outcomes import Outcome, complete, failed, failure, stopped
from agent.progress import ProgressReporter
from agent.running import Failed, LeftOpen, Parameters, Running, RunningEvents, Stopped
from agent.upstream.uploads.transfers import Transfers
from hardware.errors import HardwareError
from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.rules.event import Event
from presets_store.services.events import EventsService
from presets_store.services.wakeups import Wakeups

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What all actions share."""

    events: EventsService
    clock: Clock
    cameras: Cameras
    media: MediaLibrary
    wakeups: Wakeups
    settings: AdjustableSettings
    hls_folder: Path
    transfers: Transfers
    box: Box
    workshop: Workshop


class Attempt:
    """Made by the dispatcher for an event that is Processing."""

    def __init__(
        self,
        event: Event,
        name: str,
        tools: Tools,
        running: RunningEvents,
        own: Running,
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._event = event
        self._tools = tools
        progress = ProgressReporter(tools.clock, self._publish, self._store, start)
        self._context = Context(
            event=event,
            name=f"event {event.key} ({name})",
            clock=tools.clock,
            cameras=tools.cameras,
            media=tools.media,
            running=running,
            events=tools.events,
            wakeups=tools.wakeups,
            settings=tools.settings,
            hls_folder=tools.hls_folder,
            transfers=tools.transfers,
            box=tools.box,
            workshop=tools.workshop,
            report_progress=progress,
            waited=max(0.0, (micros(tools.clock.now()) - event.created) / 1e6),
            own=own,
        )

    async def run(self, action: Action, parameters: Parameters) -> Outcome | None:
        """None when only the next start knows the outcome. Never raises, except CancelledError."""
        try:
            return complete(await action.run(self._context, parameters))
        except Stopped as end:
            return stopped(end.reason, self._event.attempt_number, end.result)
        except LeftOpen:
            return None
        except Failed as error:
            return failed(error.code, error.message, error.result)
        except HardwareError as error:
            return failed(error.code, str(error), {})
        except CuelightError as error:
            return failure(error)
        except Exception as error:  # boundary: a fault in an action ends its event, not the agent
            logger.exception("an action crashed", extra={"event": self._event.key})
            return failure(ActionCrashed(type=type(error).__name__))

    def _publish(self, percent: float) -> None:
        self._tools.events.publish_progress(self._event, percent)

    async def _store(self, percent: float) -> None:
        try:
            await self._tools.events.save_progress(self._event.key, self._event.attempt_number, percent)
        except CuelightError as error:
            # The event may have ended meanwhile, and a store in trouble is told by what must be stored.
            logger.debug("progress was not stored: %s", error, extra={"event": self._event.key})
