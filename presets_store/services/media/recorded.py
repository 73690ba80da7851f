"""Photos and sounds that this device took: told to the store when their files are there, and when they are gone."""

from collections.abc import Sequence
from typing import Generic

from sqlalchemy import Table

from presets_store.ids import uuid7
from presets_store.protocol.statuses import MediaStatus
from presets_store.services.caller import INSIDE
from presets_store.services.dating import dated
from presets_store.services.media.told import SECOND
from presets_store.services.unit import Unit, Units
from presets_store.storage.media.items import ItemT
from presets_store.storage.media.recorded import (
    forget_gone,
    insert_recorded,
    known_paths,
    mark_recorded,
    paths_here,
    paths_uploaded,
)
from presets_store.storage.media.records import Place, StoredFile

GONE_KEPT = 50_000
"""Rows of files that are gone and stay known."""


class RecordedService(Generic[ItemT]):
    """Those of one kind, for the agent alone. Paths are relative to the media folder."""

    def __init__(self, units: Units, table: Table) -> None:
        self._units = units
        self._table = table

    async def index(self, device_key: int, rows: Sequence[ItemT]) -> None:
        """Takes up files of the device that are there: all in one transaction; a repeat changes nothing."""
        by_path = {row.local_file_path: row for row in rows}

        def store(unit: Unit) -> None:
            known = known_paths(unit.connection, self._table, device_key, list(by_path))
            mark_recorded(unit.connection, self._table, device_key, sorted(known), here=True)
            for path, row in by_path.items():
                if path not in known:
                    insert_recorded(unit.connection, self._table, dated(unit.connection, row), _file(unit, row))

        await self._units.write(INSIDE, store)

    async def paths(self, device_key: int) -> set[str]:
        """Of all files that are there, as far as the store knows."""
        return await self._units.read(lambda connection: paths_here(connection, self._table, device_key))

    async def uploaded(self, device_key: int) -> set[str]:
        """Of those that an upstream has."""
        return await self._units.read(lambda connection: paths_uploaded(connection, self._table, device_key))

    async def gone(self, device_key: int, paths: Sequence[str]) -> None:
        """These files are not there any more. What is not known of them is passed over."""

        def store(unit: Unit) -> None:
            mark_recorded(unit.connection, self._table, device_key, paths, here=False)
            forget_gone(unit.connection, self._table, device_key, GONE_KEPT)

        if paths:
            await self._units.write(INSIDE, store)


def _file(unit: Unit, row: ItemT) -> StoredFile:
    return StoredFile(
        guid=uuid7(unit.now / SECOND),
        device_key=row.device_key,
        filename=row.local_file_path,
        sha256=row.sha256,
        size=row.size,
        place=Place.MEDIA,
        path=row.local_file_path,
        status=MediaStatus.FILE_AVAILABLE,
        uploaded=unit.now,
        created=unit.now,
    )
