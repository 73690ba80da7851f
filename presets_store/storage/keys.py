"""Access keys; their secrets are sealed before they come here."""

from sqlalchemy import Connection, delete, func, select, update

from presets_store.storage.records import ApiKey, KeyStatus
from presets_store.storage.rows import many, one, values_of
from presets_store.storage.tables import keys


def insert_key(connection: Connection, key: ApiKey) -> None:
    """Stores a new key; IntegrityError when it exists."""
    connection.execute(keys.insert().values(values_of(key)))


def get_key(connection: Connection, access_key: str) -> ApiKey | None:
    return one(connection, ApiKey, select(keys).where(keys.c.access_key == access_key))


def list_keys(connection: Connection) -> list[ApiKey]:
    """All keys, oldest first."""
    return many(connection, ApiKey, select(keys).order_by(keys.c.created, keys.c.access_key))


def count_keys(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(keys)).scalar_one()


def describe_key(connection: Connection, access_key: str, description: str) -> bool:
    """Whether there is such a key; it has the description now."""
    statement = update(keys).where(keys.c.access_key == access_key).values(description=description)
    return connection.execute(statement).rowcount == 1


def set_key_status(connection: Connection, access_key: str, status: KeyStatus) -> bool:
    """Whether there is such a key; it has the status now."""
    statement = update(keys).where(keys.c.access_key == access_key).values(status=status)
    return connection.execute(statement).rowcount == 1


def touch_key(connection: Connection, access_key: str, now: int) -> None:
    """Notes the last use (microseconds)."""
    connection.execute(update(keys).where(keys.c.access_key == access_key).values(last_access=now))


def delete_key(connection: Connection, access_key: str) -> bool:
    """Whether there was such a key; it is gone now."""
    return connection.execute(delete(keys).where(keys.c.access_key == access_key)).rowcount == 1
