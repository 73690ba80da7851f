"""What holds uploads up now: the settings, the time of the day, what the network costs."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from agent.settings import UploadsSettings
from agent.upstream.uploads.hours import read_hours
from presets_store.clock import Clock

ASKED_EVERY = 60.0
"""Seconds for which it is known whether the network costs money."""


class Held(StrEnum):
    """Why nothing is sent that nobody asked for; its text is for people."""

    NOT = ""
    POLICY = "files are sent on request only"
    HOURS = "it is not the time for uploads"
    CLOCK = "the time of the day is not known"
    METERED = "the network is a metered one"


class UploadPolicy:
    """Of one agent. `metered` asks the box whether what is sent costs money."""

    def __init__(self, settings: UploadsSettings, clock: Clock, metered: Callable[[], Awaitable[bool]]) -> None:
        self._settings = settings
        self._clock = clock
        self._metered = metered
        self._costs = False
        self._asked = float("-inf")
        self._hours = read_hours(settings.hours)

    @property
    def never(self) -> bool:
        """Nothing at all is sent to the upstream, whoever asks."""
        return self._settings.policy == "never"

    @property
    def on_request(self) -> bool:
        """The upstream is told of everything, and asks for what it wants."""
        return self._settings.policy == "on_request"

    @property
    def rate(self) -> int:
        """Bytes per second; 0: no limit."""
        return self._settings.rate

    async def held(self) -> Held:
        """What holds up files that nobody asked for. Those that somebody asked for are sent all the same."""
        if self.on_request:
            return Held.POLICY
        if self._hours is not None and not self._clock.quality().trusted:
            return Held.CLOCK
        if self._hours is not None and not self._hours.include(self._clock.now()):
            return Held.HOURS
        return Held.METERED if await self._is_metered() else Held.NOT

    async def _is_metered(self) -> bool:
        if self._settings.metered == "send":
            return False
        if self._clock.monotonic() - self._asked >= ASKED_EVERY:
            self._costs = await self._metered()
            self._asked = self._clock.monotonic()
        return self._costs
