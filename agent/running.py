"""Actions that run: what they occupy, how they are asked to stop, how they end."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

Parameters = Mapping[str, Any]
Result = dict[str, Any]


class SinkKind(StrEnum):
    """Exclusive is (camera, kind of sink): a second start of the same kind on the same camera is refused."""

    RECORDING = "recording"
    PHOTOS = "photos"
    FRAMES = "frames"
    RTMP = "RTMP stream"
    SRT = "SRT stream"
    UDP = "UDP stream"
    BARS = "bars"
    WARM = "warm"
    TEST = "test"
    SOUND = "sound"
    """Of the device's microphone, not of a camera."""


MICROPHONE = "microphone"
"""What stands for the camera where a sink is that of the microphone."""


class StopReason(StrEnum):
    """Why a running action is asked to stop, which decides how its event ends."""

    STOPPED = "stopped"
    """By its own Stop type: Complete."""
    ENDED = "ended"
    """By Device_End_process: Cancelled."""
    SHUTDOWN = "shutdown"
    """The agent stops: interrupted, goes on later when attempts remain."""


class StopSignal:
    """Told to a running action once; the first reason counts.

    An action that may take its time after its own Stop type is told again when it may not: by an end or a shutdown.
    """

    def __init__(self) -> None:
        self._requested = asyncio.Event()
        self._insisted = asyncio.Event()
        self.reason: StopReason | None = None
        self.by = ""

    def request(self, reason: StopReason, *, by: str) -> None:
        """Asks to stop; `by` names the event or person for the result."""
        if self.reason is None:
            self.reason = reason
            self.by = by
            self._requested.set()
        elif reason is not StopReason.STOPPED:
            self._insisted.set()

    async def wait(self) -> StopReason:
        """Returns when a stop was asked for."""
        await self._requested.wait()
        return self.reason or StopReason.STOPPED

    async def insisted(self) -> None:
        """Returns when, after the first request, an end or a shutdown was asked for."""
        await self._insisted.wait()


class Stopped(Exception):
    """Raised by an action that ended because it was asked to; `result` tells what was done until then."""

    def __init__(self, reason: StopReason, result: Result) -> None:
        super().__init__(reason)
        self.reason = reason
        self.result = result


class LeftOpen(Exception):
    """Raised by an action whose outcome only the agent's next start knows: its event stays Processing until then."""


class Failed(Exception):
    """Raised by an action that failed after it had done something worth telling.

    `code` and `message` as of an error class; `result` tells what was done until then.
    """

    def __init__(self, code: str, message: str, result: Result) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.result = result


@dataclass(slots=True, eq=False)
class Running:
    """An event that runs now, as others may see it. `sink` is (camera id, kind) or None. `takes_place`: one of those
    that the others wait for.

    `begun` is set at its first frame or the like; an action that ends by itself need not set it. `coordinates`: see
    ActionTraits.
    """

    event_key: int
    coordinates: bool = False
    takes_place: bool = True
    sink: tuple[str, SinkKind] | None = None
    stop: StopSignal = field(default_factory=StopSignal)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def stopped(self, reason: StopReason, *, by: str) -> None:
        """Asks to stop and returns when the event has its outcome."""
        self.stop.request(reason, by=by)
        await self.ended.wait()


class RunningEvents(Protocol):
    """What runs now on this device."""

    def on(self, camera_id: str, kind: SinkKind) -> Running | None: ...

    def by_key(self, event_key: int) -> Running | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTraits:
    """What the dispatcher must know of an action before it runs.

    `sink`: the kind of sink it occupies on its camera, None for no camera. `resumable`: after a kill it may go on in
    a new attempt. `immediate`: never waits for a free place, and takes none (stops, ends, settings, what waits for a
    worker). `coordinates`: it starts other events and waits for them, so it has places of its own and never takes one
    that they need. `ends`: the kind of sink that it ends; `ends_named`: it ends the event that its parameters name.
    """

    sink: SinkKind | None = None
    resumable: bool = False
    immediate: bool = False
    coordinates: bool = False
    ends: SinkKind | None = None
    ends_named: bool = False

    @property
    def ends_others(self) -> bool:
        """Whether it is a stop of some kind."""
        return self.ends is not None or self.ends_named
