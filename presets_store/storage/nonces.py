"""What makes a repeated request harmless: nonces that were used, and answers that were given."""

from sqlalchemy import Connection, delete, select

from presets_store.storage.records import KeptAnswer
from presets_store.storage.rows import insert_if_absent, one, values_of
from presets_store.storage.tables import idempotency, nonces, read_nonces

_PASSING = (nonces, read_nonces, idempotency)

UNTIL_REBOOT = 2**62
"""`expires` of a nonce taken while the clock could not be trusted."""


def use_nonce(connection: Connection, access_key: str, nonce: str, *, expires: int) -> bool:
    """Whether the nonce is new; it is used up from now on, until `expires` (microseconds) has been swept away."""
    values = {"access_key": access_key, "nonce": nonce, "expires": expires}
    return insert_if_absent(connection, nonces, values) is not None


def use_read_nonce(connection: Connection, access_key: str, nonce: str, *, expires: int) -> bool:
    """As `use_nonce`, for a request that writes nothing; not kept through a crash of the database's server."""
    values = {"access_key": access_key, "nonce": nonce, "expires": expires}
    return insert_if_absent(connection, read_nonces, values) is not None


def kept_answer(connection: Connection, access_key: str, idempotency_key: str) -> KeptAnswer | None:
    """The answer that was given to this key before, or None."""
    mine = (idempotency.c.access_key == access_key, idempotency.c.idempotency_key == idempotency_key)
    return one(connection, KeptAnswer, select(idempotency).where(*mine))


def keep_answer(connection: Connection, answer: KeptAnswer) -> bool:
    """Whether it was kept: False when another request with the same key was faster (its answer is the one to give)."""
    return insert_if_absent(connection, idempotency, values_of(answer)) is not None


def forget_expired(connection: Connection, now: int) -> int:
    """Sweeps nonces and answers whose time is over at `now` (microseconds); how many there were."""
    return sum(connection.execute(delete(table).where(table.c.expires <= now)).rowcount for table in _PASSING)


def any_expired(connection: Connection, before: int) -> bool:
    """Whether something expired before that time (microseconds), so that a sweep is worth a write."""
    statements = (select(table.c.expires).where(table.c.expires <= before).limit(1) for table in _PASSING)
    return any(connection.execute(statement).first() is not None for statement in statements)


def forget_lasting(connection: Connection) -> int:
    """Sweeps the nonces that were to last for one boot (`expires` UNTIL_REBOOT): at the start of the next; how many."""
    return connection.execute(delete(nonces).where(nonces.c.expires == UNTIL_REBOOT)).rowcount
