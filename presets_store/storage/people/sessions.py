"""Sessions of users, by the hash of their token."""

from sqlalchemy import Connection, delete, select, update

from presets_store.storage.people.records import Session
from presets_store.storage.people.tables import sessions
from presets_store.storage.rows import insert_record, many, one


def insert_session(connection: Connection, session: Session) -> Session:
    """Stores a new session."""
    return insert_record(connection, sessions, session)


def find_session(connection: Connection, token_hash: str) -> Session | None:
    return one(connection, Session, select(sessions).where(sessions.c.token_hash == token_hash))


def list_sessions(connection: Connection, user_key: int) -> list[Session]:
    """Those of a user, also such as are over but not swept yet, oldest first."""
    return many(connection, Session, select(sessions).where(sessions.c.user_key == user_key).order_by(sessions.c.key))


def touch_session(connection: Connection, key: int, now: int) -> None:
    """The session was used at `now` (microseconds); never backwards."""
    older = (sessions.c.key == key, sessions.c.last_seen < now)
    connection.execute(update(sessions).where(*older).values(last_seen=now))


def delete_session(connection: Connection, key: int) -> None:
    connection.execute(delete(sessions).where(sessions.c.key == key))


def delete_sessions(connection: Connection, user_key: int) -> None:
    """All of a user."""
    connection.execute(delete(sessions).where(sessions.c.user_key == user_key))


def any_session_over(connection: Connection, now: int) -> bool:
    """Whether one has expired at `now` (microseconds), so that a sweep is worth a write."""
    return connection.execute(select(sessions.c.key).where(sessions.c.expires <= now).limit(1)).first() is not None


def forget_sessions(connection: Connection, now: int) -> list[int]:
    """Sweeps those that have expired at `now` (microseconds); their keys."""
    over = delete(sessions).where(sessions.c.expires <= now).returning(sessions.c.key)
    return list(connection.execute(over).scalars())
