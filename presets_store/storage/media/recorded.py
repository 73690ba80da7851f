"""Photos and sounds that this device took itself: rows of images and audio clips, each with its file.

They have a boot ID, which nobody else tells. Their `local_file_path` is relative to the media folder.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, select, update
from sqlalchemy import text as sql

from presets_store.protocol.item_types import ItemType
from presets_store.protocol.statuses import MediaStatus
from presets_store.storage.media.files import insert_file
from presets_store.storage.media.items import ItemT
from presets_store.storage.media.records import StoredFile
from presets_store.storage.media.tables import audio_clips, files, images, tag_links, uploads
from presets_store.storage.rows import insert_record

_AT_ONCE = 500
"""Paths that one statement names."""

_TYPES = {images.name: ItemType.IMAGE, audio_clips.name: ItemType.AUDIO_CLIP}
_STATUS = {images.name: "image_status", audio_clips.name: "audio_clip_status"}


def taken_here(table: Table) -> ColumnElement[bool]:
    """The condition of a query, in the words of the indexes: what this device took itself."""
    return sql(f"{table.name}.boot_id <> ''")  # type: ignore[return-value]


def unsent_here(table: Table) -> ColumnElement[bool]:
    """The same of what no upstream has."""
    status = f"{table.name}.{_STATUS[table.name]} = {int(MediaStatus.ANNOUNCED)}"
    return sql(f"{table.name}.boot_id <> '' AND {status}")  # type: ignore[return-value]


def status_column(table: Table) -> ColumnElement[MediaStatus]:
    return table.c[_STATUS[table.name]]


def known_paths(connection: Connection, table: Table, device_key: int, paths: Sequence[str]) -> set[str]:
    """Those of the `paths` that have a row, whether the file is there or not."""
    return {path for some in _parts(paths) for path in connection.execute(_path(table, device_key, some)).scalars()}


def paths_here(connection: Connection, table: Table, device_key: int) -> set[str]:
    """All files that are there as far as the table knows."""
    there = status_column(table) != MediaStatus.ANNOUNCED_BUT_MISSING
    mine = select(table.c.local_file_path).where(table.c.device_key == device_key, taken_here(table), there)
    return set(connection.execute(mine).scalars())


def paths_uploaded(connection: Connection, table: Table, device_key: int) -> set[str]:
    """Those of them that an upstream has."""
    sent = status_column(table) == MediaStatus.FILE_AVAILABLE
    mine = select(table.c.local_file_path).where(table.c.device_key == device_key, taken_here(table), sent)
    return set(connection.execute(mine).scalars())


def insert_recorded(connection: Connection, table: Table, row: ItemT, file: StoredFile) -> ItemT:
    """A new one, with its file."""
    return insert_record(connection, table, replace(row, file_id=insert_file(connection, file).key))


def mark_recorded(connection: Connection, table: Table, device_key: int, paths: Sequence[str], *, here: bool) -> None:
    """The files of these paths are there again, or not any more; a repeat is harmless."""
    item, file = (
        (MediaStatus.ANNOUNCED, MediaStatus.FILE_AVAILABLE) if here else (MediaStatus.ANNOUNCED_BUT_MISSING,) * 2
    )
    gone = status_column(table) == MediaStatus.ANNOUNCED_BUT_MISSING
    for some in _parts(paths):
        named = (table.c.device_key == device_key, taken_here(table), table.c.local_file_path.in_(some))
        changed = (*named, gone if here else ~gone)
        theirs = select(table.c.file_id).where(*changed).scalar_subquery()
        connection.execute(update(files).where(files.c.key.in_(theirs)).values(status=file))
        connection.execute(update(table).where(*changed).values({status_column(table).key: item}))


def forget_gone(connection: Connection, table: Table, device_key: int, keep: int) -> None:
    """Deletes the rows of files that are gone, with what belongs to them, but for the `keep` newest."""
    gone = (
        table.c.device_key == device_key,
        taken_here(table),
        status_column(table) == MediaStatus.ANNOUNCED_BUT_MISSING,
    )
    newest = select(table.c.key).where(*gone).order_by(table.c.key.desc())
    oldest = connection.execute(newest.limit(1).offset(keep)).scalar()
    if oldest is None:
        return
    forgotten = (*gone, table.c.key <= oldest)
    keys = select(table.c.key).where(*forgotten)
    connection.execute(delete(files).where(files.c.key.in_(select(table.c.file_id).where(*forgotten))))
    for other in (uploads, tag_links):
        mine = (other.c.item_type_id == int(_TYPES[table.name]), other.c.item_key.in_(keys))
        connection.execute(delete(other).where(*mine))
    connection.execute(delete(table).where(*forgotten))


def _path(table: Table, device_key: int, paths: Sequence[str]) -> Select[tuple[str]]:
    mine = (table.c.device_key == device_key, taken_here(table), table.c.local_file_path.in_(paths))
    return select(table.c.local_file_path).where(*mine)


def _parts(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(paths), _AT_ONCE):
        yield paths[start : start + _AT_ONCE]
