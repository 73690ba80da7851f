"""Users: whom keys and sessions belong to."""

from dataclasses import replace

from sqlalchemy import Connection, select, update

from presets_store.rules.permissions import Role, ScopeKind
from presets_store.storage.people.records import User, UserStatus
from presets_store.storage.people.tables import users
from presets_store.storage.rows import insert_if_absent, insert_record, many, one, update_record, values_of

_ADMINS = (
    select(users)
    .where(users.c.role == Role.ADMIN, users.c.scope == ScopeKind.ALL, users.c.status == UserStatus.ACTIVE)
    .order_by(users.c.key)
)


def insert_user(connection: Connection, user: User) -> User:
    """Stores a new user; IntegrityError when the name is taken."""
    return insert_record(connection, users, user)


def add_user(connection: Connection, user: User) -> User | None:
    """Stores a new user; None when the name is taken."""
    key = insert_if_absent(connection, users, values_of(user))
    return None if key is None else replace(user, key=key)


def get_user(connection: Connection, key: int) -> User | None:
    return one(connection, User, select(users).where(users.c.key == key))


def get_user_for_update(connection: Connection, key: int) -> User | None:
    """The user, locked until the transaction ends."""
    return one(connection, User, select(users).where(users.c.key == key).with_for_update())


def find_user(connection: Connection, name: str) -> User | None:
    return one(connection, User, select(users).where(users.c.name == name))


def list_users(connection: Connection) -> list[User]:
    """All users, disabled ones too, oldest first."""
    return many(connection, User, select(users).order_by(users.c.key))


def first_admin(connection: Connection) -> User | None:
    """The oldest active administrator of everything, to whom keys belong that are made for nobody in particular."""
    return one(connection, User, _ADMINS.limit(1))


def active_admins(connection: Connection) -> list[User]:
    """The active administrators of everything, oldest first."""
    return many(connection, User, _ADMINS)


def active_admins_locked(connection: Connection) -> list[User]:
    """The same, locked until the transaction ends."""
    return many(connection, User, _ADMINS.with_for_update())


def users_of_device(connection: Connection, device_key: int) -> list[User]:
    """The users that are this device itself, disabled ones too, oldest first."""
    itself = (users.c.role == Role.DEVICE, users.c.scope == ScopeKind.DEVICE, users.c.scope_key == device_key)
    return many(connection, User, select(users).where(*itself).order_by(users.c.key).with_for_update())


def update_user(connection: Connection, before: User, after: User) -> None:
    """Writes what differs; LostUpdate when the user is gone or its status was changed since `before`."""
    update_record(connection, users, before, after, guard=("status",))


def disable_device_users(connection: Connection, device_key: int, now: int, by: str) -> None:
    """Disables the users that are this device itself."""
    itself = (users.c.role == Role.DEVICE, users.c.scope == ScopeKind.DEVICE, users.c.scope_key == device_key)
    disabled = {"status": UserStatus.DISABLED, "modified": now, "modified_by": by}
    connection.execute(update(users).where(*itself).values(disabled))
