"""Whether what somebody asks of a script can be: all that is wrong is collected, so that he sees it at once."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from presets_store.protocol.errors import FieldProblem, FieldsError
from presets_store.rules.permissions import Permission
from presets_store.rules.scripts.catalogue import REACTIONS_BY_ID, CatalogueEvent
from presets_store.rules.scripts.errors import BadScript
from presets_store.rules.scripts.working_time import WorkingTime
from presets_store.services.caller import Caller
from presets_store.services.reach import in_reach
from presets_store.services.scripts.catalogue import event_with_id
from presets_store.services.scripts.recipients import reached_users
from presets_store.storage.scripts.recipients import known_recipients
from presets_store.storage.scripts.scripts import known_cameras
from presets_store.storage.tables import cameras

_MOST_PROBLEMS: Final = 50


@dataclass(slots=True)
class Checks:
    """Looks at the members of a request for `caller`. `refuse` ends it."""

    connection: Connection
    caller: Caller
    problems: list[FieldProblem] = field(default_factory=list)

    def wrong(self, path: str, problem: str, expected: str) -> None:
        """Notes what is wrong with a member."""
        self.problems.append(FieldProblem(path, problem, expected))

    def knows(self, member: str) -> bool:
        """Whether something is wrong with the member, or in it: then there is nothing left of it to look at."""
        return any(re.split(r"[.\[]", problem.field, maxsplit=1)[0] == member for problem in self.problems)

    def refuse(self) -> None:
        """Raises BadScript when anything was wrong."""
        if self.problems:
            raise BadScript(self.problems[:_MOST_PROBLEMS])

    def event(self, number: int) -> CatalogueEvent | None:
        """The event with this id; None when it is wrong, or (0) was already."""
        found = event_with_id(self.connection, number) if number else None
        if number and found is None:
            self.wrong("event_id", "is no event", "the id of one of GET /api/v1/basic-configurations")
        return found

    def reaction(self, number: int) -> str:
        """The name of the reaction, "" for none (0)."""
        found = REACTIONS_BY_ID.get(number)
        if number and found is None:
            self.wrong("reaction_id", "is no reaction", "the id of one of GET /api/v1/basic-configurations, or null")
        return found.name if found else ""

    def users(self, given: Sequence[int], before: Iterable[int]) -> str:
        """The users as they are stored; who is one already stays, even if he is told nothing any more."""
        wanted = list(dict.fromkeys(given))
        known = known_recipients(self.connection, reached_users(self.caller), wanted) | set(before)
        for place, key in enumerate(given):
            if key not in known:
                self.wrong(f"users.{place}", "is no user who may be notified", "an id of GET /api/v1/scripts/users")
        return json.dumps(wanted)

    def cameras_for(self, given: Sequence[int] | None) -> str:
        """The cameras as they are stored, "" for every one. Raises Forbidden for these from who reaches not all."""
        if given is None:
            if self.knows("cameras"):
                return ""
            self.caller.principal.require_everywhere(Permission.EDIT)
            return ""
        wanted = list(dict.fromkeys(given))
        known = known_cameras(self.connection, in_reach(self.caller, cameras.c.device_key), wanted)
        for place, key in enumerate(given):
            if key not in known:
                self.wrong(f"cameras.{place}", "is no camera that you may use", "the key of a camera, or null for all")
        return json.dumps(wanted)

    def schedule(self, given: Any) -> WorkingTime | None:
        """None when it is wrong."""
        try:
            return WorkingTime.from_schedule(given)
        except FieldsError as error:
            self.problems.extend(error.problems)
            return None

    def timetable(self, given: Any) -> WorkingTime | None:
        """None when it is wrong."""
        try:
            return WorkingTime.from_timetable(given)
        except FieldsError as error:
            self.problems.extend(error.problems)
            return None
