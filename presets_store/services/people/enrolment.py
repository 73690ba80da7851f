"""Enrolment: a token that is good once, against a device's record and a key pair of its own."""

import hashlib
import secrets
import uuid
from dataclasses import replace
from typing import Final

from presets_store.protocol.people.enrolment import CreateEnrolment, EnrolmentRecord, RegisterDevice, RegisteredDevice
from presets_store.rules.permissions import Permission, Role, ScopeKind
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.fleet.scope import reached_group_locked
from presets_store.services.people.errors import EnrolmentRefused, SerialEnrolled
from presets_store.services.people.keys import KeysService, generate_key, refuse_to_keep
from presets_store.services.reach import reached_device_locked
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import device_record
from presets_store.storage.devices import find_device, get_device_for_update
from presets_store.storage.fleet.groups import add_member, get_group_for_update
from presets_store.storage.fleet.records import GroupMember
from presets_store.storage.people.enrolments import (
    any_enrolment_done,
    delete_enrolment,
    find_enrolment_for_update,
    forget_enrolments,
    get_enrolment_for_update,
    insert_enrolment,
    list_enrolments,
    update_enrolment,
)
from presets_store.storage.people.records import Enrolment, User, UserStatus
from presets_store.storage.people.users import insert_user, update_user, users_of_device
from presets_store.storage.records import Device
from presets_store.storage.rows import insert_if_absent, values_of
from presets_store.storage.tables import devices

ENROLLING: Final = replace(INSIDE, name="enrolment")
"""Who registers: nobody yet."""

_KEPT: Final = 30 * 24 * 3600 * 1_000_000
"""Microseconds for which a token that is over stays in the list."""


class EnrolmentService:
    """Whoever manages devices makes tokens for those in his scope; whoever has a token needs nothing else."""

    def __init__(self, units: Units, keys: KeysService) -> None:
        self._units = units
        self._keys = keys

    async def create(self, caller: Caller, body: CreateEnrolment) -> EnrolmentRecord:
        """A new token, which is shown only now. Raises Forbidden, NotFound, InvalidInput."""
        refuse_to_keep(caller)
        token = secrets.token_urlsafe(32)

        def add(unit: Unit) -> EnrolmentRecord:
            _require_places(unit, body)
            enrolment = Enrolment(
                token_hash=_hashed(token),
                description=body.description,
                group_key=body.device_group_id,
                device_key=body.device_id,
                created=unit.now,
                expires=unit.now + body.expires_in_seconds * 1_000_000,
                created_by=caller.name,
            )
            return _record(insert_enrolment(unit.connection, enrolment)).model_copy(update={"token": token})

        return await self._units.write(caller, add)

    async def list(self, caller: Caller) -> list[EnrolmentRecord]:
        """Tokens of what the caller manages, used ones too, oldest first; without the tokens. Raises Forbidden."""
        caller.principal.require(Permission.MANAGE)
        found = await self._units.read(list_enrolments)
        return [_record(enrolment) for enrolment in found if _in_scope(caller, enrolment)]

    async def delete(self, caller: Caller, key: int) -> None:
        """Withdraws the token; the device that used it stays. Raises Forbidden, NotFound."""
        caller.principal.require(Permission.MANAGE)

        def remove(unit: Unit) -> None:
            enrolment = get_enrolment_for_update(unit.connection, key)
            if enrolment is None or not _in_scope(caller, enrolment):
                raise NotFound(what="enrolment", name=key)
            delete_enrolment(unit.connection, key)

        await self._units.write(caller, remove)

    async def register(self, body: RegisterDevice) -> RegisteredDevice:
        """Exchanges the token. All of it happens, or nothing. Raises EnrolmentRefused, SerialEnrolled."""
        new = generate_key()

        def exchange(unit: Unit) -> RegisteredDevice:
            enrolment = find_enrolment_for_update(unit.connection, _hashed(body.token))
            if enrolment is None or enrolment.used or enrolment.expires <= unit.now:
                raise EnrolmentRefused
            device = _known(unit, enrolment, body) if enrolment.device_key else _added(unit, body)
            _join(unit, enrolment.group_key, device.key)
            user = self._user_of(unit, device)
            self._keys.store(unit, new, f"enrolment {enrolment.key}", user.key)
            update_enrolment(unit.connection, enrolment, replace(enrolment, device_key=device.key, used=unit.now))
            return RegisteredDevice(device=device_record(device), access_key=new.access_key, secret_key=new.secret)

        return await self._units.write(ENROLLING, exchange)

    async def sweep(self) -> None:
        """Forgets tokens that have long been over."""
        before = self._units.now() - _KEPT
        if await self._units.read(lambda connection: any_enrolment_done(connection, before)):
            await self._units.write(INSIDE, lambda unit: forget_enrolments(unit.connection, before))

    def _user_of(self, unit: Unit, device: Device) -> User:
        """The user that is the device, without the keys that it had: whoever holds those is not the device any more."""
        users = users_of_device(unit.connection, device.key)
        for user in users:
            self._keys.revoke_all(unit, user.key)
        by = unit.caller.name
        if not users:
            new = User(name=f"device:{device.key}", role=Role.DEVICE, scope=ScopeKind.DEVICE, scope_key=device.key)
            new = replace(new, created=unit.now, modified=unit.now, created_by=by, modified_by=by)
            return insert_user(unit.connection, new)
        active = replace(users[0], status=UserStatus.ACTIVE, modified=unit.now, modified_by=by)
        update_user(unit.connection, users[0], active)
        return active


def _require_places(unit: Unit, body: CreateEnrolment) -> None:
    """That the caller manages the device, or the group that a new one joins, or everything."""
    caller, connection = unit.caller, unit.connection
    if body.device_group_id:
        reached_group_locked(connection, caller, Permission.MANAGE, body.device_group_id)
    if body.device_id:
        device = reached_device_locked(connection, caller, Permission.MANAGE, body.device_id)
        if device.is_archived or device.own:
            reason = "is archived: bring it back first" if device.is_archived else "is the one on which this store runs"
            raise InvalidInput(reason=f"The device of deviceID {reason}.")
    elif not body.device_group_id:
        caller.principal.require_everywhere(Permission.MANAGE)


def _in_scope(caller: Caller, enrolment: Enrolment) -> bool:
    who = caller.principal
    if who.scope is ScopeKind.DEVICE:
        return who.scope_key == enrolment.device_key
    return who.scope is ScopeKind.ALL or who.scope_key == enrolment.group_key


def _known(unit: Unit, enrolment: Enrolment, body: RegisterDevice) -> Device:
    device = get_device_for_update(unit.connection, enrolment.device_key)
    if device is None or device.is_archived or device.serial_number != body.serial_number:
        raise EnrolmentRefused
    return device


def _added(unit: Unit, body: RegisterDevice) -> Device:
    there = find_device(unit.connection, body.serial_number)
    if there is not None and there.serial_number == body.serial_number:
        raise SerialEnrolled
    by = unit.caller.name
    device = Device(
        guid=str(uuid.uuid4()),
        serial_number=body.serial_number,
        device_name=body.device_name or body.serial_number,
        created=unit.now,
        modified=unit.now,
        created_by=by,
        modified_by=by,
    )
    key = insert_if_absent(unit.connection, devices, values_of(device))
    if key is None:  # another token made it at the same moment
        raise SerialEnrolled
    return replace(device, key=key)


def _join(unit: Unit, group_key: int, device_key: int) -> None:
    if not group_key:
        return
    if get_group_for_update(unit.connection, group_key) is None:
        raise EnrolmentRefused
    add_member(unit.connection, GroupMember(group_key=group_key, device_key=device_key, created=unit.now))


def _record(enrolment: Enrolment) -> EnrolmentRecord:
    return EnrolmentRecord(
        key=enrolment.key,
        description=enrolment.description,
        device_group_id=enrolment.group_key,
        device_id=enrolment.device_key,
        creation_date=enrolment.created,
        expiration_date=enrolment.expires,
        used_date=enrolment.used,
    )


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
