"""Devices."""

from sqlalchemy import Connection, bindparam, select, update

from presets_store.storage.records import Device
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.tables import devices

_BY_KEY = select(devices).where(devices.c.key == bindparam("wanted"))
_BY_SERIAL = select(devices).where(devices.c.serial_number == bindparam("name"))
_BY_NAME = (
    select(devices)
    .where(devices.c.device_name == bindparam("name"), devices.c.is_archived.is_(False))
    .order_by(devices.c.key)
    .limit(1)
)


def insert_device(connection: Connection, device: Device) -> Device:
    """Stores a new device; IntegrityError when its serial number or guid is taken."""
    return insert_record(connection, devices, device)


def get_device(connection: Connection, key: int) -> Device | None:
    return one(connection, Device, _BY_KEY, wanted=key)


def find_device(connection: Connection, name: str) -> Device | None:
    """The device with this serial number, else the oldest unarchived one with this name (events-api.md section 5)."""
    by_serial = one(connection, Device, _BY_SERIAL, name=name)
    if by_serial is not None or not name:
        return by_serial
    return one(connection, Device, _BY_NAME, name=name)


def own_device(connection: Connection) -> Device | None:
    """The box on which this store runs; None on a hub."""
    return one(connection, Device, select(devices).where(devices.c.own.is_(True)).order_by(devices.c.key).limit(1))


def list_devices(connection: Connection, *, archived: bool = False) -> list[Device]:
    """All devices, oldest first; with `archived` the archived ones too."""
    statement = select(devices).order_by(devices.c.key)
    return many(connection, Device, statement if archived else statement.where(devices.c.is_archived.is_(False)))


def update_device(connection: Connection, before: Device, after: Device) -> None:
    """Writes what differs; LostUpdate when the device is gone or was changed since `before`."""
    update_record(connection, devices, before, after, guard=("modified",))


def touch_device(connection: Connection, key: int, now: int) -> None:
    """Notes that the device was heard from at `now` (microseconds); never backwards."""
    connection.execute(
        update(devices)
        .where(devices.c.key == key, devices.c.last_heard_from_date < now)
        .values(last_heard_from_date=now)
    )
