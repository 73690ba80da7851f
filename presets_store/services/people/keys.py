"""Access keys: made here, shown once, kept sealed, revoked at once."""

import base64
import logging
import secrets
import string
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from presets_store.protocol.keys import ApiKeyRecord
from presets_store.rules.permissions import Permission, Principal, Role
from presets_store.sealing import SealBroken, Seals
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import InvalidInput, KeyRevoked, KeyUnknown, NotFound
from presets_store.services.unit import Unit, Units
from presets_store.services.wakeups import Signal
from presets_store.services.wire import key_record
from presets_store.storage.keys import (
    count_keys,
    get_key,
    get_key_for_update,
    insert_key,
    list_keys,
    list_keys_of,
    note_access,
    update_key,
)
from presets_store.storage.meta import take_turn
from presets_store.storage.people.records import User, UserStatus
from presets_store.storage.people.users import find_user, first_admin, get_user, insert_user
from presets_store.storage.records import ApiKey, KeyStatus

_ACCESS_KEY_BYTES = 16
_SECRET_LENGTH = 64
_ALPHANUMERIC = string.ascii_letters + string.digits
_NOT_KEPT = "The answer holds a secret, which is shown once and kept nowhere: send no Idempotency-Key with it."
OWNER = "owner"
"""The name of the user that a new store begins with."""

SEEN_SECONDS = 1.0
"""For how long a revocation by another process may go unnoticed, at the most."""

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


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs with an access key, and the secret to check it with, which `repr` does not print."""

    secret: str
    principal: Principal

    def __repr__(self) -> str:
        return f"Signer(principal={self.principal!r})"


class KeysService:
    """Secrets are unsealed when a key is first used, and then held in memory.

    `shared`: other processes have the same database and may revoke a key or change its user. What they tell is heeded
    at once (`forget`); in case it is not heard, what was seen holds for a second only.
    """

    def __init__(self, units: Units, seals: Seals, *, shared: bool = False) -> None:
        self._units = units
        self._seals = seals
        self._shared = shared
        self._signers: dict[str, tuple[Signer, float]] = {}
        self._forgotten = 0
        self.changed = Signal()
        """Set after each change of a key or user, for whoever keeps copies; to be cleared before they are made."""
        self._revoked: set[str] = set()
        self._used: dict[str, int] = {}
        self._saved: dict[str, int] = {}

    async def create(self, caller: Caller, description: str, user_key: int = 0) -> NewKey:
        """A new pair for a user, 0: the caller's own.

        Raises Forbidden, NotFound for the user, InvalidInput for a disabled one and a caller with an idempotency key.
        """
        caller.principal.require_everywhere(Permission.ADMINISTER)
        refuse_to_keep(caller)
        new = generate_key()

        def create(unit: Unit) -> NewKey:
            if user_key:
                _require_active(unit.connection, user_key)
            return self.store(unit, new, description, user_key or caller.principal.user_key or None)

        return await self._units.write(caller, create)

    async def create_first(self) -> NewKey | None:
        """The first pair of a new store, for its owner to be shown once; None when there is any key already."""
        new = generate_key()

        def create(unit: Unit) -> NewKey | None:
            take_turn(unit.connection, "first key")
            return None if count_keys(unit.connection) else self.store(unit, new, "made at the first start")

        return await self._units.write(INSIDE, create)

    async def list(self, caller: Caller, user_key: int = 0) -> list[ApiKeyRecord]:
        """All keys, or those of a user, without their secrets, revoked ones too, oldest first. Raises Forbidden."""
        caller.principal.require_everywhere(Permission.ADMINISTER)

        def find(connection: Connection) -> list[ApiKey]:
            return list_keys_of(connection, user_key) if user_key else list_keys(connection)

        return [self._record(key) for key in await self._units.read(find)]

    async def get(self, caller: Caller, key: int) -> ApiKeyRecord:
        """Without its secret. Raises NotFound, Forbidden."""
        for record in await self.list(caller):
            if record.key == key:
                return record
        raise NotFound(what="access key", name=key)

    async def describe(self, caller: Caller, key: int, text: str) -> None:
        """Changes what the key is said to be for. Raises NotFound, Forbidden."""
        caller.principal.require_everywhere(Permission.ADMINISTER)

        def change(unit: Unit) -> None:
            there = _lock(unit.connection, key)
            update_key(unit.connection, there, replace(there, description=text))

        await self._units.write(caller, change)

    async def revoke(self, caller: Caller, key: int) -> None:
        """Ends the key: requests that it signs are refused from now on, for good, and who listens live is let go.

        A repeat is harmless. The last one may go too: the Unix socket of a device needs no key to make another.
        Raises NotFound, Forbidden.
        """
        caller.principal.require_everywhere(Permission.ADMINISTER)

        def revoke(unit: Unit) -> None:
            self._revoke(unit, _lock(unit.connection, key))

        await self._units.write(caller, revoke)

    async def rotate(self, caller: Caller, key: int) -> NewKey:
        """A new pair in place of one that is revoked at the same moment; it takes over the description.

        Raises NotFound, KeyRevoked, Forbidden, InvalidInput for a caller with an idempotency key.
        """
        caller.principal.require_everywhere(Permission.ADMINISTER)
        refuse_to_keep(caller)
        new = generate_key()

        def rotate(unit: Unit) -> NewKey:
            old = _lock(unit.connection, key)
            if old.status is KeyStatus.REVOKED:
                raise KeyRevoked(key=key)
            self._revoke(unit, old)
            return self.store(unit, new, old.description, old.user_key)

        return await self._units.write(caller, rotate)

    async def reseal(self, seals: Seals) -> int:
        """Seals all secrets anew, and from now on with `seals`, which must open the old ones too; how many.

        A secret that `seals` cannot open was of no use before either: it stays as it is, and the log names it.
        """
        self._seals = seals

        def reseal(unit: Unit) -> int:
            return sum(_reseal(unit.connection, seals, key) for key in list_keys(unit.connection))

        return await self._units.write(INSIDE, reseal)

    async def signer_of(self, access_key: str) -> Signer:
        """Who signs with `access_key`. Raises KeyUnknown, SealBroken."""
        known, seen = self._signers.get(access_key, (None, 0.0))
        now = self._units.monotonic()
        if known is not None and (not self._shared or now - seen < SEEN_SECONDS):
            return known

        def find(connection: Connection) -> tuple[ApiKey, User] | None:
            key = get_key(connection, access_key)
            user = get_user(connection, key.user_key) if key and key.user_key else None
            return (key, user) if key and user else None

        forgotten = self._forgotten
        found = await self._units.read(find)
        # It may have been revoked here while it was read.
        if found is None or access_key in self._revoked or not _active(*found):
            raise KeyUnknown
        key, user = found
        secret = known.secret if known else self._seals.unseal(_seal_name(access_key), key.sealed_secret).decode()
        signer = Signer(secret, principal_of(user))
        if forgotten == self._forgotten:  # else the user may have been changed while it was read
            self._signers[access_key] = signer, now
        self._saved.setdefault(access_key, key.last_access)
        return signer

    def forget_signers(self) -> None:
        """Has every signer looked up anew, and the kept copies made anew: a user was changed."""
        self._signers.clear()
        self._forgotten += 1
        self.changed.set()

    def forget(self, access_key: str) -> None:
        """Has this signer looked up anew: another process has let it go."""
        self._signers.pop(access_key, None)
        self._forgotten += 1

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

    def store(self, unit: Unit, new: NewKey, description: str, user_key: int | None = None) -> NewKey:
        """Stores a pair inside a unit, for the user or else for the store's owner."""
        sealed = self._seals.seal(_seal_name(new.access_key), new.secret.encode())
        key = ApiKey(
            access_key=new.access_key,
            sealed_secret=sealed,
            description=description,
            user_key=user_key or _owner(unit).key,
            created=unit.now,
        )
        unit.afterwards.append(self.changed.set)
        return replace(new, key=insert_key(unit.connection, key).key)

    def revoke_all(self, unit: Unit, user_key: int, *, but: str = "") -> int:
        """Revokes the keys of a user inside a unit, except the access key `but`; how many."""
        active = [key for key in list_keys_of(unit.connection, user_key) if key.status is KeyStatus.ACTIVE]
        gone = [key for key in active if key.access_key != but]
        for key in gone:
            self._revoke(unit, key)
        return len(gone)

    def _revoke(self, unit: Unit, key: ApiKey) -> None:
        update_key(unit.connection, key, replace(key, status=KeyStatus.REVOKED))
        unit.afterwards.append(lambda: self._forget(key.access_key))

    def _forget(self, access_key: str) -> None:
        self._revoked.add(access_key)
        self._signers.pop(access_key, None)
        self._units.let_go(access_key)
        self.changed.set()

    def _record(self, key: ApiKey) -> ApiKeyRecord:
        return key_record(key, max(key.last_access, self._used.get(key.access_key, 0)))


def generate_key() -> NewKey:
    """A random pair in the contract's form: short base64 that ends in `==`, and a long alphanumeric secret."""
    access_key = base64.b64encode(secrets.token_bytes(_ACCESS_KEY_BYTES)).decode()
    return NewKey(access_key, "".join(secrets.choice(_ALPHANUMERIC) for _ in range(_SECRET_LENGTH)))


def principal_of(user: User) -> Principal:
    """What the user may do."""
    return Principal(name=user.name, role=user.role, scope=user.scope, scope_key=user.scope_key, user_key=user.key)


def _active(key: ApiKey, user: User) -> bool:
    return key.status is KeyStatus.ACTIVE and user.status is UserStatus.ACTIVE


def _owner(unit: Unit) -> User:
    """The administrator to whom keys belong that are made for nobody in particular."""
    there = first_admin(unit.connection)
    if there is not None:
        return there
    name = OWNER if find_user(unit.connection, OWNER) is None else f"{OWNER}-{unit.now}"
    by = unit.caller.name
    new = User(name=name, role=Role.ADMIN, created=unit.now, modified=unit.now, created_by=by, modified_by=by)
    return insert_user(unit.connection, new)


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


def refuse_to_keep(caller: Caller, reason: str = _NOT_KEPT) -> None:
    """Raises InvalidInput with the reason for a caller who wants an answer kept for a repeat."""
    if caller.idempotency is not None:
        raise InvalidInput(reason=reason)


def _require_active(connection: Connection, user_key: int) -> None:
    user = get_user(connection, user_key)
    if user is None:
        raise NotFound(what="user", name=user_key)
    if user.status is not UserStatus.ACTIVE:
        raise InvalidInput(reason=f"userID: {user.name!r} is disabled, so that a key would open nothing.")


def _seal_name(access_key: str) -> str:
    return f"api-key:{access_key}"
