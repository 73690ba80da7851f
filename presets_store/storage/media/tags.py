"""Tags of clips, images and sounds."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, select, union

from presets_store.protocol.item_types import ItemType
from presets_store.storage.errors import LostUpdate
from presets_store.storage.fleet.bounded import LONGEST_LIST
from presets_store.storage.media.records import Tag
from presets_store.storage.media.tables import tag_links, tags
from presets_store.storage.rows import insert_if_absent, many, one


def tags_of(connection: Connection, kind: ItemType, keys: Collection[int]) -> dict[int, list[Tag]]:
    """By key, the tags of each of these items that has any, in the order of their names."""
    found: dict[int, list[Tag]] = {}
    links = select(tag_links.c.item_key, tags).join(tags, tags.c.key == tag_links.c.tag_key)
    mine = links.where(tag_links.c.item_type_id == int(kind), tag_links.c.item_key.in_(keys)).order_by(tags.c.folded)
    for row in connection.execute(mine).mappings():
        tag = Tag(key=row["key"], name=row["name"], folded=row["folded"], created=row["created"])
        found.setdefault(row["item_key"], []).append(tag)
    return found


def tagged(kind: ItemType, key: ColumnElement[int], tag_keys: Sequence[int]) -> ColumnElement[bool]:
    """The condition of a query: items that have at least one of the tags."""
    links = select(tag_links.c.item_key)
    return key.in_(links.where(tag_links.c.item_type_id == int(kind), tag_links.c.tag_key.in_(tag_keys)))


def found_by_tags(
    kind: ItemType, key: ColumnElement[int], tag_keys: Sequence[int], text: str
) -> list[ColumnElement[bool]]:
    """The conditions of a query: items with one of the tags, and with one whose name has `text`; empty is open."""
    conditions = [tagged(kind, key, tag_keys)] if tag_keys else []
    if text:
        named = select(tags.c.key).where(tags.c.folded.contains(text.casefold(), autoescape=True))
        links = select(tag_links.c.item_key).where(
            tag_links.c.item_type_id == int(kind), tag_links.c.tag_key.in_(named)
        )
        conditions.append(key.in_(links))
    return conditions


def get_or_insert_tag(connection: Connection, name: str, now: int) -> Tag:
    """The tag of this name, whatever its case; a new one keeps the case it is first given in."""
    folded = name.casefold()
    key = insert_if_absent(connection, tags, {"name": name, "folded": folded, "created": now})
    if key is not None:
        return Tag(key=key, name=name, folded=folded, created=now)
    found = one(connection, Tag, select(tags).where(tags.c.folded == folded))
    if found is None:
        raise LostUpdate(what="tag", key=0)
    return found


def link_tag(connection: Connection, kind: ItemType, key: int, tag_key: int) -> None:
    """The item has the tag from now on; a repeat is harmless."""
    insert_if_absent(connection, tag_links, {"item_type_id": int(kind), "item_key": key, "tag_key": tag_key})


def unlink_tag(connection: Connection, kind: ItemType, key: int, tag_key: int) -> bool:
    """False when the item has no such tag."""
    mine = (
        tag_links.c.item_type_id == int(kind), tag_links.c.item_key == key, tag_links.c.tag_key == tag_key
    )  # fmt: skip
    return connection.execute(delete(tag_links).where(*mine)).rowcount == 1


def tags_in_use(connection: Connection, links: Sequence[Select[tuple[int]]]) -> list[Tag]:
    """Tags of any of the `links`, which are queries for tag keys, in the order of their names; LONGEST_LIST at most."""
    used = select(tags).where(tags.c.key.in_(union(*links)))
    return many(connection, Tag, used.order_by(tags.c.folded).limit(LONGEST_LIST))


def tag_keys_of(kind: ItemType, table: Table, *conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    """The query for the keys of the tags of this kind's items that fit all conditions."""
    joined = select(tag_links.c.tag_key).join(table, table.c.key == tag_links.c.item_key)
    return joined.where(tag_links.c.item_type_id == int(kind), *conditions)
