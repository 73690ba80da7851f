"""Settings by name: what is noted of a device, which the device may be told too, and what a user keeps for himself."""

import json
from typing import Final, TypeVar

from sqlalchemy import Connection

from presets_store.errors import CuelightError, Kind
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.system import DeviceSettingRecord, NameValuePair, UserSettingRecord
from presets_store.rules.event import Event
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.changes import Changes
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.reach import reached_device, reached_device_locked
from presets_store.services.unit import Unit, Units
from presets_store.storage.fleet.records import DeviceSetting, UserSetting
from presets_store.storage.fleet.settings import (
    count_settings,
    delete_setting,
    get_setting,
    list_settings,
    put_setting,
)

MOST_SETTINGS: Final = 500
"""Of one device, of one user."""

_UPDATE_SETTING: Final = "Device_Update_setting"

Setting = TypeVar("Setting", DeviceSetting, UserSetting)


class TooManySettings(CuelightError):
    """The device or the user has as many settings as there is room for."""

    code = "too_many_settings"
    kind = Kind.CONFLICT
    template = "There are {most} settings already, which is all that there is room for; delete one."


class DeviceSettingsService:
    """Settings of devices."""

    def __init__(self, units: Units, changes: Changes) -> None:
        self._units = units
        self._changes = changes

    async def get(self, caller: Caller, device_key: int, name: str) -> DeviceSettingRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> DeviceSetting:
            device = reached_device(connection, caller, Permission.READ, device_key)
            return _required(get_setting(connection, DeviceSetting, device.key, name), name)

        return _device_record(await self._units.read(find))

    async def list(self, caller: Caller, device_key: int) -> list[DeviceSettingRecord]:
        """All of a device, by name. Raises NotFound, Forbidden."""

        def find(connection: Connection) -> list[DeviceSetting]:
            device = reached_device(connection, caller, Permission.READ, device_key)
            return list_settings(connection, DeviceSetting, device.key)

        return [_device_record(setting) for setting in await self._units.read(find)]

    async def put(self, caller: Caller, device_key: int, body: NameValuePair, *, local: bool = False) -> None:
        """A new setting, or a new value. `local`: the device is told by an event too.

        Raises NotFound, Forbidden, TooManySettings.
        """

        def put(unit: Unit) -> None:
            device = reached_device_locked(unit.connection, caller, Permission.EDIT, device_key)
            setting = DeviceSetting(
                device_key=device.key, name=body.name, value=body.value, created=unit.now, modified=unit.now
            )
            _require_room(unit.connection, DeviceSetting, device.key, body.name)
            put_setting(unit.connection, setting)
            if local:
                self._changes.add(unit, _event(device.key, body))

        await self._units.write(caller, put)

    async def delete(self, caller: Caller, device_key: int, name: str) -> None:
        """What the device itself took stays there. Raises NotFound, Forbidden."""

        def remove(unit: Unit) -> None:
            device = reached_device(unit.connection, caller, Permission.EDIT, device_key)
            if not delete_setting(unit.connection, DeviceSetting, device.key, name):
                raise _unknown(name)

        await self._units.write(caller, remove)


class UserSettingsService:
    """Settings of the caller's own user. Each method raises InvalidInput for who is none."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def get(self, caller: Caller, name: str) -> UserSettingRecord:
        """Raises NotFound."""
        user = _user_of(caller)

        def find(connection: Connection) -> UserSetting:
            return _required(get_setting(connection, UserSetting, user, name), name)

        return _user_record(await self._units.read(find))

    async def list(self, caller: Caller) -> list[UserSettingRecord]:
        """All, by name."""
        user = _user_of(caller)
        found = await self._units.read(lambda connection: list_settings(connection, UserSetting, user))
        return [_user_record(setting) for setting in found]

    async def put(self, caller: Caller, body: NameValuePair) -> None:
        """A new setting, or a new value. Raises TooManySettings."""
        user = _user_of(caller)

        def put(unit: Unit) -> None:
            _require_room(unit.connection, UserSetting, user, body.name)
            new = UserSetting(user_key=user, name=body.name, value=body.value, created=unit.now, modified=unit.now)
            put_setting(unit.connection, new)

        await self._units.write(caller, put)

    async def delete(self, caller: Caller, name: str) -> None:
        """Raises NotFound."""
        user = _user_of(caller)

        def remove(unit: Unit) -> None:
            if not delete_setting(unit.connection, UserSetting, user, name):
                raise _unknown(name)

        await self._units.write(caller, remove)


def _user_of(caller: Caller) -> int:
    caller.principal.require(Permission.READ)
    if not caller.principal.user_key:
        raise InvalidInput(
            reason="The Unix socket is no user's and has no settings; sign the request with a user's key."
        )
    return caller.principal.user_key


def _require_room(connection: Connection, kind: type[Setting], owner: int, name: str) -> None:
    if get_setting(connection, kind, owner, name) is None and count_settings(connection, kind, owner) >= MOST_SETTINGS:
        raise TooManySettings(most=MOST_SETTINGS)


def _required(setting: Setting | None, name: str) -> Setting:
    if setting is None:
        raise _unknown(name)
    return setting


def _unknown(name: str) -> NotFound:
    return NotFound(what="setting", name=repr(name))


def _event(device_key: int, setting: NameValuePair) -> Event:
    kind = find_event_type(_UPDATE_SETTING)
    return Event(
        uuid="",
        device_key=device_key,
        agent_type_id=kind.agent_type_id,
        event_type_id=kind.id,
        event_parameters=json.dumps({"name": setting.name, "value": setting.value}),
        cause="setting",
    )


def _device_record(setting: DeviceSetting) -> DeviceSettingRecord:
    return DeviceSettingRecord.model_construct(
        key=setting.key,
        device_id=setting.device_key,
        setting_name=setting.name,
        setting_value=setting.value,
        creation_date=setting.created,
    )


def _user_record(setting: UserSetting) -> UserSettingRecord:
    return UserSettingRecord.model_construct(
        key=setting.key, setting_name=setting.name, setting_value=setting.value, creation_date=setting.created
    )
