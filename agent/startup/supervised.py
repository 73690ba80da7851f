"""The agent as systemd's service: ready, how it is in one line, and whether it is alive."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

from agent.cameras import AgentCamera
from agent.startup.starting import Starting
from presets_store.clock import Clock
from presets_store.process.service import ServiceManager, keep_told, service_manager

STUCK_AFTER = 120.0
"""Seconds without a beat of a camera's supervision: twice what the slowest pause, greeting and end take together."""


class Supervised:
    """Feeds the watchdog while the event loop and each camera's supervision are at work, whatever the cameras do."""

    def __init__(
        self, starting: Starting, cameras: Iterable[AgentCamera], clock: Clock, manager: ServiceManager | None = None
    ) -> None:
        self._starting = starting
        self._cameras = cameras
        self._clock = clock
        self._manager = manager or service_manager()

    def ready(self) -> None:
        """Events are accepted and begin."""
        self._manager.ready()

    def stopping(self) -> None:
        """The agent takes itself down."""
        self._manager.stopping()

    async def run(self) -> NoReturn:
        """Until cancelled."""
        await keep_told(self._manager, self._clock, self._status, self._stuck)

    def _status(self) -> str:
        states = Counter(camera.state.state for camera in self._cameras)
        cameras = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        started = self._starting.started
        return f"{started.mode}: {started.reason}; cameras: {cameras or 'none'}"

    def _stuck(self) -> str:
        now = asyncio.get_running_loop().time()
        late = [camera.name for camera in self._cameras if now - camera.client.beat > STUCK_AFTER]
        return f"the supervision of {', '.join(late)} stands still" if late else ""
