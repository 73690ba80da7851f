"""Nonces for several processes on one database: a request that one of them answered is no use at another."""

from presets_store.services.caller import Nonce
from presets_store.services.errors import NonceSpent
from presets_store.storage import Database
from presets_store.storage.nonces import use_nonce, use_read_nonce


class SharedNonces:
    """The nonce of a write is spent by its transaction; here are those of all other requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def spend(self, access_key: str, nonce: Nonce) -> None:
        """Before a request that writes nothing. Raises NonceSpent."""
        value, expires = nonce.value, nonce.expires
        new = await self._database.write(
            lambda connection: use_read_nonce(connection, access_key, value, expires=expires)
        )
        if not new:
            raise NonceSpent

    async def keep(self, access_key: str, nonce: Nonce) -> None:
        """After a write that did not come to its transaction: it was refused, and so it is to stay."""
        value, expires = nonce.value, nonce.expires
        await self._database.write(lambda connection: use_nonce(connection, access_key, value, expires=expires))
        nonce.durable = True
