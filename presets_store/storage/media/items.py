"""Rows of images and audio clips, which differ in their columns only."""

from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from presets_store.protocol.item_types import ItemType
from presets_store.storage.fleet.bounded import bounded
from presets_store.storage.media.records import AudioClip, Image
from presets_store.storage.media.tables import tag_links
from presets_store.storage.rows import many, one

ItemT = TypeVar("ItemT", bound=Image | AudioClip)


def get_item(connection: Connection, kind: type[ItemT], table: Table, key: int) -> ItemT | None:
    return one(connection, kind, select(table).where(table.c.key == key))


def find_item(
    connection: Connection, kind: type[ItemT], table: Table, device_key: int, start: int, file: str
) -> ItemT | None:
    """The one that the device began at this moment (microseconds) in a file of this name."""
    same = (table.c.device_key == device_key, table.c.start == start, table.c.local_file_path == file)
    return one(connection, kind, select(table).where(*same).order_by(table.c.key).limit(1))


def list_items(
    connection: Connection,
    kind: type[ItemT],
    table: Table,
    longest: str,
    *conditions: ColumnElement[bool],
    newest_first: bool,
    count: int,
) -> list[ItemT]:
    """Those that fit all conditions, by start time: at most `count` (0: no wish), and no more than can be held.

    `longest`: the column with the longest texts.
    """
    query = bounded(table, longest, "start", *conditions, count=count, newest_first=newest_first)
    return many(connection, kind, query)


def delete_item(connection: Connection, table: Table, item_type: ItemType, key: int) -> None:
    """The row, and its tags."""
    connection.execute(delete(tag_links).where(tag_links.c.item_type_id == int(item_type), tag_links.c.item_key == key))
    connection.execute(delete(table).where(table.c.key == key))
