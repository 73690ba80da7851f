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
from agent.upstream.linkstate import LinkWatch
from presets_store import __version__
from presets_store.clock import Clock, SystemClock, micros
from presets_store.protocol.base import WireModel
from presets_store.protocol.cameras import CameraRecord
from presets_store.protocol.events import EventWithNames
from presets_store.protocol.fields import Int, Moment, Name, Real, Text
from presets_store.rules.startup import LinkState
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
    """The upstream now: `none`, `unknown`, `reached`, `unreachable` or `refused`, and since when."""

    url: Text
    state: Name
    reason: Text
    since_date: Moment


class OutboxStatus(WireModel):
    """Outcomes that wait for the upstream. `reports`: logs and health that do; `dropped`: those it will never get, as
    long as it has not heard of it.
    """

    waiting: Int
    oldest_date: Moment
    reports: Int
    dropped: Int


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
    """`quality`: `unset`, `floor`, `upstream` or `synchronised`.

    `error`: by how much (s) the time of an upstream may be off, 0 for any other.
    """

    now: Moment
    quality: Name
    error: Real


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
    """Answer of `GET /v1/status` (ours).

    `mode`: `starting`, `online` or `standalone`; `reason` says why, `mode_date` since when.
    """

    version: Name
    serial: Name
    device_id: Int
    device_name: Name
    mode: Name
    reason: Text
    mode_date: Moment
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
    """Puts the status together. `since`: monotonic seconds at which the agent started."""

    settings: Settings
    services: Services
    clock: Clock
    retention: Retention
    chain: Chain
    cameras: Cameras
    boot_id: str
    since: float
    link: LinkWatch | None = None

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
            mode_date=self._moment(started.since),
            boot_id=self.boot_id,
            started_date=self._moment(self.since),
            startup=_startup(started),
            upstream=self._upstream(started),
            outbox=await self._outbox(),
            cameras=cameras,
            running=[event_with_names(event, own) for event in running],
            streams=_streams(self.cameras),
            clock=self._clock(),
            media=_media(self.settings.media_folder, await free_in(self.settings.media_folder), self.retention),
            chain=ChainStatus(links=self.chain.head.number, key=self.chain.key),
            incidents=[
                IncidentRecord(date=item.moment, code=item.code, message=item.message)
                for item in await incidents(self.services.database)
            ],
        )

    def _upstream(self, started: Started) -> UpstreamStatus:
        """As it is now, before the first attempt after the start as that has found it. The address is told once."""
        url, now = self.settings.upstream.url, self.link.now if self.link is not None else None
        if now is not None and now.state is not LinkState.UNKNOWN:
            return UpstreamStatus(url=url, state=now.state, reason=now.reason, since_date=self._moment(now.since))
        link = started.link
        reason = "" if link.state is LinkState.REACHED else link.detail.removeprefix(url).removeprefix(":").strip()
        return UpstreamStatus(url=url, state=link.state, reason=reason, since_date=self._moment(started.since))

    def _clock(self) -> ClockStatus:
        error = self.clock.error if isinstance(self.clock, SystemClock) else 0.0
        return ClockStatus(now=micros(self.clock.now()), quality=self.clock.quality(), error=error)

    def _moment(self, monotonic: float) -> int:
        """A monotonic moment (s) as wall time, by the clock as it is now."""
        return micros(self.clock.now() - self.clock.monotonic() + monotonic)

    async def _outbox(self) -> OutboxStatus:
        destination = self.settings.upstream.url
        outbox, reports = self.services.outbox, self.services.reports
        return OutboxStatus(
            waiting=await outbox.depth(destination),
            oldest_date=await outbox.since(destination),
            reports=await reports.waiting(),
            dropped=sum((await reports.dropped()).values()),
        )


async def free_in(folder: Path) -> int:
    """Free bytes on the folder's disk; 0 while it cannot be asked: all else of the status is wanted then, too."""
    try:
        return (await asyncio.to_thread(disk_of, folder)).free
    except OSError:
        return 0


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
