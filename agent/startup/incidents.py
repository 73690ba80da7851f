"""What went wrong with the device's own memory and was put right: kept, so that people hear of it later as well."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection

from presets_store.services.restore import Incident
from presets_store.storage.database import Database
from presets_store.storage.meta import get_meta, set_meta

logger = logging.getLogger(__name__)

_META = "incidents"
KEPT = 20
"""The newest ones; more would only be read by nobody."""


async def note_incidents(database: Database, news: Sequence[Incident]) -> None:
    """Logs and keeps what happened."""
    for incident in news:
        logger.error("%s", incident.message, extra={"code": incident.code})
    if news:
        await database.write(lambda connection: _add(connection, news))


async def incidents(database: Database) -> list[Incident]:
    """The newest KEPT, oldest first."""
    return await database.read(_kept)


def _add(connection: Connection, news: Sequence[Incident]) -> None:
    kept = [*_kept(connection), *news][-KEPT:]
    set_meta(connection, _META, json.dumps([asdict(incident) for incident in kept]))


def _kept(connection: Connection) -> list[Incident]:
    return [Incident(**values) for values in json.loads(get_meta(connection, _META) or "[]")]
