"""Access keys: made here, shown once, kept sealed."""

import base64
import secrets
import string
from dataclasses import dataclass

from sqlalchemy import Connection

from presets_store.sealing import Sealer
from presets_store.services.caller import INSIDE
from presets_store.services.errors import KeyUnknown
from presets_store.services.unit import Unit, Units
from presets_store.storage.keys import count_keys, get_key, insert_key
from presets_store.storage.records import ApiKey, KeyStatus

_ACCESS_KEY_BYTES = 16
_SECRET_LENGTH = 64
_ALPHANUMERIC = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key pair as it is shown, once. The secret is not printed by `repr`."""

    access_key: str
    secret: str

    def __repr__(self) -> str:
        return f"NewKey(access_key={self.access_key!r})"


class KeysService:
    """Secrets are unsealed when a key is first used, and then held in memory."""

    def __init__(self, units: Units, sealer: Sealer) -> None:
        self._units = units
        self._sealer = sealer
        self._secrets: dict[str, str] = {}

    async def create(self, description: str) -> NewKey:
        """A new pair with full access."""
        new = generate_key()
        await self._units.write(INSIDE, lambda unit: self._store(unit, new, description))
        return new

    async def create_first(self) -> NewKey | None:
        """The first pair of a new store, for its owner to be shown once; None when there is any key already."""
        new = generate_key()

        def create(unit: Unit) -> NewKey | None:
            if count_keys(unit.connection):
                return None
            self._store(unit, new, "made at the first start")
            return new

        return await self._units.write(INSIDE, create)

    async def secret_of(self, access_key: str) -> str:
        """The secret that signs for `access_key`. Raises KeyUnknown, SealBroken."""
        known = self._secrets.get(access_key)
        if known is not None:
            return known

        def find(connection: Connection) -> ApiKey | None:
            return get_key(connection, access_key)

        key = await self._units.read(find)
        if key is None or key.status is not KeyStatus.ACTIVE:
            raise KeyUnknown
        secret = self._sealer.unseal(_seal_name(access_key), key.sealed_secret).decode()
        self._secrets[access_key] = secret
        return secret

    def _store(self, unit: Unit, new: NewKey, description: str) -> None:
        sealed = self._sealer.seal(_seal_name(new.access_key), new.secret.encode())
        key = ApiKey(access_key=new.access_key, sealed_secret=sealed, description=description, created=unit.now)
        insert_key(unit.connection, key)


def generate_key() -> NewKey:
    """A random pair in the contract's form: short base64 that ends in `==`, and a long alphanumeric secret."""
    access_key = base64.b64encode(secrets.token_bytes(_ACCESS_KEY_BYTES)).decode()
    return NewKey(access_key, "".join(secrets.choice(_ALPHANUMERIC) for _ in range(_SECRET_LENGTH)))


def _seal_name(access_key: str) -> str:
    return f"api-key:{access_key}"
