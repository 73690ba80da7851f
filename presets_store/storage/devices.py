"""Devices."""

from sqlalchemy import Connection, select, update

from presets_store.storage.records import Device
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.tables import devices


def insert_device(connection: Connection, device: Device) -> Device:
    """Stores a new device; IntegrityError when its serial number or guid is taken."""
    return insert_record(connection, devices, device)


def get_device(connection: Connection, key: int) -> Device | None:
    return one(connection, Device, select(devices).where(devices.c.key == key))


def find_device(connection: Connection, name: str) -> Device | None:
    """The device with this serial number, else the oldest unarchived one with this name (events-api.md section 5)."""
    by_serial = one(connection, Device, select(devices).where(devices.c.serial_number == name))
    if by_serial is not None or not name:
        return by_serial
    by_name = select(devices).where(devices.c.device_name == name, devices.c.is_archived.is_(False))
    return one(connection, Device, by_name.order_by(devices.c.key).limit(1))


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
