"""Users whom scripts may notify."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, func, select

from presets_store.rules.permissions import Role
from presets_store.storage.people.records import User, UserStatus
from presets_store.storage.people.tables import users
from presets_store.storage.rows import many

IS_RECIPIENT: ColumnElement[bool] = and_(users.c.status == UserStatus.ACTIVE, users.c.role != Role.DEVICE)
"""Active people and services; a device is told nothing."""


def list_recipients(
    connection: Connection, reached: ColumnElement[bool], without: Collection[int], *, offset: int, limit: int
) -> tuple[list[User], int]:
    """Some of the recipients for whom `reached` holds, oldest first, and how many there are in all."""
    wanted = and_(IS_RECIPIENT, reached, users.c.key.not_in(without))
    total: int = connection.execute(select(func.count()).select_from(users).where(wanted)).scalar_one()
    page = select(users).where(wanted).order_by(users.c.key).offset(offset).limit(limit)
    return many(connection, User, page), total


def known_recipients(connection: Connection, reached: ColumnElement[bool], keys: Collection[int]) -> set[int]:
    """Those of the keys that are recipients for whom `reached` holds."""
    return set(connection.execute(select(users.c.key).where(IS_RECIPIENT, reached, users.c.key.in_(keys))).scalars())


def get_users(connection: Connection, keys: Collection[int]) -> dict[int, User]:
    """Those of the keys that there are, whether they can be told or not."""
    return {user.key: user for user in many(connection, User, select(users).where(users.c.key.in_(keys)))}
