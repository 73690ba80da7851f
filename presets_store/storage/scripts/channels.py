"""Where users are told."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, select

from presets_store.storage.people.records import UserStatus
from presets_store.storage.people.tables import users
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.scripts.records import Channel, ScriptStatus
from presets_store.storage.scripts.tables import channels


def insert_channel(connection: Connection, channel: Channel) -> Channel:
    """Stores a new channel."""
    return insert_record(connection, channels, channel)


def get_channel(connection: Connection, key: int, *, locked: bool = False) -> Channel | None:
    """The channel; `locked` until the transaction ends."""
    statement = select(channels).where(channels.c.key == key)
    return one(connection, Channel, statement.with_for_update() if locked else statement)


def find_channel(connection: Connection, uuid: str) -> Channel | None:
    return one(connection, Channel, select(channels).where(channels.c.uuid == uuid))


def list_channels(connection: Connection, user_key: int = 0) -> list[Channel]:
    """Those of a user, or of all (0), without those that an upstream keeps; oldest first."""
    own = select(channels).where(channels.c.upstream == "").order_by(channels.c.key)
    return many(connection, Channel, own.where(channels.c.user_key == user_key) if user_key else own)


def count_channels(connection: Connection, user_key: int) -> int:
    """How many a user has in this store."""
    own = (channels.c.upstream == "", channels.c.user_key == user_key)
    return int(connection.execute(select(func.count()).select_from(channels).where(*own)).scalar_one())


def channels_of(connection: Connection, user_keys: Collection[int], upstream: str) -> list[Channel]:
    """The active ones of these users, who are users of `upstream` ("": of this store, and active), oldest first."""
    if not user_keys:
        return []
    theirs = (channels.c.user_key.in_(user_keys), channels.c.upstream == upstream)
    active = select(channels).where(*theirs, channels.c.status == ScriptStatus.ACTIVE).order_by(channels.c.key)
    if not upstream:
        active = active.join(users, users.c.key == channels.c.user_key).where(users.c.status == UserStatus.ACTIVE)
    return many(connection, Channel, active)


def update_channel(connection: Connection, before: Channel, after: Channel) -> None:
    """Writes what differs; LostUpdate when the channel is gone."""
    update_record(connection, channels, before, after)


def delete_channel(connection: Connection, key: int) -> None:
    connection.execute(delete(channels).where(channels.c.key == key))


def list_sealed_urls(connection: Connection) -> list[tuple[int, str]]:
    """Key and `sealed_url` of every channel, by key; locked until the transaction ends."""
    sealed = select(channels.c.key, channels.c.sealed_url).order_by(channels.c.key).with_for_update()
    return [(row.key, row.sealed_url) for row in connection.execute(sealed)]


def put_sealed_url(connection: Connection, key: int, sealed: str) -> None:
    """The same address, sealed anew: nobody changed the channel."""
    connection.execute(channels.update().where(channels.c.key == key).values(sealed_url=sealed))
