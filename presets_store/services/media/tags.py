"""Tags: words that people give to clips, images and sounds, to find them by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, Table, select

from presets_store.protocol.clips import TagRecord
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.media.tags import MAX_TAGS
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.media.wire import tag_record
from presets_store.services.reach import in_reach, reached_row
from presets_store.services.unit import Unit, Units
from presets_store.storage.media.tables import audio_clips, images
from presets_store.storage.media.tags import (
    get_or_insert_tag,
    link_tag,
    tag_keys_of,
    tags_in_use,
    tags_of,
    unlink_tag,
)
from presets_store.storage.tables import clips

TABLES: Final[Mapping[ItemType, Table]] = MappingProxyType(
    {ItemType.VIDEO_CLIP: clips, ItemType.IMAGE: images, ItemType.AUDIO_CLIP: audio_clips}
)
"""What can have tags."""


@dataclass(frozen=True, slots=True)
class _Owned:
    device_key: int


class TagsService:
    """A tag is one word whatever its case. Nothing is recognised in pictures here: tags are what somebody gave."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def give(self, caller: Caller, item_type: ItemType, key: int, names: Sequence[str]) -> list[TagRecord]:
        """The item has these tags too; all that it has then. Raises NotFound, InvalidInput for too many."""

        def store(unit: Unit) -> list[TagRecord]:
            _require_item(unit.connection, caller, Permission.EDIT, item_type, key)
            wanted = {name.strip().casefold(): name.strip() for name in names}
            for folded in sorted(wanted):  # in one order, so that no two writers wait for each other
                tag = get_or_insert_tag(unit.connection, wanted[folded], unit.now)
                link_tag(unit.connection, item_type, key, tag.key)
            tags = tags_of(unit.connection, item_type, [key]).get(key, [])
            if len(tags) > MAX_TAGS:
                raise InvalidInput(reason=f"tagNames: with these there would be {len(tags)} tags, at most {MAX_TAGS}.")
            return [tag_record(tag) for tag in tags]

        return await self._units.write(caller, store)

    async def take(self, caller: Caller, item_type: ItemType, key: int, tag_key: int) -> None:
        """The item has this tag no more. Raises NotFound."""

        def remove(unit: Unit) -> None:
            _require_item(unit.connection, caller, Permission.EDIT, item_type, key)
            if not unlink_tag(unit.connection, item_type, key, tag_key):
                raise NotFound(what="tag", name=f"{tag_key} of it")

        await self._units.write(caller, remove)

    async def list(self, caller: Caller) -> list[TagRecord]:
        """Tags that something in reach has, the first of them by name if they are more than can be held."""
        caller.principal.require(Permission.READ)
        links = [tag_keys_of(kind, table, in_reach(caller, table.c.device_key)) for kind, table in TABLES.items()]
        return [tag_record(tag) for tag in await self._units.read(lambda connection: tags_in_use(connection, links))]


def _require_item(
    connection: Connection, caller: Caller, permission: Permission, item_type: ItemType, key: int
) -> None:
    table = TABLES[item_type]
    device_key = connection.execute(select(table.c.device_key).where(table.c.key == key)).scalar()
    owned = None if device_key is None else _Owned(device_key)
    reached_row(connection, caller, permission, owned, item_type.name.lower().replace("_", " "), key)
