"""Why scripts fired, and why they did not."""

from sqlalchemy import Connection

from presets_store.protocol.scripts.inbound import DecisionPage, DecisionRecord
from presets_store.protocol.scripts.pages import PageQuery, page_frame
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.scripts.bounds import BOUNDS
from presets_store.services.scripts.reached import reached_script
from presets_store.services.unit import Units
from presets_store.storage.scripts.decisions import count_decisions, counters_of, decisions_of_script
from presets_store.storage.scripts.records import Decision


class DecisionsService:
    """What is kept of the decisions of scripts."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def of_script(self, caller: Caller, key: int, query: PageQuery, path: str) -> DecisionPage:
        """The last decisions, newest first, and how often it fired, or did not for which reason, since it was made.

        `path`: the list's address. Raises NotFound, Forbidden.
        """
        start = (query.page - 1) * query.per_page
        limit = max(0, min(query.per_page, BOUNDS.decisions - start))

        def find(connection: Connection) -> DecisionPage:
            script = reached_script(connection, caller, Permission.READ, key)
            found = decisions_of_script(connection, script.uuid, limit, start) if limit else []
            kept = min(count_decisions(connection, script.uuid), BOUNDS.decisions)
            frame = page_frame(path, query, len(found), kept)
            counters = counters_of(connection, script.uuid)
            return DecisionPage(data=[_record(each) for each in found], counters=counters, **frame)

        return await self._units.read(find)


def _record(decision: Decision) -> DecisionRecord:
    return DecisionRecord(
        id=decision.key,
        trigger_id=decision.trigger_uuid,
        camera_id=decision.camera_key,
        decided_at=decision.decided,
        outcome=decision.outcome,
        reason=decision.reason,
        event_id=decision.event_key,
    )
