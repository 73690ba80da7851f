"""Event presets on the wire (events-api.md sections 4 and 6)."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from presets_store.protocol.base import WireModel, pascal_name
from presets_store.protocol.events import AuditFields
from presets_store.protocol.fields import Count, Int, JsonText, Key, Keys, LongText, Moment, Name, NameOrId, Real, Text

STARTUP_STATES: Final = ("online", "standalone")
"""The two words that `{deviceState}` may be (section 12.1)."""


class _PresetMembers(WireModel):
    key: Int = 0
    event_preset_name: Name = ""
    device_id: Int = 0
    device_group_id: Int = 0
    agent_type_id: Int = 0
    agent_id: Int = 0
    event_type_id: Int = 0
    event_status: Int = 0
    event_parameters: JsonText = ""
    process_id: Int = 0
    result: LongText = ""
    percent_complete: Real = 0.0
    priority: Int = 0
    expiration_epoch: Int = 0
    attempt_number: Int = 0
    max_attempts: Int = 0
    tag_string: Text = ""
    tag_number: Int = 0
    creation_date: Moment = 0


class EventPresetRecord(AuditFields, _PresetMembers):
    """A preset as it is answered. One of `device_id` and `device_group_id` is 0."""


class CopiedPreset(EventPresetRecord):
    """Answer to a copy: the new preset, and (ours) what its new device lacks for it, in sentences for people."""

    warnings: list[str] = Field(default_factory=list)


class CreateEventPreset(WireModel):
    """Body of `POST /v1/eventpreset`. Types by name or number."""

    one_of = (("event_type", "event_type_id"),)
    exactly_one_of = (("device_id", "device_group_id"),)

    event_preset_name: Name = ""
    device_id: Key = 0
    device_group_id: Key = 0
    agent_type: NameOrId = ""
    event_type: NameOrId = ""
    agent_type_id: Key = 0
    event_type_id: Key = 0
    event_parameters: JsonText = ""
    priority: Int = 1
    max_attempts: Count = 0
    expiration_epoch: Count = 0


class UpdateEventPreset(EventPresetRecord):
    """Body of `PUT /v1/eventpreset/{id}`: a whole preset; read-only members are read and ignored, absent ones stay."""

    exactly_one_of = (("device_id", "device_group_id"),)

    device_id: Key = 0
    device_group_id: Key = 0
    event_type_id: Annotated[Int, Field(ge=1)]
    max_attempts: Count = 0
    expiration_epoch: Count = 0


class RunPreset(WireModel):
    """Body of `POST /v1/eventpreset/run/{id}`. `data`: device keys to run on instead of the stored target."""

    data: Keys = Field(default_factory=list)


class EventIdAnswer(WireModel):
    """`{"EventID": n}`, Pascal case on the wire."""

    model_config = ConfigDict(alias_generator=pascal_name)

    event_id: Int


class GroupRunAnswer(EventIdAnswer):
    """Answer to a run on several devices: the first event, all of them, and the number of this run."""

    event_ids: list[Key]
    group_run_id: Int


class StartupTarget(WireModel):
    """Body that clients send with a start-up binding; the preset's own target counts."""

    device_id: Key = 0
    device_group_id: Key = 0
