"""Access keys; their secrets are sealed before they come here."""

from sqlalchemy import Connection, func, select, update

from presets_store.storage.records import ApiKey
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.tables import keys


def insert_key(connection: Connection, key: ApiKey) -> ApiKey:
    """Stores a new key; IntegrityError when it exists."""
    return insert_record(connection, keys, key)


def get_key(connection: Connection, access_key: str) -> ApiKey | None:
    return one(connection, ApiKey, select(keys).where(keys.c.access_key == access_key))


def get_key_for_update(connection: Connection, key: int) -> ApiKey | None:
    """The key by its number, locked until the transaction ends."""
    return one(connection, ApiKey, select(keys).where(keys.c.key == key).with_for_update())


def list_keys(connection: Connection) -> list[ApiKey]:
    """All keys, revoked ones too, oldest first."""
    return many(connection, ApiKey, select(keys).order_by(keys.c.key))


def list_keys_of(connection: Connection, user_key: int) -> list[ApiKey]:
    """Those of a user, revoked ones too, oldest first."""
    return many(connection, ApiKey, select(keys).where(keys.c.user_key == user_key).order_by(keys.c.key))


def update_key(connection: Connection, before: ApiKey, after: ApiKey) -> None:
    """Writes what differs; LostUpdate when the key is gone or its status was changed since `before`."""
    update_record(connection, keys, before, after, guard=("status",))


def note_access(connection: Connection, access_key: str, date: int) -> None:
    """The key was used at `date` (microseconds); never backwards."""
    older = (keys.c.access_key == access_key, keys.c.last_access < date)
    connection.execute(update(keys).where(*older).values(last_access=date))


def count_keys(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(keys)).scalar_one()
