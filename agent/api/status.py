"""What the agent says of itself at `GET /v1/status`."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from agent.settings import Settings
from agent.startup.incidents import incidents
from agent.startup.starting import Started
from presets_store import __version__
from presets_store.clock import Clock, micros
from presets_store.protocol.base import WireModel
from presets_store.protocol.cameras import CameraRecord
from presets_store.protocol.events import EventWithNames
from presets_store.protocol.fields import Int, Moment, Name, Text
from presets_store.rules.startup import Link, LinkState
from presets_store.services import Services
from presets_store.services.wire import event_with_names


class StartupStatus(WireModel):
    """The start-up preset of this start. `binding` is `online`, `standalone` or empty; `event_id` 0: none was made."""

    binding: Name
    preset_id: Int
    preset_name: Name
    event_id: Int
    source: Name
    note: Text


class UpstreamStatus(WireModel):
    """The upstream as this start found it: `none`, `unknown`, `reached`, `unreachable` or `refused`."""

    url: Text
    state: Name
    reason: Text


class OutboxStatus(WireModel):
    """Reports that wait for the upstream."""

    waiting: Int
    oldest_date: Moment


class ClockStatus(WireModel):
    """`quality`: `unset`, `floor`, `upstream` or `synchronised`."""

    now: Moment
    quality: Name


class MediaStatus(WireModel):
    """Where clips are kept."""

    folder: Text
    free_bytes: Int


class IncidentRecord(WireModel):
    """Something that went wrong with the device's memory and was put right."""

    date: Moment
    code: Name
    message: Text


class StatusRecord(WireModel):
    """Answer of `GET /v1/status` (ours). `mode`: `starting`, `online` or `standalone`; `reason` says why."""

    version: Name
    serial: Name
    device_id: Int
    device_name: Name
    mode: Name
    reason: Text
    boot_id: Name
    started_date: Moment
    startup: StartupStatus
    upstream: UpstreamStatus
    outbox: OutboxStatus
    cameras: list[CameraRecord]
    running: list[EventWithNames]
    clock: ClockStatus
    media: MediaStatus
    incidents: list[IncidentRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReader:
    """Puts the status together. `since`: wall time (s) at which the agent started."""

    settings: Settings
    services: Services
    clock: Clock
    boot_id: str
    since: float

    async def read(self, started: Started) -> StatusRecord:
        """The status at this moment. Raises what the store raises."""
        own = self.services.own_device
        cameras = await self.services.cameras.of_device(own.key)
        running = await self.services.events.running(own.key)
        return StatusRecord(
            version=f"cuelight {__version__}",
            serial=own.serial_number,
            device_id=own.key,
            device_name=own.device_name,
            mode=started.mode,
            reason=started.reason,
            boot_id=self.boot_id,
            started_date=micros(self.since),
            startup=_startup(started),
            upstream=_upstream(self.settings.upstream.url, started.link),
            outbox=await self._outbox(),
            cameras=cameras,
            running=[event_with_names(event, own) for event in running],
            clock=ClockStatus(now=micros(self.clock.now()), quality=self.clock.quality()),
            media=await asyncio.to_thread(_media, self.settings.media_folder),
            incidents=[
                IncidentRecord(date=item.moment, code=item.code, message=item.message)
                for item in await incidents(self.services.database)
            ],
        )

    async def _outbox(self) -> OutboxStatus:
        destination = self.settings.upstream.url
        outbox = self.services.outbox
        return OutboxStatus(waiting=await outbox.depth(destination), oldest_date=await outbox.since(destination))


def _upstream(url: str, link: Link) -> UpstreamStatus:
    """The address is told once."""
    reason = "" if link.state is LinkState.REACHED else link.detail.removeprefix(url).removeprefix(":").strip()
    return UpstreamStatus(url=url, state=link.state, reason=reason)


def _startup(started: Started) -> StartupStatus:
    return StartupStatus(
        binding=started.binding or "",
        preset_id=started.preset_key,
        preset_name=started.preset_name,
        event_id=started.event_key,
        source=started.source,
        note=started.note,
    )


def _media(folder: Path) -> MediaStatus:
    disk = os.statvfs(folder)
    return MediaStatus(folder=str(folder), free_bytes=disk.f_bavail * disk.f_frsize)
