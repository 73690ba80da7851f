"""A key for oneself: whoever signs changes from one key to the next without an administrator, as devices do."""

from typing import Final

from presets_store.protocol.keys import ApiKeyRecord, RevokedKeys
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.people.errors import KeyMissing, TooManyKeys
from presets_store.services.people.keys import KeysService, generate_key, refuse_to_keep
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import key_record
from presets_store.storage.keys import get_key, list_keys_of
from presets_store.storage.meta import take_turn
from presets_store.storage.records import ApiKey, KeyStatus

MOST: Final = 2
"""Active keys: the one that signs and the one that is to take its place."""


class OwnKeysService:
    """Three requests make a change: another key; a trial of it; the end of all others, which the new one signs. Cut off
    anywhere, at least one key that the caller knows goes on working.
    """

    def __init__(self, units: Units, keys: KeysService) -> None:
        self._units = units
        self._keys = keys

    async def create(self, caller: Caller) -> ApiKeyRecord:
        """A new pair for the same user, which is shown only now; the one that signs stays.

        Raises Forbidden, KeyMissing, TooManyKeys, InvalidInput for a caller with an idempotency key.
        """
        caller.principal.require(Permission.REPORT)
        refuse_to_keep(caller)
        new = generate_key()

        def create(unit: Unit) -> ApiKeyRecord:
            signing = _signing(unit, caller)
            active = _active(unit, caller)
            if len(active) >= MOST:
                raise TooManyKeys(name=caller.principal.name, count=len(active), limit=MOST)
            self._keys.store(unit, new, signing.description, signing.user_key)
            (made,) = (key for key in _active(unit, caller) if key.access_key == new.access_key)
            return key_record(made, made.last_access).model_copy(update={"secret_key": new.secret})

        return await self._units.write(caller, create)

    async def revoke_others(self, caller: Caller) -> RevokedKeys:
        """Revokes all keys of the user but the one that signs. A repeat is harmless.

        Raises Forbidden, KeyMissing.
        """
        caller.principal.require(Permission.REPORT)

        def revoke(unit: Unit) -> RevokedKeys:
            signing = _signing(unit, caller)
            revoked = self._keys.revoke_all(unit, caller.principal.user_key, but=signing.access_key)
            return RevokedKeys(revoked=revoked)

        return await self._units.write(caller, revoke)


def _signing(unit: Unit, caller: Caller) -> ApiKey:
    """The key that signs the request, which no other request about this user's keys overtakes."""
    take_turn(unit.connection, f"own keys {caller.principal.user_key}")
    key = get_key(unit.connection, caller.name)
    if key is None or key.user_key != caller.principal.user_key or key.status is not KeyStatus.ACTIVE:
        raise KeyMissing
    return key


def _active(unit: Unit, caller: Caller) -> list[ApiKey]:
    keys = list_keys_of(unit.connection, caller.principal.user_key)
    return [key for key in keys if key.status is KeyStatus.ACTIVE]
