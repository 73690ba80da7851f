"""What went wrong with the device's own memory and was put right: kept, so that people hear of it later as well."""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection

from presets_store import __version__
from presets_store.protocol.agent_types import AgentType
from presets_store.protocol.fields import MAX_LONG_TEXT
from presets_store.services.restoring.restore import Incident
from presets_store.storage.database import Database
from presets_store.storage.devices import own_device
from presets_store.storage.fleet.log_messages import insert_log_message
from presets_store.storage.fleet.records import LogMessage
from presets_store.storage.meta import get_meta, set_meta

logger = logging.getLogger(__name__)

_META = "incidents"
KEPT = 20
"""The newest ones; more would only be read by nobody."""


async def note_incidents(database: Database, news: Sequence[Incident]) -> None:
    """Logs and keeps what happened, among the device's log messages too."""
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
    device = own_device(connection)
    if device is not None:
        for incident in news:
            insert_log_message(connection, _log_message(device.key, incident))


def _log_message(device_key: int, incident: Incident) -> LogMessage:
    return LogMessage(
        device_key=device_key,
        agent_type_id=int(AgentType.DEVICE),
        process_id=os.getpid(),
        version=__version__,
        message=f"{incident.code}: {incident.message}"[:MAX_LONG_TEXT],
        message_date=incident.moment,
        created=incident.moment,
    )


def _kept(connection: Connection) -> list[Incident]:
    return [Incident(**values) for values in json.loads(get_meta(connection, _META) or "[]")]
