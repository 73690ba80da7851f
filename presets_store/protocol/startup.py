"""The standalone start-up preset: whole, as a device keeps it, so that it runs without any store behind it."""

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Count, Int, JsonText, Key, Name, Text

STANDALONE_SETTING = "standalone_startup_preset"
"""Name of the setting by which `Device_Update_setting` brings the preset to its device; an empty value clears it."""


class StandalonePreset(WireModel):
    """A preset with all that a run needs. Members of a workflow stand in its steps (`WorkflowStep.preset`).

    `revision` is the preset's time of change in microseconds since the epoch: two copies can be told apart by it.
    """

    key: Key = 0
    uuid: Name = ""
    event_preset_name: Name = ""
    device_id: Key = 0
    agent_type_id: Key = 0
    event_type_id: Key
    event_parameters: JsonText = "{}"
    priority: Int = 1
    max_attempts: Count = 0
    expiration_epoch: Count = 0
    tag_string: Text = ""
    tag_number: Int = 0
    revision: Int = 0
