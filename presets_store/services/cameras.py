"""Cameras of devices."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from presets_store.protocol.cameras import CameraRecord, UpdateCamera
from presets_store.protocol.live import LiveKind
from presets_store.protocol.scripts.mirroring import DeclaredCamera
from presets_store.rules.permissions import Permission
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.reach import reached_device, reached_device_locked
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import camera_record
from presets_store.storage.cameras import list_cameras, replace_cameras, set_camera_state, update_camera
from presets_store.storage.records import Camera


class CamerasService:
    """What sources a device has. The device itself says which; people give them names."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def of_device(self, caller: Caller, device_key: int) -> list[CameraRecord]:
        """By index. Raises NotFound for the device, Forbidden."""

        def find(connection: Connection) -> list[CameraRecord]:
            reached_device(connection, caller, Permission.READ, device_key)
            return [camera_record(camera) for camera in list_cameras(connection, device_key)]

        return await self._units.read(find)

    async def rename(self, caller: Caller, device_key: int, changes: Sequence[UpdateCamera]) -> list[CameraRecord]:
        """Gives cameras new names: all of them, or none; answers all of the device.

        Raises NotFound, InvalidInput, Forbidden.
        """

        def change(unit: Unit) -> list[CameraRecord]:
            reached_device(unit.connection, caller, Permission.EDIT, device_key)
            for wanted in changes:
                camera = _named(list_cameras(unit.connection, device_key), wanted)
                renamed = replace(camera, name=wanted.name)
                update_camera(unit.connection, camera, renamed)
                unit.told.append((LiveKind.CAMERA, device_key, camera_record(renamed)))
            return [camera_record(camera) for camera in list_cameras(unit.connection, device_key)]

        return await self._units.write(caller, change)

    async def told(self, caller: Caller, device_key: int, wanted: Sequence[DeclaredCamera]) -> list[CameraRecord]:
        """Makes `wanted` the device's cameras, as it tells itself; a name that was given here stays. Answers them all.

        Raises NotFound, Forbidden, InvalidInput.
        """
        if len({camera.camera_id for camera in wanted}) < len(wanted) or len(_indexes(wanted)) < len(wanted):
            raise InvalidInput(reason="Each camera needs a cameraID and a cameraIndex of its own.")

        def store(unit: Unit) -> list[CameraRecord]:
            reached_device_locked(unit.connection, caller, Permission.REPORT, device_key)
            there = list_cameras(unit.connection, device_key)
            known = {camera.camera_id: camera for camera in there}
            cameras = sorted(
                (_declared(known, device_key, each) for each in wanted), key=lambda each: each.camera_index
            )
            if cameras != there:
                there = replace_cameras(unit.connection, device_key, cameras)
                unit.told += [(LiveKind.CAMERA, device_key, camera_record(camera)) for camera in there]
            return [camera_record(camera) for camera in there]

        return await self._units.write(caller, store)

    async def declare(self, device_key: int, cameras: Sequence[Camera]) -> list[Camera]:
        """For the agent: makes `cameras` the device's own. One that was known by its `camera_id` keeps its key."""

        def store(unit: Unit) -> list[Camera]:
            stored = replace_cameras(unit.connection, device_key, cameras)
            unit.told += [(LiveKind.CAMERA, device_key, camera_record(camera)) for camera in stored]
            return stored

        return await self._units.write(INSIDE, store)

    async def set_state(self, device_key: int, camera_id: str, state: str, capabilities: str = "") -> None:
        """For the agent: stores the camera's state and tells the listeners. Raises NotFound.

        `capabilities`: what the source declares, as JSON text; "" leaves what is known.
        """

        def store(unit: Unit) -> None:
            if not set_camera_state(unit.connection, device_key, camera_id, state, capabilities):
                raise NotFound(what="camera", name=camera_id)
            for camera in list_cameras(unit.connection, device_key):
                if camera.camera_id == camera_id:
                    unit.told.append((LiveKind.CAMERA, device_key, camera_record(camera)))

        await self._units.write(INSIDE, store)


def _indexes(wanted: Sequence[DeclaredCamera]) -> set[int]:
    return {camera.camera_index for camera in wanted}


def _declared(known: Mapping[str, Camera], device_key: int, told: DeclaredCamera) -> Camera:
    blank = Camera(device_key=device_key, camera_index=0, camera_id=told.camera_id, name=told.name or told.camera_id)
    return replace(known.get(told.camera_id, blank), camera_index=told.camera_index, backend=told.backend)


def _named(cameras: Sequence[Camera], wanted: UpdateCamera) -> Camera:
    if not wanted.key and wanted.camera_index is None:
        raise InvalidInput(reason="Each member needs key or cameraIndex, to say which camera gets the name.")
    for camera in cameras:
        if (wanted.key or camera.key) == camera.key and wanted.camera_index in (None, camera.camera_index):
            return camera
    asked = wanted.key or f"with index {wanted.camera_index}"
    raise NotFound(what="camera", name=asked)
