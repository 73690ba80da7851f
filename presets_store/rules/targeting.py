"""Whom and what a request means: device, preset target, camera.

Absent is None, 0 or "": the third-party client always sends every field (events-api.md section 5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from presets_store.errors import CuelightError, Kind


class NamedDevice(Protocol):
    """What `pick_device` looks at."""

    @property
    def key(self) -> int: ...
    @property
    def serial_number(self) -> str: ...
    @property
    def device_name(self) -> str: ...


class NamedCamera(Protocol):
    """What `choose_camera` looks at."""

    @property
    def key(self) -> int: ...
    @property
    def camera_index(self) -> int: ...
    @property
    def camera_id(self) -> str: ...
    @property
    def name(self) -> str: ...


DeviceT = TypeVar("DeviceT", bound=NamedDevice)
CameraT = TypeVar("CameraT", bound=NamedCamera)


class DeviceUnknown(CuelightError):
    code: ClassVar[str] = "device_unknown"
    kind: ClassVar[Kind] = Kind.NOT_FOUND
    template: ClassVar[str] = "there is no device with {asked}; GET /v1/device/list shows those that there are"


class DeviceMismatch(CuelightError):
    code: ClassVar[str] = "device_mismatch"
    kind: ClassVar[Kind] = Kind.INVALID
    template: ClassVar[str] = "{asked} name different devices; give one of them, and 0 or an empty text for the others"


class DeviceNotUnique(CuelightError):
    code: ClassVar[str] = "device_not_unique"
    kind: ClassVar[Kind] = Kind.CONFLICT
    template: ClassVar[str] = "several devices have the name {asked}; use the serial number or the deviceID"


class TargetUnclear(CuelightError):
    code: ClassVar[str] = "target_unclear"
    kind: ClassVar[Kind] = Kind.INVALID
    template: ClassVar[str] = "a preset needs one target, either deviceID or deviceGroupID: {found} given"


class CameraUnknown(CuelightError):
    code: ClassVar[str] = "camera_unknown"
    kind: ClassVar[Kind] = Kind.NOT_FOUND
    template: ClassVar[str] = "there is no camera {asked}; this device has {known}"


@dataclass(frozen=True, slots=True)
class DeviceReference:
    """A device as a request names it. `texts` are serial numbers or names: clients send the serial as `deviceName`."""

    key: int = 0
    texts: tuple[str, ...] = ()

    @property
    def absent(self) -> bool:
        """True when the request names no device."""
        return not self.key and not self.texts

    def __str__(self) -> str:
        parts = [f"deviceID {self.key}"] if self.key else []
        return " and ".join(parts + [f"serial or name {text!r}" for text in self.texts])


def device_reference(device_id: int | None = 0, serial: str | None = "", name: str | None = "") -> DeviceReference:
    """The fields `deviceID`, `deviceSerial`, `deviceName` of a request, absent values left out, equal texts once."""
    return DeviceReference(device_id or 0, tuple(dict.fromkeys(text for text in (serial, name) if text)))


def pick_device(reference: DeviceReference, candidates: Iterable[DeviceT]) -> DeviceT:
    """The one device that every given part of `reference` means; a text is a serial number first, then a name.

    Raises DeviceUnknown, DeviceMismatch, DeviceNotUnique.
    """
    devices = list(candidates)
    found = [_by_text(text, devices) for text in reference.texts]
    if reference.key:
        found.append(_only([device for device in devices if device.key == reference.key], f"deviceID {reference.key}"))
    if not found:
        raise DeviceUnknown(asked="no deviceID, serial or name")
    if len({device.key for device in found}) > 1:
        raise DeviceMismatch(asked=str(reference))
    return found[0]


def check_preset_target(device_id: int | None, device_group_id: int | None) -> None:
    """Refuses a preset with neither or both targets (TargetUnclear)."""
    if bool(device_id) == bool(device_group_id):
        raise TargetUnclear(found="both are" if device_id else "neither is")


def choose_camera(cameras: Sequence[CameraT], wanted: str | int | None = None, index: int | None = None) -> CameraT:
    """`wanted` (`parameters.camera`: id, name or key), else `index` (a Multiplex `deviceID`), else the first camera.

    Raises CameraUnknown.
    """
    ordered = sorted(cameras, key=lambda camera: camera.camera_index)
    asked = "at all"
    matches = ordered
    if wanted:
        asked = repr(wanted)
        matches = _cameras_called(wanted, ordered)
    elif index is not None:
        asked = f"with index {index}"
        matches = [camera for camera in ordered if camera.camera_index == index]
    if not matches:
        known = ", ".join(f"{camera.camera_id} (index {camera.camera_index})" for camera in ordered) or "none"
        raise CameraUnknown(asked=asked, known=known)
    return matches[0]


def _cameras_called(wanted: str | int, cameras: list[CameraT]) -> list[CameraT]:
    if isinstance(wanted, int):
        return [camera for camera in cameras if camera.key == wanted]
    by_id = [camera for camera in cameras if camera.camera_id == wanted]
    by_name = by_id or [camera for camera in cameras if camera.name == wanted]
    return by_name or [camera for camera in cameras if str(camera.key) == wanted]


def _by_text(text: str, devices: list[DeviceT]) -> DeviceT:
    serials = [device for device in devices if device.serial_number == text]
    return _only(serials or [device for device in devices if device.device_name == text], repr(text))


def _only(devices: list[DeviceT], asked: str) -> DeviceT:
    if not devices:
        raise DeviceUnknown(asked=asked)
    if len(devices) > 1:
        raise DeviceNotUnique(asked=asked)
    return devices[0]
