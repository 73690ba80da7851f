"""Devices."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, bindparam, or_, select, true, update

from presets_store.storage.records import Device
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.tables import devices

_ALL = true()
_BY_KEY = select(devices).where(devices.c.key == bindparam("wanted"))
_BY_KEY_LOCKED = _BY_KEY.with_for_update(key_share=True)
_BY_SERIAL = select(devices).where(devices.c.serial_number == bindparam("name"))
_BY_NAME = (
    select(devices)
    .where(devices.c.device_name == bindparam("name"), devices.c.is_archived.is_(False))
    .order_by(devices.c.key)
    .limit(1)
)

_HEARD = update(devices).where(devices.c.key == bindparam("wanted"), devices.c.last_heard_from_date < bindparam("now"))


def insert_device(connection: Connection, device: Device) -> Device:
    """Stores a new device; IntegrityError when its serial number or guid is taken."""
    return insert_record(connection, devices, device)


def get_device(connection: Connection, key: int) -> Device | None:
    return one(connection, Device, _BY_KEY, wanted=key)


def get_device_for_update(connection: Connection, key: int) -> Device | None:
    """The device, locked until the transaction ends; rows that refer to it may still be added meanwhile."""
    return one(connection, Device, _BY_KEY_LOCKED, wanted=key)


def find_device(connection: Connection, name: str) -> Device | None:
    """The device with this serial number, else the oldest unarchived one with this name (events-api.md section 5)."""
    by_serial = one(connection, Device, _BY_SERIAL, name=name)
    if by_serial is not None or not name:
        return by_serial
    return one(connection, Device, _BY_NAME, name=name)


def own_device(connection: Connection) -> Device | None:
    """The box on which this store runs; None on a hub."""
    return one(connection, Device, select(devices).where(devices.c.own.is_(True)).order_by(devices.c.key).limit(1))


def list_devices(connection: Connection, *, archived: bool = False, within: ColumnElement[bool] = _ALL) -> list[Device]:
    """Devices, oldest first; with `archived` the archived ones too. `within`: which of them may be shown."""
    statement = select(devices).where(within).order_by(devices.c.key)
    return many(connection, Device, statement if archived else statement.where(devices.c.is_archived.is_(False)))


def update_device(connection: Connection, before: Device, after: Device) -> None:
    """Writes what differs; LostUpdate when the device is gone or was changed since `before`."""
    update_record(connection, devices, before, after, guard=("modified",))


def bound_devices(connection: Connection, preset_keys: Collection[int]) -> list[Device]:
    """Devices that have one of these presets bound to their start-up, oldest first."""
    online = devices.c.device_ready_event_preset_id.in_(preset_keys)
    standalone = devices.c.standalone_event_preset_id.in_(preset_keys)
    return many(connection, Device, select(devices).where(or_(online, standalone)).order_by(devices.c.key))


def mark_fired(connection: Connection, key: int, **boot_ids: str) -> None:
    """Notes in which boot a binding fired: `ready_boot_id` or `standalone_boot_id`. The device does not count as
    modified by it, so that nobody who edits it is disturbed.
    """
    connection.execute(update(devices).where(devices.c.key == key).values(**boot_ids))


def touch_device(connection: Connection, key: int, now: int) -> None:
    """Notes that the device was heard from at `now` (microseconds); never backwards."""
    connection.execute(_HEARD, {"wanted": key, "now": now, "last_heard_from_date": now})
