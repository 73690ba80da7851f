"""Access keys; their secrets are sealed before they come here."""

from sqlalchemy import Connection, func, select

from presets_store.storage.records import ApiKey
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
