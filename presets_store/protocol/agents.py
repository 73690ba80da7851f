"""Agents on the wire (events-api.md sections 4 and 7)."""

from presets_store.protocol.base import WireModel
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import Int, Key, LongText, Moment, Name, NameOrId, Text


class RegisterAgent(DeviceReference):
    """Body of `POST /v1/agent` and `POST /v1/device/ready`."""

    one_of = (("device_id", "device_serial", "device_name"),)

    agent_type: NameOrId = ""
    agent_type_id: Key = 0
    agent_version: Name = ""
    agent_index: Int = 0
    process_id: Int = 0


class AgentRecord(WireModel):
    key: Int = 0
    device_id: Int = 0
    agent_type_id: Int = 0
    agent_index: Int = 0
    current_event_id: Int = 0
    process_id: Int = 0
    version: Name = ""
    agent_name: Name = ""
    agent_description: Text = ""
    recent_output: LongText = ""
    last_heard_from_date: Moment = 0
    creation_date: Moment = 0


class AgentWithNames(AgentRecord):
    """The list form."""

    device_name: Name = ""
    agent_type: Name = ""


class UpdateAgent(WireModel):
    """Body of `PUT /v1/agent/{id}`; None: leave as it is. Other members of an agent are read and ignored."""

    current_event_id: Int | None = None
    process_id: Int | None = None
    agent_name: Name | None = None
    agent_description: Text | None = None
    recent_output: LongText | None = None
