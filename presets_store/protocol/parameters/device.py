"""Parameters of work on the box itself, and of workflows."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import INT64_MAX, Int, Key, Text
from presets_store.protocol.parameters.base import Name, Parameters
from presets_store.protocol.startup import StandalonePreset
from presets_store.protocol.system import NameValuePair

MAX_NETWORKS = 100
Percent = Annotated[int, Field(ge=0, le=100)]
SECURITY_TYPES = ("WPA-PSK", "WPA-EAP", "WPA-PSK-SHA256")


class ClearFlagQueue(WireModel):
    """Device_Clear_flag_queue."""

    flag_queue_name: Name = ""


class UpdateSetting(NameValuePair):
    """Device_Update_setting."""


class EndProcess(WireModel):
    """Device_End_process (ours): the event to end, in the number space of whoever sends it."""

    event_id: Annotated[int, Field(ge=1, le=INT64_MAX)]


def _known_security(name: str) -> str:
    return name if name in SECURITY_TYPES else SECURITY_TYPES[0]


class WifiConnection(WireModel):
    """A wireless network. Both `sSID` and `SSID` are read; an unknown security type is `WPA-PSK`.

    `identity` (ours) is the user of a `WPA-EAP` network.
    """

    key: Key = 0
    security_type: Annotated[Name, AfterValidator(_known_security)] = SECURITY_TYPES[0]
    s_sid: Name = ""
    alias: Name = ""
    password: Name = ""
    priority: Int = 0
    identity: Name = ""


class RemoveNetwork(WireModel):
    """Device_Remove_network: the network by SSID, alias, or both. `force`: even when it carries the connection."""

    s_sid: Name = ""
    alias: Name = ""
    force: bool = False


class UpdateNetworks(WireModel):
    """Device_Update_networks: a bare list of networks, or the same as member `networks`."""

    networks: Annotated[list[WifiConnection], Field(max_length=MAX_NETWORKS)]

    @model_validator(mode="before")
    @classmethod
    def _bare_list(cls, data: Any) -> Any:
        return {"networks": data} if isinstance(data, list) else data


class SetVolume(Parameters):
    """Device_Set_input_volume, Device_Set_output_volume: 0 to 100 percent, by any one of the three names."""

    percent: Percent | None = None
    value: Percent | None = None
    volume: Percent | None = None


class UpdateSoftware(WireModel):
    """Device_Update_software (ours): a package as `cuelight package sign` describes it.

    It is fetched from `source_url`, or is the file `file_id` of the upstream. `while_recording`: even if that cuts a
    recording.
    """

    version: Name = ""
    sha256_hash: Name = ""
    signature: Name = ""
    file_id: Key = 0
    source_url: Text = ""
    while_recording: bool = False


class WorkflowStep(WireModel):
    """One preset of Workflow_Event_preset_workflow, whose parameters are a list of these, run in order.

    `preset` (ours) is the preset itself, in workflows that must run without a store that has it.
    """

    device_id: Key = 0
    event_preset_id: Annotated[int, Field(ge=1, le=INT64_MAX)]
    preset: StandalonePreset | None = None
