"""Rows of files: sent here, on their way, or lying in the media folder of the device itself."""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, delete, select, update

from presets_store.protocol.statuses import MediaStatus
from presets_store.storage.media.records import StoredFile
from presets_store.storage.media.tables import files
from presets_store.storage.rows import insert_record, many, one, update_record

_BY_KEY = select(files).where(files.c.key == bindparam("wanted"))
_BY_GUID = select(files).where(files.c.guid == bindparam("wanted"))


def insert_file(connection: Connection, file: StoredFile) -> StoredFile:
    return insert_record(connection, files, file)


def get_file(connection: Connection, key: int) -> StoredFile | None:
    return one(connection, StoredFile, _BY_KEY, wanted=key)


def find_file(connection: Connection, guid: str) -> StoredFile | None:
    return one(connection, StoredFile, _BY_GUID, wanted=guid)


def update_file(connection: Connection, before: StoredFile, after: StoredFile) -> None:
    """Writes what differs; LostUpdate when the file is gone, or was given up since `before`."""
    update_record(connection, files, before, after, guard=("expires",))


def note_received(connection: Connection, key: int, now: int) -> bool:
    """Notes that all bytes are here; False when the file was given up meanwhile."""
    statement = update(files).where(files.c.key == key, files.c.expires > now, files.c.uploaded == 0)
    if connection.execute(statement.values(uploaded=now, status=MediaStatus.TRANSFERRING)).rowcount == 1:
        return True
    there = get_file(connection, key)
    return there is not None and there.uploaded > 0


def expired_files(connection: Connection, now: int, limit: int, *, but: Collection[int] = ()) -> list[StoredFile]:
    """Those whose time is over at `now` (microseconds), at most `limit`, without those with the keys `but`."""
    over = select(files).where(files.c.expires > 0, files.c.expires <= now, files.c.key.not_in(but))
    return many(connection, StoredFile, over.order_by(files.c.expires).limit(limit))


def delete_file(connection: Connection, key: int) -> None:
    connection.execute(delete(files).where(files.c.key == key))
