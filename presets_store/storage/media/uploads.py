"""Clips, photos and sounds of this device on their way to an upstream."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, Table, exists, func, select, update

from presets_store.protocol.item_types import ItemType
from presets_store.protocol.statuses import MediaStatus
from presets_store.storage.media.recorded import status_column, taken_here, unsent_here
from presets_store.storage.media.records import AudioClip, Image, Rank, Upload
from presets_store.storage.media.tables import audio_clips, images, uploads
from presets_store.storage.records import Clip, ClipState
from presets_store.storage.rows import many, one, put
from presets_store.storage.tables import clips, events

Item: TypeAlias = Clip | Image | AudioClip

SCRIPT = "script"
"""The cause of an event that a script started."""

_WHOLE = (ClipState.CLOSED, ClipState.RECOVERED)


@dataclass(frozen=True, slots=True)
class ItemTable:
    """Where items of one type are, and by which column the name of their file is known."""

    item_type: ItemType
    table: Table
    row: type[Clip] | type[Image] | type[AudioClip]
    file: str


ITEM_TABLES = (
    ItemTable(ItemType.VIDEO_CLIP, clips, Clip, "file"),
    ItemTable(ItemType.IMAGE, images, Image, "local_file_path"),
    ItemTable(ItemType.AUDIO_CLIP, audio_clips, AudioClip, "local_file_path"),
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An item that is to be sent. `file`: its path in the media folder."""

    kind: ItemTable
    rank: Rank
    item: Item

    @property
    def file(self) -> str:
        name: str = getattr(self.item, self.kind.file)
        return name

    @property
    def place(self) -> tuple[Rank, int, ItemType, int]:
        """What is sent before what."""
        return self.rank, self.item.start, self.kind.item_type, self.item.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a device's items an upstream is to have by itself: `all` of them, or those of its own events, or nothing;
    in each case only what was indexed after `since` (microseconds). What was asked for it has in any case.
    """

    device_key: int
    upstream: str
    own: bool = True
    all: bool = False
    since: int = 0


def items_to_send(
    connection: Connection, wanted: Wanted, limit: int, but: Collection[tuple[int, int]]
) -> list[Outgoing]:
    """The first to send, at most `limit`. `but`: types and keys of those that are left out."""
    found: dict[tuple[int, int], Outgoing] = {}
    for kind in ITEM_TABLES:
        left_out = [key for item_type, key in but if item_type == kind.item_type]
        for rank, query in _queries(kind, wanted):
            rows = many(connection, kind.row, query.where(kind.table.c.key.not_in(left_out)).limit(limit))
            for row in rows:
                found.setdefault((kind.item_type, row.key), Outgoing(kind, rank, row))
    return sorted(found.values(), key=lambda each: each.place)[:limit]


def count_to_send(connection: Connection, wanted: Wanted) -> int:
    """How many wait to be sent that nobody asked for."""
    asked = {kind.item_type: _requested(kind, wanted.upstream) for kind in ITEM_TABLES}
    kinds = ITEM_TABLES if wanted.own or wanted.all else ()
    counted = (_usual(kind, wanted).where(~asked[kind.item_type]) for kind in kinds)
    return sum(connection.execute(select(func.count()).select_from(each.subquery())).scalar_one() for each in counted)


def items_to_tell(connection: Connection, kind: ItemTable, wanted: Wanted, after: int, limit: int) -> list[Outgoing]:
    """Items of a type that the upstream was not told of, in the order of their keys, from beyond the key `after`."""
    table = kind.table
    known = exists().where(
        uploads.c.item_type_id == int(kind.item_type),
        uploads.c.item_key == table.c.key,
        uploads.c.upstream == wanted.upstream,
        uploads.c.remote_item_id > 0,
    )
    query = select(table).where(*_unsent(kind, wanted.device_key), table.c.key > after, ~known)
    rows = many(connection, kind.row, query.order_by(table.c.key).limit(limit))
    return [Outgoing(kind, Rank.USUAL, row) for row in rows]


def get_outgoing(connection: Connection, item_type: int, key: int) -> Outgoing | None:
    """The item, if this device has its file."""
    kind = next((each for each in ITEM_TABLES if each.item_type == item_type), None)
    if kind is None:
        return None
    row = one(connection, kind.row, select(kind.table).where(kind.table.c.key == key, *_here(kind)))
    return None if row is None else Outgoing(kind, Rank.REQUESTED, row)


def find_outgoing(connection: Connection, device_key: int, file: str) -> Outgoing | None:
    """The item that has this file."""
    for kind in ITEM_TABLES:
        mine = (kind.table.c.device_key == device_key, kind.table.c[kind.file] == file)
        row = one(connection, kind.row, select(kind.table).where(*mine, *_here(kind)))
        if row is not None:
            return Outgoing(kind, Rank.REQUESTED, row)
    return None


def is_sent(outgoing: Outgoing) -> bool:
    """Whether an upstream has it, with its file."""
    item = outgoing.item
    if isinstance(item, Clip):
        return item.video_clip_status is MediaStatus.FILE_AVAILABLE
    status = item.image_status if isinstance(item, Image) else item.audio_clip_status
    return status is MediaStatus.FILE_AVAILABLE


def mark_sent(connection: Connection, item_type: int, key: int) -> None:
    """An upstream has the item and its file; nothing more is asked. One whose file is gone meanwhile stays so."""
    kind = next(each for each in ITEM_TABLES if each.item_type == item_type)
    if kind.table is not clips:
        mine = (kind.table.c.key == key, status_column(kind.table) == MediaStatus.ANNOUNCED)
        sent = {status_column(kind.table).key: MediaStatus.FILE_AVAILABLE}
        connection.execute(update(kind.table).where(*mine).values(sent))
    mine = (uploads.c.item_type_id == item_type, uploads.c.item_key == key)
    connection.execute(update(uploads).where(*mine).values(requested=0))


def get_upload(connection: Connection, item_type: int, item_key: int, upstream: str) -> Upload | None:
    wanted = (uploads.c.item_type_id == item_type, uploads.c.item_key == item_key, uploads.c.upstream == upstream)
    return one(connection, Upload, select(uploads).where(*wanted))


def find_upload(connection: Connection, item_type: int, remote_item_id: int, upstream: str) -> Upload | None:
    """The upload of what is called so there."""
    named = (uploads.c.item_type_id == item_type, uploads.c.remote_item_id == remote_item_id)
    return one(connection, Upload, select(uploads).where(*named, uploads.c.upstream == upstream))


def put_upload(connection: Connection, upload: Upload) -> None:
    """Stores it, in place of what was known."""
    put(connection, uploads, asdict(upload))


def forget_requests(connection: Connection, upstream: str) -> int:
    """Nothing is asked for any more; how many were."""
    mine = (uploads.c.upstream == upstream, uploads.c.requested > 0)
    return connection.execute(update(uploads).where(*mine).values(requested=0)).rowcount


def _queries(kind: ItemTable, wanted: Wanted) -> Iterator[tuple[Rank, Select[tuple[object, ...]]]]:
    if kind.table is clips and (wanted.own or wanted.all):
        yield Rank.ALERT, _usual(kind, wanted).where(clips.c.protected | _of_events(kind, events.c.cause == SCRIPT))
    yield Rank.REQUESTED, _in_order(kind, *_here(kind), _requested(kind, wanted.upstream))
    if wanted.own or wanted.all:
        yield Rank.USUAL, _usual(kind, wanted)


def _usual(kind: ItemTable, wanted: Wanted) -> Select[tuple[object, ...]]:
    conditions = [*_unsent(kind, wanted.device_key), kind.table.c.created > wanted.since]
    if not wanted.all:
        conditions.append(_of_events(kind, events.c.upstream == wanted.upstream))
    return _in_order(kind, *conditions)


def _in_order(kind: ItemTable, *conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return select(kind.table).where(*conditions).order_by(kind.table.c.start, kind.table.c.key)


def _of_events(kind: ItemTable, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return kind.table.c.event_uuid.in_(select(events.c.uuid).where(condition))


def _requested(kind: ItemTable, upstream: str) -> ColumnElement[bool]:
    mine = (uploads.c.item_type_id == int(kind.item_type), uploads.c.upstream == upstream, uploads.c.requested > 0)
    return kind.table.c.key.in_(select(uploads.c.item_key).where(*mine))


def _here(kind: ItemTable) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a query: items whose file this device has."""
    if kind.table is clips:
        return (clips.c.state.in_(_WHOLE),)
    return taken_here(kind.table), status_column(kind.table) != MediaStatus.ANNOUNCED_BUT_MISSING


def _unsent(kind: ItemTable, device_key: int) -> tuple[ColumnElement[bool], ...]:
    """The same, of those that no upstream has."""
    mine = kind.table.c.device_key == device_key
    if kind.table is clips:
        return mine, clips.c.state.in_(_WHOLE), clips.c.video_clip_status == MediaStatus.ANNOUNCED
    return mine, unsent_here(kind.table)
