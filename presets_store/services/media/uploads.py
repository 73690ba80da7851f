"""What the agent knows of clips, photos and sounds that it sends to an upstream."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from presets_store.clock import Clock
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.live import LiveKind
from presets_store.protocol.statuses import MediaStatus
from presets_store.services.caller import INSIDE
from presets_store.services.dating import misdated
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import clip_record
from presets_store.storage.clips import get_clip, update_clip
from presets_store.storage.media.records import Upload
from presets_store.storage.media.uploads import (
    ItemTable,
    Outgoing,
    Wanted,
    count_to_send,
    find_outgoing,
    find_upload,
    forget_requests,
    get_outgoing,
    get_upload,
    items_to_send,
    items_to_tell,
    mark_sent,
    put_upload,
)
from presets_store.storage.meta import get_meta, set_meta

_CLEARED = "uploads.cleared"


@dataclass(frozen=True, slots=True)
class Cleared:
    """How many uploads were given up: those that were `requested`, those that nobody had asked for."""

    requested: int
    unsent: int


class UploadsService:
    """For the agent alone. What it notes is durable when a method returns.

    Nothing is to be sent or told while dates are being corrected; `wakeups` tell when that is over.
    """

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def waiting(self, wanted: Wanted, *, limit: int, but: Collection[tuple[int, int]] = ()) -> list[Outgoing]:
        """The first to send. `but`: types and keys of what is put off."""

        def find(connection: Connection) -> list[Outgoing]:
            return [] if misdated(connection, self._clock) else items_to_send(connection, wanted, limit, but)

        return await self._units.read(find)

    async def untold(self, kind: ItemTable, wanted: Wanted, *, after: int, limit: int) -> list[Outgoing]:
        """Items of a type of which the upstream does not know yet, from beyond the key `after`."""

        def find(connection: Connection) -> list[Outgoing]:
            return [] if misdated(connection, self._clock) else items_to_tell(connection, kind, wanted, after, limit)

        return await self._units.read(find)

    async def known(self, outgoing: Outgoing, upstream: str) -> Upload:
        """How far it is on its way there."""
        return await self._units.read(lambda connection: _known(connection, outgoing, upstream))

    async def note(self, *uploads: Upload) -> None:
        """They have come so far. Nothing is noted of what is gone by now."""

        def store(unit: Unit) -> None:
            for upload in uploads:
                if get_outgoing(unit.connection, upload.item_type_id, upload.item_key) is not None:
                    asked = get_upload(unit.connection, upload.item_type_id, upload.item_key, upload.upstream)
                    put_upload(unit.connection, replace(upload, requested=asked.requested if asked else 0))

        await self._units.write(INSIDE, store)

    async def named(self, device_key: int, upstream: str, item_type: int, key: int, file: str) -> Outgoing | None:
        """What an upstream, or with "" this device's own store, calls by this key; else what has this file."""

        def find(connection: Connection) -> Outgoing | None:
            upload = find_upload(connection, item_type, key, upstream) if upstream and key else None
            local = upload.item_key if upload is not None else 0 if upstream else key
            found = get_outgoing(connection, item_type, local) if local else None
            return found or (find_outgoing(connection, device_key, file) if file else None)

        return await self._units.read(find)

    async def is_here(self, outgoing: Outgoing) -> bool:
        """Whether this device still has its file."""
        kind, key = outgoing.kind.item_type, outgoing.item.key
        return await self._units.read(lambda connection: get_outgoing(connection, kind, key) is not None)

    async def request(self, outgoing: Outgoing, upstream: str, *, wanted: bool = True) -> None:
        """Somebody asks for it, or does no more."""

        def store(unit: Unit) -> None:
            upload = _known(unit.connection, outgoing, upstream)
            put_upload(unit.connection, replace(upload, requested=unit.now if wanted else 0))

        await self._units.write(INSIDE, store)

    async def sent(self, outgoing: Outgoing) -> None:
        """The upstream has it, and its file: it is among those that retention may remove first."""

        def mark(unit: Unit) -> None:
            mark_sent(unit.connection, outgoing.kind.item_type, outgoing.item.key)
            clip = get_clip(unit.connection, outgoing.item.key) if _is_clip(outgoing) else None
            if clip is not None and clip.video_clip_status is not MediaStatus.FILE_AVAILABLE:
                after = replace(clip, video_clip_status=MediaStatus.FILE_AVAILABLE)
                update_clip(unit.connection, clip, after)
                unit.told.append((LiveKind.CLIP, after.device_key, clip_record(after)))

        await self._units.write(INSIDE, mark)

    async def clear(self, wanted: Wanted) -> Cleared:
        """Nothing that waits is sent any more, unless somebody asks for it anew."""

        def forget(unit: Unit) -> Cleared:
            unsent = count_to_send(unit.connection, wanted)
            set_meta(unit.connection, _CLEARED, str(unit.now))
            return Cleared(forget_requests(unit.connection, wanted.upstream), unsent)

        return await self._units.write(INSIDE, forget)

    async def cleared(self) -> int:
        """When that was done last, in microseconds; 0: never."""
        return await self._units.read(lambda connection: int(get_meta(connection, _CLEARED) or 0))


def _known(connection: Connection, outgoing: Outgoing, upstream: str) -> Upload:
    found = get_upload(connection, outgoing.kind.item_type, outgoing.item.key, upstream)
    return found or Upload(item_type_id=outgoing.kind.item_type, item_key=outgoing.item.key, upstream=upstream)


def _is_clip(outgoing: Outgoing) -> bool:
    return outgoing.kind.item_type is ItemType.VIDEO_CLIP
