"""What a preset will miss on the device to which it is copied, in sentences for people. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from presets_store.protocol.event_types import EventType
from presets_store.protocol.parameters import PARAMETER_MODELS, read_parameters
from presets_store.protocol.parameters.device import WorkflowStep
from presets_store.rules.targeting import CameraUnknown, NamedCamera, choose_camera

_CAMERA_GROUPS: Final = ("Video", "Image")
_WITHOUT_CAMERA: Final = frozenset({7, 11})
"""Test events: of the types in these groups, those that need no camera."""
_RATE_SLACK: Final = 0.5
"""Frames per second that count as equal: 29.97 is 30."""


class DescribedCamera(NamedCamera, Protocol):
    """A camera of the destination. `capabilities`: JSON `{"formats": [{"width", "height", "rate"}, ...]}`."""

    @property
    def capabilities(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Format:
    long: int
    short: int
    rate: float

    @classmethod
    def of(cls, width: int, height: int, rate: float) -> "_Format":
        """Upright or not: cameras are mounted both ways, and the client asks for upright pictures by default."""
        return cls(max(width, height), min(width, height), rate)

    def has_room_for(self, asked: "_Format") -> bool:
        return self.long >= asked.long and self.short >= asked.short

    def __str__(self) -> str:
        return f"{self.long}x{self.short}"


def camera_warnings(kind: EventType, parameters: str, cameras: Sequence[DescribedCamera]) -> list[str]:
    """What the destination's `cameras` lack for an event of `kind`; `parameters` is its stored `eventParameters`."""
    if kind.group not in _CAMERA_GROUPS or kind.id in _WITHOUT_CAMERA:
        return []
    if not cameras:
        return ["The device has no camera, or has not told of any yet."]
    asked = json.loads(parameters)
    if not isinstance(asked, dict):
        return []
    try:
        camera = choose_camera(cameras, asked.get("camera"), asked.get("deviceID"))
    except CameraUnknown as unknown:
        return [_missing(unknown, asked.get("camera"))]
    return _size_warnings(kind, parameters, camera)


def step_warnings(steps: Sequence[WorkflowStep], owners: Mapping[int, int | None], device_key: int) -> list[str]:
    """Steps of a copied workflow that still mean presets of other devices, or none at all.

    `owners`: the device of each preset that exists, None for a preset of a device group.
    """
    warnings = []
    for number, step in enumerate(steps, start=1):
        preset = step.event_preset_id
        if preset not in owners:
            warnings.append(f"Step {number} names event preset {preset}, which does not exist.")
        elif owners[preset] != device_key or step.device_id not in (0, device_key):
            owner = step.device_id or owners[preset]
            target = "a device group" if owner is None else f"device {owner}"
            warnings.append(f"Step {number} still names event preset {preset} of {target}; copy that one too.")
    return warnings


def _missing(unknown: CameraUnknown, camera: Any) -> str:
    text = str(unknown).replace("this device", "the device")
    hint = "; the key of a camera means nothing on another device, name the camera" if str(camera).isdigit() else ""
    return f"{text[:1].upper()}{text[1:]}{hint}."


def _size_warnings(kind: EventType, parameters: str, camera: DescribedCamera) -> list[str]:
    asked = _asked(kind, parameters)
    if asked is None:
        return []
    formats = _formats(camera.capabilities)
    if not formats:
        return [
            f"Camera {camera.camera_id} has told no formats yet; whether it gives {_wish(asked)} could not be checked."
        ]
    fitting = [known for known in formats if known.has_room_for(asked)]
    if not fitting:
        largest = max(formats, key=lambda known: (known.long * known.short, known.rate))
        return [f"Camera {camera.camera_id} gives at most {largest}; {asked} was asked."]
    fastest = max(known.rate for known in fitting)
    if asked.rate > fastest + _RATE_SLACK:
        size = f" at {asked}" if asked.long else ""
        return [f"Camera {camera.camera_id} gives at most {fastest:g} frames/s{size}; {asked.rate:g} was asked."]
    return []


def _asked(kind: EventType, parameters: str) -> _Format | None:
    """Size and rate that an event asks for; 0: no wish. None when it asks for nothing that could be missing."""
    model = PARAMETER_MODELS.get(kind.id)
    if model is None or "height" not in model.model_fields:
        return None
    wish = read_parameters(model, parameters, kind)
    asked = _Format.of(*(getattr(wish, name, 0) for name in ("width", "height", "fps")))
    return asked if asked.long or asked.rate else None


def _wish(asked: _Format) -> str:
    parts = [str(asked)] if asked.long else []
    return " at ".join(parts + ([f"{asked.rate:g} frames/s"] if asked.rate else []))


def _formats(capabilities: str) -> list[_Format]:
    """The formats that a camera declares; none when it declares none, or in a form that is unknown here."""
    try:
        declared = json.loads(capabilities or "{}").get("formats", [])
        return [_Format.of(int(one["width"]), int(one["height"]), float(one["rate"])) for one in declared]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return []
