"""Users: who may ask, and what each may do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from presets_store.protocol.keys import ApiKeyRecord
from presets_store.protocol.people.users import CreateUser, UpdateUser, UserRecord
from presets_store.rules.permissions import Permission, Role, ScopeKind
from presets_store.services.caller import Caller
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.people.errors import LastAdmin, UserNameTaken
from presets_store.services.people.keys import KeysService, refuse_to_keep
from presets_store.services.people.passwords import Passwords
from presets_store.services.people.sessions import listener_of
from presets_store.services.unit import Unit, Units
from presets_store.storage.devices import get_device_for_update
from presets_store.storage.fleet.groups import get_group_for_update
from presets_store.storage.keys import list_keys_of
from presets_store.storage.people.records import User, UserStatus
from presets_store.storage.people.sessions import delete_sessions, list_sessions
from presets_store.storage.people.users import (
    active_admins_locked,
    add_user,
    get_user,
    get_user_for_update,
    list_users,
    update_user,
)

_NOT_KEPT = "A password was sent, of which nothing may be kept for a repeat: send no Idempotency-Key with it."


class UsersService:
    """All of it is for administrators of all devices."""

    def __init__(self, units: Units, keys: KeysService, passwords: Passwords) -> None:
        self._units = units
        self._keys = keys
        self._passwords = passwords

    async def create(self, caller: Caller, body: CreateUser) -> UserRecord:
        """A new, active user. Raises Forbidden, UserNameTaken, InvalidInput, NotFound for what the scope names."""
        _require(caller)
        refuse_to_keep(caller, _NOT_KEPT)
        kept = "" if body.password is None else await self._passwords.hashed(body.password)

        def add(unit: Unit) -> UserRecord:
            user = User(
                name=body.user_name,
                email=body.email,
                password_hash=kept,
                role=Role(body.role),
                scope=ScopeKind(body.scope),
                scope_key=body.scope_id,
                created=unit.now,
                modified=unit.now,
                created_by=caller.name,
                modified_by=caller.name,
            )
            _check_scope(unit.connection, user)
            stored = add_user(unit.connection, user)
            if stored is None:
                raise UserNameTaken(name=user.name)
            unit.afterwards.append(self._keys.forget_signers)
            return user_record(stored)

        return await self._units.write(caller, add)

    async def keys_of(self, caller: Caller, key: int) -> list[ApiKeyRecord]:
        """The access keys of the user, without their secrets. Raises Forbidden, NotFound."""
        await self.get(caller, key)
        return await self._keys.list(caller, user_key=key)

    async def list(self, caller: Caller) -> list[UserRecord]:
        """All users, disabled ones too, oldest first. Raises Forbidden."""
        _require(caller)
        return [user_record(user) for user in await self._units.read(list_users)]

    async def get(self, caller: Caller, key: int) -> UserRecord:
        """Raises Forbidden, NotFound."""
        _require(caller)
        return user_record(await self._units.read(lambda connection: _found(get_user(connection, key), key)))

    async def update(self, caller: Caller, key: int, body: UpdateUser) -> UserRecord:
        """Changes what the body gives. Who is disabled is signed out, and his keys are refused from now on.

        Raises Forbidden, NotFound (for what the scope names too), InvalidInput, LastAdmin.
        """
        _require(caller)

        def change(unit: Unit) -> UserRecord:
            admins = active_admins_locked(unit.connection)  # first of all locks, always: two admins cannot demote both
            before = _found(get_user_for_update(unit.connection, key), key)
            after = replace(before, **_changes(body), modified=unit.now, modified_by=caller.name)
            _check_scope(unit.connection, after)
            if [admin.key for admin in admins] == [key] and not _manages_all(after):
                raise LastAdmin(name=before.name)
            update_user(unit.connection, before, after)
            self._send_away(unit, after)
            if after.status is UserStatus.DISABLED:
                delete_sessions(unit.connection, key)
            return user_record(after)

        return await self._units.write(caller, change)

    async def set_password(self, caller: Caller, key: int, password: str) -> None:
        """Signs the user out everywhere. Raises Forbidden, NotFound, InvalidInput for an idempotency key."""
        _require(caller)
        refuse_to_keep(caller, _NOT_KEPT)
        kept = await self._passwords.hashed(password)

        def change(unit: Unit) -> None:
            before = _found(get_user_for_update(unit.connection, key), key)
            after = replace(before, password_hash=kept, modified=unit.now, modified_by=caller.name)
            update_user(unit.connection, before, after)
            self._send_away(unit, after)
            delete_sessions(unit.connection, key)

        await self._units.write(caller, change)

    def _send_away(self, unit: Unit, user: User) -> None:
        """Who listens live as the user asks anew, with the rights of now."""
        listeners = [key.access_key for key in list_keys_of(unit.connection, user.key)]
        listeners += [listener_of(session.key) for session in list_sessions(unit.connection, user.key)]

        def tell() -> None:
            self._keys.forget_signers()
            for listener in listeners:
                self._units.let_go(listener)

        unit.afterwards.append(tell)


def user_record(user: User) -> UserRecord:
    """Without its password's hash."""
    return UserRecord(
        key=user.key,
        user_name=user.name,
        email=user.email,
        role=user.role.value,
        scope=user.scope.value,
        scope_id=user.scope_key,
        status=user.status.value,
        has_password=bool(user.password_hash),
        creation_date=user.created,
        last_modified_date=user.modified,
    )


def _require(caller: Caller) -> None:
    caller.principal.require_everywhere(Permission.ADMINISTER)


def _found(user: User | None, key: int) -> User:
    if user is None:
        raise NotFound(what="user", name=key)
    return user


def _manages_all(user: User) -> bool:
    return (user.role, user.scope, user.status) == (Role.ADMIN, ScopeKind.ALL, UserStatus.ACTIVE)


def _changes(body: UpdateUser) -> Mapping[str, Any]:
    changes: dict[str, Any] = {}
    if body.email is not None:
        changes["email"] = body.email
    if body.role is not None:
        changes["role"] = Role(body.role)
    if body.status is not None:
        changes["status"] = UserStatus(body.status)
    if body.scope is not None:
        changes |= {"scope": ScopeKind(body.scope), "scope_key": body.scope_id}
    elif body.scope_id:
        raise InvalidInput(reason="scopeID goes with scope: give both.")
    return changes


def _check_scope(connection: Connection, user: User) -> None:
    """What the scope names is there, and stays there until the transaction ends."""
    if (user.scope is ScopeKind.ALL) != (user.scope_key == 0):
        reason = (
            "scopeID is the key of a device or device group where scope is device or group; with scope all it is 0."
        )
        raise InvalidInput(reason=reason)
    if user.role is Role.DEVICE and user.scope is not ScopeKind.DEVICE:
        raise InvalidInput(reason="The role device is that of one device: scope must be device, scopeID its key.")
    if user.scope is ScopeKind.DEVICE and get_device_for_update(connection, user.scope_key) is None:
        raise NotFound(what="device", name=user.scope_key)
    if user.scope is ScopeKind.GROUP and get_group_for_update(connection, user.scope_key) is None:
        raise NotFound(what="device group", name=user.scope_key)
