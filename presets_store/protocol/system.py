"""Small answers, problems, constants and edits that several routes share."""

from pydantic import ConfigDict, Field

from presets_store.protocol.base import WireModel, pascal_name
from presets_store.protocol.fields import Int, Key, LongText, Moment, Name, Text, ValueText
from presets_store.protocol.item_types import ItemType


class StandardResult(WireModel):
    code: Int = 0
    description: LongText = ""


class TestAnswer(WireModel):
    """Answer to `GET /v1/test`."""

    __test__ = False
    model_config = ConfigDict(alias_generator=pascal_name)

    message: Text = "Success"


class VersionAnswer(WireModel):
    """Answer to `GET /v1/version`. `product` (ours) tells that the extension routes exist."""

    model_config = ConfigDict(alias_generator=pascal_name)

    version: Name
    build_date: Name
    product: Name = "cuelight"


class ProblemField(WireModel):
    """One wrong member of a request."""

    field: Text
    problem: Text
    expected: Text = ""


class ProblemDocument(WireModel):
    """RFC 9457 `application/problem+json`. `code` is the error class's; `errors` names each wrong member."""

    type: Text = "about:blank"
    title: Text
    status: int
    detail: LongText
    code: Name
    errors: list[ProblemField] = Field(default_factory=list, exclude_if=lambda errors: not errors)


class AgentTypeRecord(WireModel):
    key: Int = 0
    agent_type_name: Name = ""
    detailed_description: Text = ""
    creation_date: Moment = 0


class EventTypeRecord(WireModel):
    key: Int = 0
    legacy_event_type_id: Int = 0
    agent_type_id: Int = 0
    event_type_name: Name = ""
    description: Text = ""
    creation_date: Moment = 0


class EventStatusEntry(WireModel):
    """One line of `GET /v1/eventstatus/list`."""

    key: Int = 0
    event_status_name: Name = ""
    description: Text = ""
    creation_date: Moment = 0


class PatchOperation(WireModel):
    """One edit; `field_name` is matched without regard to case, `value` is always text on the wire."""

    operation: Name = ""
    field_name: Name = Field(min_length=1)
    value: ValueText = ""


class ValueBody(WireModel):
    """`{"value": text}`: names of groups, stream paths, comments."""

    value: Text


class NameValuePair(WireModel):
    name: Name = Field(min_length=1)
    value: ValueText = ""


class CollectionRecord(WireModel):
    """A device group. `item_type_id` is never 0, 3 or 16: clients fail on those."""

    key: Int = 0
    collection_name: Name = ""
    description: Text = ""
    item_type_id: Int | None = int(ItemType.DEVICE)
    item_id: Int = 0
    parent_id: Int = 0
    creation_date: Moment = 0


class DeviceSettingRecord(WireModel):
    key: Int = 0
    device_id: Int = 0
    setting_name: Name = ""
    setting_value: LongText = ""
    creation_date: Moment = 0


class UserSettingRecord(WireModel):
    key: Int = 0
    setting_name: Name = ""
    setting_value: LongText = ""
    creation_date: Moment = 0


class StreamRecord(WireModel):
    key: Int = 0
    device_id: Int = 0
    stream_type_id: Int = 0
    event_id: Int = 0
    stream_name: Name = ""
    stream_path: Name = ""
    stream_description: Text = ""
    publish_url: Text = ""
    read_url: Text = ""
    last_activity_date: Moment = 0
    action_type_id: Key = 0
    creation_date: Moment = 0
