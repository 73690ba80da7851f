"""The index of recorded clips."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from presets_store.clock import ClockQuality
from presets_store.protocol.clips import ClipQuery, ClipRecord, KeepClip
from presets_store.protocol.live import LiveKind
from presets_store.rules.permissions import Permission
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.dating import dated
from presets_store.services.errors import ClipGone, NotFound
from presets_store.services.media.recordings import with_file
from presets_store.services.reach import in_reach, reached_row, require_reach
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import clip_record
from presets_store.storage.clips import (
    adopt_clip,
    clips_of_event,
    clips_of_event_uuid,
    clips_with_files,
    find_clip_by_file,
    forget_removed,
    get_clip,
    indexed_files,
    list_clips,
    unlinked_clips,
    update_clip,
)
from presets_store.storage.events import find_event_by_uuid, get_event
from presets_store.storage.records import Clip, ClipState, IndexedFile
from presets_store.storage.tables import clips as clip_rows

GONE = (ClipState.MISSING, ClipState.REMOVED)
"""States of clips that have no file any more."""

REMOVED_KEPT = 50_000
"""Rows of removed clips that stay: a month of clips of a minute each."""


class ClipsService:
    """Clips are indexed when their file is closed; the folder is the truth, and the index follows it."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def find(self, caller: Caller, query: ClipQuery) -> list[ClipRecord]:
        """Clips that fit all that the query gives; both dates are included. Raises Forbidden."""

        def find(connection: Connection) -> list[ClipRecord]:
            clips = _candidates(connection, caller, query)
            fitting = [clip_record(clip) for clip in clips if _fits(clip, query)]
            return fitting[: query.count] if query.count else fitting

        return await self._units.read(find)

    async def get(self, caller: Caller, key: int) -> ClipRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> Clip:
            return reached_row(connection, caller, Permission.READ, get_clip(connection, key), "clip", key)

        return clip_record(await self._units.read(find))

    async def of_event(self, event_uuid: str) -> list[Clip]:
        """The event's clips of all attempts, in the order in which they were recorded."""
        return await self._units.read(lambda connection: clips_of_event_uuid(connection, event_uuid))

    async def all_files(self) -> list[Clip]:
        """Every indexed clip, oldest first."""
        return await self._units.read(lambda connection: list_clips(connection, newest_first=False))

    async def with_files(self) -> Mapping[str, Clip]:
        """By file: the clips whose file is there, as far as the index knows."""
        return await self._units.read(lambda connection: {clip.file: clip for clip in clips_with_files(connection)})

    async def indexed_files(self) -> Mapping[str, IndexedFile]:
        """The same for whoever only decides what may be removed: quick, also with very many."""
        return await self._units.read(lambda connection: {each.file: each for each in indexed_files(connection)})

    async def index(self, clip: Clip) -> Clip:
        """Takes a clip up, or brings what the index has of its file up to date; a repeat changes nothing.

        What the file cannot tell stays as it is: protection, upload, place in the chain. A clip of an event that this
        database does not have is linked by the event's uuid only. A whole clip can be fetched as a file.
        """

        def store(unit: Unit) -> Clip:
            linked = dated(unit.connection, replace(clip, event_key=_event_key(unit.connection, clip)))
            stored, new = adopt_clip(unit.connection, linked)
            after = with_file(unit, stored if new else _refreshed(stored, linked))
            if new or after != stored:
                update_clip(unit.connection, stored, after)
                unit.told.append((LiveKind.CLIP, after.device_key, clip_record(after)))
            return after

        return await self._units.write(INSIDE, store)

    async def keep(self, caller: Caller, key: int, body: KeepClip) -> ClipRecord:
        """Protects a clip from being removed to make room, or ends that. Raises NotFound, ClipGone, Forbidden."""

        def change(unit: Unit) -> ClipRecord:
            clip = reached_row(unit.connection, caller, Permission.EDIT, get_clip(unit.connection, key), "clip", key)
            if body.protected and clip.state in GONE:
                raise ClipGone(key=key, state=clip.state.value)
            return _changed(unit, clip, replace(clip, protected=body.protected))

        return await self._units.write(caller, change)

    async def mark_removed(self, files: Sequence[str]) -> set[str]:
        """Notes that these files are removed; answers those that are not to be: they are protected by now.

        A file that is not indexed may be removed.
        """

        def mark(unit: Unit) -> set[str]:
            refused: set[str] = set()
            for file in files:
                clip = find_clip_by_file(unit.connection, file)
                if clip is not None and clip.protected:
                    refused.add(file)
                elif clip is not None:
                    _changed(unit, clip, with_file(unit, replace(clip, state=ClipState.REMOVED)))
            forget_removed(unit.connection, REMOVED_KEPT)
            return refused

        return await self._units.write(INSIDE, mark)

    async def unlinked(self, limit: int) -> list[Clip]:
        """The oldest clips with a file that have no place in the chain yet, at most `limit`."""
        return await self._units.read(lambda connection: unlinked_clips(connection, limit))

    async def linked(self, places: Mapping[int, tuple[int, str]]) -> None:
        """By key: the number and hash of the link that each clip got. A clip that is gone by now is left out."""

        def note(unit: Unit) -> None:
            for key, (number, link) in places.items():
                clip = get_clip(unit.connection, key)
                if clip is not None:
                    _changed(unit, clip, replace(clip, chain_number=number, chain_link=link))

        await self._units.write(INSIDE, note)

    async def mark_missing(self, key: int) -> None:
        """Its file is gone. Raises NotFound."""

        def mark(unit: Unit) -> None:
            clip = get_clip(unit.connection, key)
            if clip is None:
                raise NotFound(what="clip", name=key)
            _changed(unit, clip, with_file(unit, replace(clip, state=ClipState.MISSING)))

        await self._units.write(INSIDE, mark)


def _changed(unit: Unit, before: Clip, after: Clip) -> ClipRecord:
    record = clip_record(after)
    if after != before:
        update_clip(unit.connection, before, after)
        unit.told.append((LiveKind.CLIP, after.device_key, record))
    return record


def _refreshed(stored: Clip, found: Clip) -> Clip:
    dated_by = stored if ClockQuality(stored.clock_quality).rank > ClockQuality(found.clock_quality).rank else found
    return replace(
        found,
        key=stored.key,
        uuid=stored.uuid,
        video_clip_status=stored.video_clip_status,
        protected=stored.protected,
        chain_number=stored.chain_number,
        chain_link=stored.chain_link,
        file_id=stored.file_id,
        ts_file_id=stored.ts_file_id,
        video_clip_type_id=stored.video_clip_type_id,
        video_clip_parameters=stored.video_clip_parameters,
        audio_status=stored.audio_status,
        start=dated_by.start,
        clock_quality=dated_by.clock_quality,
        clock_correction=dated_by.clock_correction,
        created=stored.created,
    )


def _event_key(connection: Connection, clip: Clip) -> int | None:
    """The key of the clip's event here. After a lost database the sidecar's key may mean another event."""
    if clip.event_uuid:
        event = find_event_by_uuid(connection, clip.event_uuid)
        return event.key if event else None
    if clip.event_key is None:
        return None
    return clip.event_key if get_event(connection, clip.event_key) else None


def _candidates(connection: Connection, caller: Caller, query: ClipQuery) -> list[Clip]:
    caller.principal.require(Permission.READ)
    if query.device_id:
        require_reach(connection, caller, Permission.READ, query.device_id)
    within = in_reach(caller, clip_rows.c.device_key)
    if query.event_id:
        clips = clips_of_event(connection, query.event_id, within)
        return clips if query.order == "asc" else clips[::-1]
    filtered = query.event_uuid or query.camera_id
    return list_clips(
        connection,
        device_key=query.device_id or None,
        started_from=query.start_date or None,
        started_before=query.end_date + 1 if query.end_date else None,
        limit=None if filtered else query.count or None,
        newest_first=query.order == "desc",
        within=within,
    )


def _fits(clip: Clip, query: ClipQuery) -> bool:
    return (
        (not query.device_id or clip.device_key == query.device_id)
        and (not query.event_uuid or clip.event_uuid == query.event_uuid)
        and (not query.camera_id or clip.camera_id == query.camera_id)
        and (not query.start_date or clip.start >= query.start_date)
        and (not query.end_date or clip.start <= query.end_date)
    )
