"""What the agent says of itself at `GET /v1/status`."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from agent.cameras import Cameras
from agent.media.chain.keeper import Chain
from agent.media.retention.keeping import Retention
from agent.media.room import disk_of
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
from presets_store.services.caller import Caller
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


class StreamStatus(WireModel):
    """A stream of a running event. `state`: `connecting`, `live` or `waiting` (for the next try; `reason` says why).

    `target` is its address without secrets, `attempts` counts connections tried, `bitrate` is bit/s of the last second.
    """

    event_id: Int
    camera: Name
    target: Text
    state: Name
    reason: Text
    attempts: Int
    bitrate: Int
    dropped: Int


class ClockStatus(WireModel):
    """`quality`: `unset`, `floor`, `upstream` or `synchronised`."""

    now: Moment
    quality: Name


class RemovedRecord(WireModel):
    """A file that was removed from the media folder to keep its limits."""

    file: Text
    reason: Name
    date: Moment


class MediaStatus(WireModel):
    """Where clips are kept, and how much room they take as of the last look, some seconds ago.

    `free_bytes` is 0 where the folder is gone, too; `limit_bytes` is the maximum size (0: none), `min_free_bytes` what
    is to stay free. `removed` counts the files that were removed since the agent started. `full_since`: a recording
    waits for room. `unmet`: limits that cannot be kept, and why.
    """

    folder: Text
    free_bytes: Int
    used_bytes: Int
    protected_bytes: Int
    limit_bytes: Int
    min_free_bytes: Int
    removed: Int
    last_removed: RemovedRecord | None = None
    full_since: Moment
    unmet: list[Text]


class ChainStatus(WireModel):
    """The signed chain of clips: how many links, and the device's public key (Ed25519, raw, hexadecimal).

    Empty until the first clip after the start was looked at.
    """

    links: Int
    key: Name


class IncidentRecord(WireModel):
    """Something that went wrong with the device's memory, disk, chain or cameras, and what was done about it."""

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
    streams: list[StreamStatus]
    clock: ClockStatus
    media: MediaStatus
    chain: ChainStatus
    incidents: list[IncidentRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReader:
    """Puts the status together. `since`: wall time (s) at which the agent started."""

    settings: Settings
    services: Services
    clock: Clock
    retention: Retention
    chain: Chain
    cameras: Cameras
    boot_id: str
    since: float

    async def read(self, caller: Caller, started: Started) -> StatusRecord:
        """The status at this moment, for who may look at this device. Raises Forbidden, and what the store raises."""
        own = self.services.own_device
        cameras = await self.services.cameras.of_device(caller, own.key)
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
            streams=_streams(self.cameras),
            clock=ClockStatus(now=micros(self.clock.now()), quality=self.clock.quality()),
            media=_media(self.settings.media_folder, await free_in(self.settings.media_folder), self.retention),
            chain=ChainStatus(links=self.chain.head.number, key=self.chain.key),
            incidents=[
                IncidentRecord(date=item.moment, code=item.code, message=item.message)
                for item in await incidents(self.services.database)
            ],
        )

    async def _outbox(self) -> OutboxStatus:
        destination = self.settings.upstream.url
        outbox = self.services.outbox
        return OutboxStatus(waiting=await outbox.depth(destination), oldest_date=await outbox.since(destination))


async def free_in(folder: Path) -> int:
    """Free bytes on the folder's disk; 0 while it cannot be asked: all else of the status is wanted then, too."""
    try:
        return (await asyncio.to_thread(disk_of, folder)).free
    except OSError:
        return 0


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


def _streams(cameras: Cameras) -> list[StreamStatus]:
    return [
        StreamStatus(
            event_id=key,
            camera=camera.name,
            target=now.label,
            state=now.report.state,
            reason=now.report.reason,
            attempts=now.report.attempts,
            bitrate=now.report.bitrate,
            dropped=now.report.dropped,
        )
        for camera in cameras
        for key, now in camera.streams.items()
    ]


def _media(folder: Path, free: int, retention: Retention) -> MediaStatus:
    kept, last = retention.kept, retention.last_removed
    return MediaStatus(
        folder=str(folder),
        free_bytes=free,
        used_bytes=kept.used,
        protected_bytes=kept.protected,
        limit_bytes=kept.policy.max_size,
        min_free_bytes=kept.policy.min_free,
        removed=retention.removed,
        last_removed=RemovedRecord(file=last.file, reason=last.reason, date=last.moment) if last.moment else None,
        full_since=micros(retention.full_since),
        unmet=list(kept.unmet.values()),
    )
