"""Whom a caller's scripts may notify."""

from sqlalchemy import ColumnElement, Connection, or_, select, true

from presets_store.protocol.scripts.pages import RecipientsQuery, page_frame
from presets_store.protocol.scripts.scripts import RecipientPage
from presets_store.rules.permissions import Permission, ScopeKind
from presets_store.services.caller import Caller
from presets_store.services.scripts.wire import recipient
from presets_store.services.unit import Units
from presets_store.storage.fleet.tables import group_members
from presets_store.storage.people.tables import users
from presets_store.storage.scripts.recipients import list_recipients


class RecipientsService:
    """The users who may be notified: those of the caller's scope. There are no sub-users."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def list(self, caller: Caller, query: RecipientsQuery, path: str) -> RecipientPage:
        """A page of them, oldest first; `path` is the list's address. Raises Forbidden."""
        caller.principal.require(Permission.EDIT)

        def find(connection: Connection) -> RecipientPage:
            offset = (query.page - 1) * query.per_page
            left_out = set(query.exclude_users_ids)
            page, total = list_recipients(
                connection, reached_users(caller), left_out, offset=offset, limit=query.per_page
            )
            return RecipientPage(data=[recipient(user) for user in page], **page_frame(path, query, len(page), total))

        return await self._units.read(find)


def reached_users(caller: Caller) -> ColumnElement[bool]:
    """The condition of a query: users whose scope is within the caller's, and himself."""
    who = caller.principal
    if who.scope is ScopeKind.ALL:
        return true()
    same = (users.c.scope == who.scope) & (users.c.scope_key == who.scope_key)
    own = users.c.key == who.user_key
    if who.scope is ScopeKind.DEVICE:
        return or_(same, own)
    members = select(group_members.c.device_key).where(group_members.c.group_key == who.scope_key)
    return or_(same, own, (users.c.scope == ScopeKind.DEVICE) & users.c.scope_key.in_(members))
