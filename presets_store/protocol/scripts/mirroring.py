"""What a device gets of the scripts of its hub, and what it tells of them. Ours beside the contract."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import MAX_LIST, Count, Flag, Int, JsonText, Key, Keys, LongText, Moment, Name, Text
from presets_store.protocol.startup import StandalonePreset

MOST_TOLD = 100
"""Triggers in one request."""
MOST_CAMERAS = 64


class DeclaredCamera(WireModel):
    """One camera of a device, as that knows it. `camera_id` is its stable name there."""

    camera_index: Annotated[Int, Field(ge=0, lt=MOST_CAMERAS)]
    camera_id: Annotated[Name, Field(min_length=1)]
    name: Name = ""
    backend: Name = ""


class MirroredEvent(WireModel):
    """An event that somebody added to the catalogue of the hub."""

    name: Annotated[Name, Field(min_length=1)]
    description: Text = ""
    color: Name = ""
    analytic_type: Name = ""


class MirroredScript(WireModel):
    """A script. `camera_ids`: null for every camera of the device. `working_time` is JSON, "" for always.

    `extra` has no secrets. `preset`: what run-preset runs on this device, whole; null where that is another device's
    or must not leave the hub: then the hub runs it when it is told that the script fired.
    """

    key: Key
    script_uuid: UUID
    title: Text = ""
    status: Name = "active"
    event_name: Annotated[Name, Field(min_length=1)]
    reaction: Name = ""
    users: Keys = Field(default_factory=list)
    camera_ids: list[Name] | None = Field(default=None, max_length=MOST_CAMERAS)
    working_time: JsonText = ""
    extra: JsonText = "{}"
    preset: StandalonePreset | None = None
    cooldown_seconds: Count = 0


class MirroredCase(WireModel):
    """What is to be looked for on a camera of the device. `zones` and `options` are JSON."""

    key: Key
    case_uuid: UUID
    camera_id: Annotated[Name, Field(min_length=1)]
    analytic_type: Name
    name: Text = ""
    zones: JsonText = "[]"
    options: JsonText = "{}"
    status: Name = "active"


class MirroredChannel(WireModel):
    """Where a user of the hub is told by the device itself. `url` is a secret."""

    key: Key
    channel_uuid: UUID
    user_id: Key
    user_name: Name = ""
    name: Text = ""
    url: Annotated[Text, Field(min_length=1, repr=False)]
    quiet: JsonText = ""


class DeviceScripts(WireModel):
    """Answer of `GET /v1/device/{id}/scripts`: all that the device needs to go on without the hub."""

    scripts: Annotated[list[MirroredScript], Field(max_length=MAX_LIST)] = Field(default_factory=list)
    events: Annotated[list[MirroredEvent], Field(max_length=MAX_LIST)] = Field(default_factory=list)
    cases: Annotated[list[MirroredCase], Field(max_length=MAX_LIST)] = Field(default_factory=list)
    channels: Annotated[list[MirroredChannel], Field(max_length=MAX_LIST)] = Field(default_factory=list)


class ToldUser(WireModel):
    """Whom the device itself has told, by which channel."""

    user_id: Key
    channel_uuid: UUID
    sent_date: Moment = 0


class FiredScript(WireModel):
    """A script of the hub that fired on the device. `carried_out`: its reaction was the device's and is under way."""

    script_uuid: UUID
    decided_date: Moment
    carried_out: Flag = 0
    told: Annotated[list[ToldUser], Field(max_length=MAX_LIST)] = Field(default_factory=list)


class FiredTrigger(WireModel):
    """What the device saw or was told, because of which scripts of the hub fired there. `image`: base64 JPEG, or ""."""

    trigger_uuid: UUID
    event_name: Annotated[Name, Field(min_length=1)]
    camera_id: Name = ""
    occurred_date: Moment
    clock_quality: Name = ""
    attributes: LongText = "{}"
    image: Annotated[str, Field(max_length=900_000, repr=False)] = ""
    scripts: Annotated[list[FiredScript], Field(min_length=1, max_length=MAX_LIST)]
