"""Access keys: made here, shown once, kept sealed, revoked at once."""

import asyncio
import base64
import logging
import secrets
import string
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from presets_store.protocol.keys import ApiKeyRecord
from presets_store.sealing import SealBroken, Seals
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import InvalidInput, KeyRevoked, KeyUnknown, NotFound
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import key_record
from presets_store.storage.keys import (
    count_keys,
    get_key,
    get_key_for_update,
    insert_key,
    list_keys,
    note_access,
    update_key,
)
from presets_store.storage.records import ApiKey, KeyStatus

_ACCESS_KEY_BYTES = 16
_SECRET_LENGTH = 64
_ALPHANUMERIC = string.ascii_letters + string.digits
_HOUR = 3_600_000_000
"""How old the stored date of a key's last use may become, microseconds: a write at each request would wear a card."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key pair as it is shown, once. The secret is not printed by `repr`. `key` is its number in the store."""

    access_key: str
    secret: str
    key: int = 0

    def __repr__(self) -> str:
        return f"NewKey(access_key={self.access_key!r}, key={self.key})"


class KeysService:
    """Secrets are unsealed when a key is first used, and then held in memory.

    `shared`: other processes have the same database and may revoke a key, so its row is looked at each time.
    """

    def __init__(self, units: Units, seals: Seals, *, shared: bool = False) -> None:
        self._units = units
        self._seals = seals
        self._shared = shared
        self._secrets: dict[str, str] = {}
        self.changed = asyncio.Event()
        """Set after each change of a key, for whoever keeps copies; to be cleared before they are made."""
        self._revoked: set[str] = set()
        self._used: dict[str, int] = {}
        self._saved: dict[str, int] = {}

    async def create(self, description: str, caller: Caller = INSIDE) -> NewKey:
        """A new pair with full access. Raises InvalidInput for a caller with an idempotency key."""
        _refuse_to_keep(caller)
        new = generate_key()
        return await self._units.write(caller, lambda unit: self._store(unit, new, description))

    async def create_first(self) -> NewKey | None:
        """The first pair of a new store, for its owner to be shown once; None when there is any key already."""
        new = generate_key()

        def create(unit: Unit) -> NewKey | None:
            return None if count_keys(unit.connection) else self._store(unit, new, "made at the first start")

        return await self._units.write(INSIDE, create)

    async def list(self) -> list[ApiKeyRecord]:
        """All keys without their secrets, revoked ones too, oldest first."""
        return [self._record(key) for key in await self._units.read(list_keys)]

    async def get(self, key: int) -> ApiKeyRecord:
        """Without its secret. Raises NotFound."""
        for record in await self.list():
            if record.key == key:
                return record
        raise NotFound(what="access key", name=key)

    async def describe(self, caller: Caller, key: int, text: str) -> None:
        """Changes what the key is said to be for. Raises NotFound."""

        def change(unit: Unit) -> None:
            there = _lock(unit.connection, key)
            update_key(unit.connection, there, replace(there, description=text))

        await self._units.write(caller, change)

    async def revoke(self, caller: Caller, key: int) -> None:
        """Ends the key: requests that it signs are refused from now on, for good, and who listens live is let go.

        A repeat is harmless. The last one may go too: the Unix socket of a device needs no key to make another.
        Raises NotFound.
        """

        def revoke(unit: Unit) -> None:
            self._revoke(unit, _lock(unit.connection, key))

        await self._units.write(caller, revoke)

    async def rotate(self, caller: Caller, key: int) -> NewKey:
        """A new pair in place of one that is revoked at the same moment; it takes over the description.

        Raises NotFound, KeyRevoked, InvalidInput for a caller with an idempotency key.
        """
        _refuse_to_keep(caller)
        new = generate_key()

        def rotate(unit: Unit) -> NewKey:
            old = _lock(unit.connection, key)
            if old.status is KeyStatus.REVOKED:
                raise KeyRevoked(key=key)
            self._revoke(unit, old)
            return self._store(unit, new, old.description)

        return await self._units.write(caller, rotate)

    async def reseal(self, seals: Seals) -> int:
        """Seals all secrets anew, and from now on with `seals`, which must open the old ones too; how many.

        A secret that `seals` cannot open was of no use before either: it stays as it is, and the log names it.
        """
        self._seals = seals

        def reseal(unit: Unit) -> int:
            return sum(_reseal(unit.connection, seals, key) for key in list_keys(unit.connection))

        return await self._units.write(INSIDE, reseal)

    async def secret_of(self, access_key: str) -> str:
        """The secret that signs for `access_key`. Raises KeyUnknown, SealBroken."""
        known = self._secrets.get(access_key)
        if known is not None and not self._shared:
            return known

        def find(connection: Connection) -> ApiKey | None:
            return get_key(connection, access_key)

        key = await self._units.read(find)
        # It may have been revoked here while it was read.
        if key is None or key.status is not KeyStatus.ACTIVE or access_key in self._revoked:
            raise KeyUnknown
        secret = known or self._seals.unseal(_seal_name(access_key), key.sealed_secret).decode()
        self._secrets[access_key] = secret
        self._saved.setdefault(access_key, key.last_access)
        return secret

    def used(self, access_key: str) -> None:
        """Notes that a request was signed with the key just now."""
        self._used[access_key] = self._units.now()

    async def save_access(self) -> None:
        """Stores when keys were used, each at most once an hour. To be called now and then."""
        due = {name: date for name, date in self._used.items() if date - self._saved.get(name, 0) >= _HOUR}
        if not due:
            return

        def save(unit: Unit) -> None:
            for name in sorted(due):
                note_access(unit.connection, name, due[name])

        await self._units.write(INSIDE, save)
        self._saved |= due

    def _store(self, unit: Unit, new: NewKey, description: str) -> NewKey:
        sealed = self._seals.seal(_seal_name(new.access_key), new.secret.encode())
        key = ApiKey(access_key=new.access_key, sealed_secret=sealed, description=description, created=unit.now)
        unit.afterwards.append(self.changed.set)
        return replace(new, key=insert_key(unit.connection, key).key)

    def _revoke(self, unit: Unit, key: ApiKey) -> None:
        update_key(unit.connection, key, replace(key, status=KeyStatus.REVOKED))
        unit.afterwards.append(lambda: self._forget(key.access_key))

    def _forget(self, access_key: str) -> None:
        self._revoked.add(access_key)
        self._secrets.pop(access_key, None)
        self._units.let_go(access_key)
        self.changed.set()

    def _record(self, key: ApiKey) -> ApiKeyRecord:
        return key_record(key, max(key.last_access, self._used.get(key.access_key, 0)))


def generate_key() -> NewKey:
    """A random pair in the contract's form: short base64 that ends in `==`, and a long alphanumeric secret."""
    access_key = base64.b64encode(secrets.token_bytes(_ACCESS_KEY_BYTES)).decode()
    return NewKey(access_key, "".join(secrets.choice(_ALPHANUMERIC) for _ in range(_SECRET_LENGTH)))


def _lock(connection: Connection, key: int) -> ApiKey:
    there = get_key_for_update(connection, key)
    if there is None:
        raise NotFound(what="access key", name=key)
    return there


def _reseal(connection: Connection, seals: Seals, key: ApiKey) -> bool:
    name = _seal_name(key.access_key)
    try:
        secret = seals.unseal(name, key.sealed_secret)
    except SealBroken as broken:
        logger.warning("access key %d (%s) was not sealed anew: %s", key.key, key.description, broken)
        return False
    update_key(connection, key, replace(key, sealed_secret=seals.seal(name, secret)))
    return True


def _refuse_to_keep(caller: Caller) -> None:
    if caller.idempotency is not None:
        reason = "The answer holds a secret, which is shown once and kept nowhere: send no Idempotency-Key with it."
        raise InvalidInput(reason=reason)


def _seal_name(access_key: str) -> str:
    return f"api-key:{access_key}"
