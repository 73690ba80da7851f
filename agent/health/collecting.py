"""Puts the device's health together: the box's own readings, and what the agent and its store know."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from agent.health.errors import HealthUnread
from agent.health.notable import Notable
from agent.health.words import activity, cameras_text, link_words, saved_words, voltage_text
from hardware.box.network import Wireless, saved_networks, wireless
from hardware.box.sensors import BoxReading
from hardware.box.sysfs import Throttling
from hardware.box.wifi import SavedNetwork
from hardware.errors import HardwareError
from hardware.models import CameraReport
from presets_store import __version__
from presets_store.clock import Clock
from presets_store.protocol.fields import format_moment
from presets_store.services import Services
from presets_store.storage.clips import list_clips
from presets_store.storage.records import Clip

READ_WITHIN: Final = 10.0
"""Seconds; a battery gauge on a slow bus, or a network disk that is gone, may take longer, or for ever."""
_SECOND: Final = 1_000_000

Result = TypeVar("Result")


class Watched(Protocol):
    """A camera, as far as it matters here."""

    camera_id: str
    name: str

    @property
    def state(self) -> CameraReport: ...


class Readings(Protocol):
    """The box's sensors (`hardware.box.sensors.Sensors`): each call takes its time, in a thread."""

    def read(self) -> BoxReading: ...

    def throttling(self) -> Throttling: ...


@dataclass(frozen=True, slots=True)
class Networks:
    """Whom to ask for the wireless link in use and for the networks that are saved."""

    link: Callable[[], Awaitable[Wireless | None]]
    saved: Callable[[], Awaitable[list[SavedNetwork]]]


NETWORKS: Final = Networks(wireless, saved_networks)


class Collector:
    """`destination`: where outcomes are reported to, "" for nowhere."""

    def __init__(
        self,
        sensors: Readings,
        services: Services,
        cameras: Iterable[Watched],
        clock: Clock,
        destination: str,
        networks: Networks = NETWORKS,
    ) -> None:
        self._sensors = sensors
        self._networks = networks
        self._services = services
        self._cameras = cameras
        self._clock = clock
        self._destination = destination
        self._reading: asyncio.Future[Any] | None = None
        self._weak_before = False

    async def look(self) -> Notable:
        """What matters, read cheaply. Raises HealthUnread."""
        return self._notable(await self._in_thread(self._sensors.throttling))

    async def collect(self) -> tuple[Notable, dict[str, Any]]:
        """What matters, and the whole `healthJSON`. Raises HealthUnread, and what the store raises."""
        box = await self._in_thread(self._sensors.read)
        services, own = self._services, self._services.own_device
        running = await services.events.running(own.key)
        said = {
            **box.said,
            **self._time(box),
            **await self._radio(box),
            "camera": cameras_text((each.camera_id, each.state.state, each.state.reason) for each in self._cameras),
            "camera_activity": activity(event.event_type_id for event in running),
            "version": f"cuelight {__version__}",
            "serial_number": own.serial_number,
            "cuelight": await self._ours(box),
        }
        voltage = voltage_text(box.throttling, weak_before=self._weak_before)
        if voltage is not None:
            said["voltage_throttle"] = voltage
        last = await self._last_clip()
        if last is not None and last.start:
            said["last_clip_date"] = format_moment(last.start + round(last.seconds * _SECOND))
        return self._notable(box.throttling), said

    def _notable(self, throttling: Throttling) -> Notable:
        self._weak_before = self._weak_before or throttling.voltage is True
        cameras = {each.camera_id: str(each.state.state) for each in self._cameras}
        return Notable(cameras=cameras, clock=self._clock.quality(), throttling=throttling)

    def _time(self, box: BoxReading) -> dict[str, Any]:
        """A date from a clock that is not trusted would be taken for one: who hears it goes by his own then."""
        time = dict(box.said.get("time", {}))
        if self._clock.quality().trusted:
            time["datetime"] = round(self._clock.now() * 1000)
        return {"time": time}

    async def _radio(self, box: BoxReading) -> dict[str, Any]:
        """What NetworkManager adds where there is a radio."""
        radio = box.said.get("radio")
        if not radio:
            return {}
        link, saved = await self._networks.link(), None
        with suppress(HardwareError):  # without NetworkManager nobody has saved any
            saved = await self._networks.saved()
        said: dict[str, Any] = {"radio": {**radio, "wi": {**radio.get("wi", {}), **link_words(link)}}}
        return said | ({} if saved is None else {"network_names": saved_words(saved)})

    async def _ours(self, box: BoxReading) -> dict[str, Any]:
        """What the contract has no place for."""
        ours: dict[str, Any] = {
            "clock_quality": self._clock.quality(),
            "cameras": [_camera(each) for each in self._cameras],
        }
        if self._destination:
            outbox, reports = self._services.outbox, self._services.reports
            ours["outbox"] = {"waiting": await outbox.depth(self._destination)}
            ours["reports"] = {"waiting": await reports.waiting(), "dropped": sum((await reports.dropped()).values())}
        slowed = {"heat": box.throttling.heat, "voltage": box.throttling.voltage}
        known = {name: flag for name, flag in slowed.items() if flag is not None}
        parts = {"media_disk": box.media, "wear": box.wear, "throttling": known}
        return ours | {name: part for name, part in parts.items() if part}

    async def _last_clip(self) -> Clip | None:
        own = self._services.own_device.key
        found = await self._services.database.read(lambda c: list_clips(c, device_key=own, limit=1))
        return found[0] if found else None

    async def _in_thread(self, read: Callable[[], Result]) -> Result:
        """One reading at a time, in a thread: one that hangs is waited for, and no other begun beside it."""
        if self._reading is None or self._reading.done():
            self._reading = reading = asyncio.ensure_future(asyncio.to_thread(read))
            done, _ = await asyncio.wait({reading}, timeout=READ_WITHIN)
            if done:
                return reading.result()
        raise HealthUnread(seconds=READ_WITHIN)


def _camera(camera: Watched) -> dict[str, str]:
    report = camera.state
    said = {"id": camera.camera_id, "name": camera.name, "state": str(report.state), "reason": report.reason}
    return {name: text for name, text in said.items() if text}


def encoded(said: dict[str, Any]) -> str:
    """`healthJSON` as it is sent."""
    return json.dumps(said, separators=(",", ":"))
