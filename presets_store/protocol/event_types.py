"""The 64 event types: names, who serves each, which are carried out here (event-types.md sections 3 and 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from presets_store.protocol.agent_types import (
    MAX_ECHO,
    AgentType,
    find_agent_type,
    group_is_agent_type,
    nearest,
    served_by,
)
from presets_store.protocol.errors import AgentTypeMismatch, UnknownEventType


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type. `unsupported` says why it is not carried out here, "" when it is."""

    id: int
    group: str
    member: str
    agent_type: AgentType
    description: str
    unsupported: str = ""

    @property
    def wire_name(self) -> str:
        """`eventType` on the wire, for example `Video_Start_recording`."""
        return f"{self.group}_{self.member}"

    @property
    def agent_type_id(self) -> int:
        return int(self.agent_type)

    @property
    def supported(self) -> bool:
        return not self.unsupported


_ACTION_SYNC = "the ActionSync protocol is not published"
_CONFERENCE = "this project joins no conferences"
_UDP_IN = "this project plays no incoming media"
_UDP_AUDIO = "this project sends sound only inside a recording or stream"

_ROWS: Final = (
    (1, "Video_Start_recording", "record video until stopped or for a duration", ""),
    (2, "Video_Stop_recording", "end the recordings of a camera", ""),
    (3, "Video_Start_send_ActionSync", "send an ActionSync stream", _ACTION_SYNC),
    (4, "Video_Stop_send_ActionSync", "end an outgoing ActionSync stream", _ACTION_SYNC),
    (5, "Video_Start_receive_ActionSync", "receive an ActionSync stream", _ACTION_SYNC),
    (6, "Video_Stop_receive_ActionSync", "end an incoming ActionSync stream", _ACTION_SYNC),
    (7, "Video_Test_event", "count with progress, without a camera", ""),
    (8, "Video_Follow", "follow a subject", "the contract does not say what it does"),
    (9, "Video_Start_bars", "use the test picture as the camera's source", ""),
    (10, "Video_Stop_bars", "go back from the test picture to the camera", ""),
    (11, "Video_Test_stop", "end test events", ""),
    (12, "Transcoding_Transcode_file", "code a media file anew", ""),
    (13, "Transfer_Transfer_file", "upload or download a file", ""),
    (14, "Video_Start_RTMP", "stream over RTMP", ""),
    (15, "Video_Stop_RTMP", "end RTMP streams", ""),
    (16, "Transcoding_Concatenate_files", "join the clips of a time range", ""),
    (17, "Device_Add_network", "add a wireless network", ""),
    (18, "Device_Remove_network", "remove a wireless network", ""),
    (19, "Device_Update_networks", "replace the wireless networks", ""),
    (20, "Device_Send_network_list", "report the wireless networks", ""),
    (21, "Device_Update_software", "install a signed software package", ""),
    (22, "Device_Update_setting", "change a setting of the device", ""),
    (23, "Transcoding_Extract_video", "cut a time range out of the clips", ""),
    (24, "Video_Join_conference", "join a video conference", _CONFERENCE),
    (25, "Video_Leave_conference", "leave a video conference", _CONFERENCE),
    (26, "Transcoding_Concatenate_files_ext", "join the clips of a list", ""),
    (27, "Device_Clear_flag_queue", "clear a named queue", ""),
    (28, "Video_Start_camera_multiplex", "keep a camera open and its ring filled", ""),
    (29, "Video_Multiplex_start_recording", "record video beside other uses of the camera", ""),
    (30, "Video_Multiplex_start_send_ActionSync", "send an ActionSync stream beside other uses", _ACTION_SYNC),
    (31, "Video_Multiplex_join_conference", "join a video conference beside other uses", _CONFERENCE),
    (32, "Video_Multiplex_start_RTMP", "stream over RTMP beside other uses of the camera", ""),
    (33, "Workflow_Event_preset_workflow", "run presets in order", ""),
    (34, "Video_Start_receive_ActionSync_multiplex", "receive an ActionSync stream beside other uses", _ACTION_SYNC),
    (35, "Device_End_process", "end an event that runs", ""),
    (36, "Video_Multiplex_capture_frames", "take frames at a rate beside other uses of the camera", ""),
    (37, "Video_Multiplex_stop_recording", "end the recordings of a camera", ""),
    (38, "Video_Multiplex_stop_RTMP", "end RTMP streams", ""),
    (39, "Video_Multiplex_leave_conference", "leave a video conference", _CONFERENCE),
    (40, "Video_Multiplex_stop_capturing_frames", "end the taking of frames", ""),
    (41, "Video_Multiplex_stop_send_ActionSync", "end an outgoing ActionSync stream", _ACTION_SYNC),
    (42, "Device_Reboot_device", "reboot the device", ""),
    (43, "Video_Start_send_UDP_video", "stream MPEG-TS over UDP", ""),
    (44, "Video_Stop_send_UDP_video", "end UDP streams", ""),
    (45, "Video_Start_receive_UDP_video_multiplex", "receive video over UDP", _UDP_IN),
    (46, "Video_Stop_receive_UDP_video_multiplex", "end the receiving of video over UDP", _UDP_IN),
    (47, "Video_Start_send_UDP_audio", "send sound over UDP", _UDP_AUDIO),
    (48, "Video_Stop_send_UDP_audio", "end the sending of sound over UDP", _UDP_AUDIO),
    (49, "Video_Start_receive_UDP_audio_multiplex", "receive sound over UDP beside other uses", _UDP_IN),
    (50, "Video_Stop_receive_UDP_audio_multiplex", "end the receiving of sound over UDP", _UDP_IN),
    (51, "Video_Start_audio_multiplex_send_UDP", "send sound over UDP beside other uses", _UDP_AUDIO),
    (52, "Video_Stop_audio_multiplex_send_UDP", "end the sending of sound over UDP", _UDP_AUDIO),
    (53, "Video_Start_receive_UDP_audio", "receive sound over UDP", _UDP_IN),
    (54, "Video_Stop_receive_UDP_audio", "end the receiving of sound over UDP", _UDP_IN),
    (
        55,
        "Video_Start_microphone_multiplex",
        "share the microphone",
        "the microphone is not a source of its own here",
    ),
    (56, "Device_Set_input_volume", "set the microphone's volume", ""),
    (57, "Device_Set_output_volume", "set the loudspeaker's volume", ""),
    (58, "Device_Restart_agents", "restart the agent", ""),
    (59, "Setup_Device_registered", "note that the device is registered", ""),
    (60, "Audio_Start_recording", "record sound", ""),
    (61, "Audio_Stop_recording", "end the recording of sound", ""),
    (62, "Image_Start_taking_photos", "take a photo, or photos at an interval", ""),
    (63, "Image_Stop_taking_photos", "end the taking of photos", ""),
    (64, "Video_Start_SRT", "stream over SRT", ""),
)


def _event_type(number: int, name: str, description: str, reason: str) -> EventType:
    group, member = name.split("_", 1)
    return EventType(number, group, member, served_by(group), description, reason)


EVENT_TYPES: Final[Mapping[int, EventType]] = MappingProxyType({row[0]: _event_type(*row) for row in _ROWS})
"""Every event type by its number."""

_BY_NAME: Final = {event_type.wire_name.casefold(): event_type for event_type in EVENT_TYPES.values()}
_BY_NUMBER: Final = {str(number): event_type for number, event_type in EVENT_TYPES.items()}


def find_event_type(name_or_id: str | int, agent_type: str | int | None = None) -> EventType:
    """The event type of a wire name (any case), a number, or a bare member name when `agent_type` says whose it is.

    `agent_type` is a name or number; None, 0 and "" are absent. An agent type that does not serve the event type is
    refused, except for the groups (Image, Audio, Workflow, Transcoding) of which the contract does not say who serves
    them.
    Raises UnknownEventType with the nearest names, UnknownAgentType, AgentTypeMismatch.
    """
    text = str(name_or_id).strip()
    agent = find_agent_type(agent_type) if agent_type else None
    found = _BY_NAME.get(text.casefold()) or _BY_NUMBER.get(text) or _by_member(text, agent_type, agent)
    if found is None:
        raise UnknownEventType(name=text[:MAX_ECHO], hint=_hint(text))
    if agent is not None and agent is not found.agent_type and group_is_agent_type(found.group):
        raise AgentTypeMismatch(event_type=found.wire_name, expected=found.agent_type.wire_name, given=agent.wire_name)
    return found


def _by_member(text: str, agent_type: str | int | None, agent: AgentType | None) -> EventType | None:
    """Of the groups that `agent` serves, the one named as agent type goes first, then that of the agent's own name."""
    if agent is None:
        return None
    asked, member = str(agent_type).strip().casefold(), text.casefold()
    found = [kind for kind in EVENT_TYPES.values() if kind.agent_type is agent and kind.member.casefold() == member]
    found.sort(key=lambda kind: (kind.group.casefold() != asked, kind.group != agent.wire_name))
    return found[0] if found else None


def _hint(text: str) -> str:
    bare = [kind.wire_name for kind in EVENT_TYPES.values() if kind.member.casefold() == text.casefold()]
    if bare:
        return f"; write {' or '.join(bare)}, or name the agent type"
    return nearest(text, [kind.wire_name for kind in EVENT_TYPES.values()])


def unsupported_reason(event_type_id: int) -> str:
    """Why events of this type are not carried out, as the end of a sentence."""
    kind = EVENT_TYPES.get(event_type_id)
    return kind.unsupported if kind and kind.unsupported else "no action for it is installed here"
