"""Cameras on the wire (ours, events-api.md section 12.4)."""

from typing import Any

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Int, Key, Name, Text


class CameraRecord(WireModel):
    """One source of a device. `capabilities` is what the source declares; `state` as in the camera's reports."""

    key: Int = 0
    device_id: Int = 0
    camera_index: Int = 0
    camera_id: Name = ""
    name: Name = ""
    address: Text = ""
    backend: Name = ""
    capabilities: dict[str, Any] = Field(default_factory=dict)
    state: Name = ""


class UpdateCamera(WireModel):
    """One camera of the list in `PUT /v1/device/{id}/cameras`: by `key` or `camera_index`, with its new name."""

    key: Key = 0
    camera_index: Int | None = None
    name: Name = Field(min_length=1)
