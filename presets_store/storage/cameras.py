"""Cameras of devices."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, delete, select, update

from presets_store.storage.records import Camera
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.tables import cameras

_PARKING = -1_000_000
"""Indexes are parked below this while they are exchanged, so that no two cameras share one in between."""


def insert_camera(connection: Connection, camera: Camera) -> Camera:
    """Stores a new camera; IntegrityError when its index or id is taken on the device."""
    return insert_record(connection, cameras, camera)


def list_cameras(connection: Connection, device_key: int) -> list[Camera]:
    """The device's cameras by index."""
    statement = select(cameras).where(cameras.c.device_key == device_key).order_by(cameras.c.camera_index)
    return many(connection, Camera, statement)


def get_camera(connection: Connection, key: int) -> Camera | None:
    return one(connection, Camera, select(cameras).where(cameras.c.key == key))


def cameras_where(connection: Connection, *conditions: ColumnElement[bool], limit: int = 2) -> list[Camera]:
    """The first cameras that fit all conditions, by key."""
    return many(connection, Camera, select(cameras).where(*conditions).order_by(cameras.c.key).limit(limit))


def update_camera(connection: Connection, before: Camera, after: Camera) -> None:
    """Writes what differs; LostUpdate when the camera is gone."""
    update_record(connection, cameras, before, after)


def set_camera_state(
    connection: Connection, device_key: int, camera_id: str, state: str, capabilities: str = ""
) -> bool:
    """Whether there is such a camera; if so it has `state` now, and `capabilities` (JSON text; "" leaves them)."""
    where = (cameras.c.device_key == device_key, cameras.c.camera_id == camera_id)
    values = {"state": state} | ({"capabilities": capabilities} if capabilities else {})
    return connection.execute(update(cameras).where(*where).values(values)).rowcount == 1


def replace_cameras(connection: Connection, device_key: int, wanted: Iterable[Camera]) -> list[Camera]:
    """Makes `wanted` the device's cameras; one whose `camera_id` was there keeps its key. Gives them back by index."""
    there = {camera.camera_id: camera for camera in list_cameras(connection, device_key)}
    new = {camera.camera_id: camera for camera in wanted}
    gone = [camera.key for camera_id, camera in there.items() if camera_id not in new]
    connection.execute(delete(cameras).where(cameras.c.key.in_(gone)))
    connection.execute(
        update(cameras).where(cameras.c.device_key == device_key).values(camera_index=_PARKING - cameras.c.camera_index)
    )
    for camera_id, camera in new.items():
        old = there.get(camera_id)
        if old is None:
            insert_camera(connection, replace(camera, key=0, device_key=device_key))
        else:
            parked = replace(old, camera_index=_PARKING - old.camera_index)
            update_camera(connection, parked, replace(camera, key=old.key, device_key=device_key))
    return list_cameras(connection, device_key)
