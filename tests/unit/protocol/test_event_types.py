"""The tables of agent types, event types and statuses, against the client's enumerations; lookup by name."""

from enum import Enum
from typing import Any

import pytest
from actionstreamer import Model as Client

from presets_store.protocol.agent_types import AgentType, find_agent_type, served_by
from presets_store.protocol.constants import agent_type_records, event_status_records, event_type_records
from presets_store.protocol.errors import AgentTypeMismatch, UnknownAgentType, UnknownEventType
from presets_store.protocol.event_types import (
    EVENT_TYPES,
    find_event_type,
    unsupported_reason,
)
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.statuses import EventStatus, MediaStatus, StreamType, VideoClipType

UNSUPPORTED = {3, 4, 5, 6, 8, 24, 25, 30, 31, 34, 39, 41, *range(45, 56)}


def client_event_types() -> dict[int, str]:
    groups: dict[str, Any] = {name: group for name, group in vars(Client.EventType).items() if isinstance(group, type)}
    return {member.value: f"{name}_{member.name}" for name, group in groups.items() for member in group}


def test_event_types_are_those_of_the_client() -> None:
    assert {number: kind.wire_name for number, kind in EVENT_TYPES.items()} == client_event_types()
    assert sorted(EVENT_TYPES) == list(range(1, 65))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (AgentType, Client.AgentType),
        (EventStatus, Client.EventStatus),
        (MediaStatus, Client.VideoClipStatus),
        (VideoClipType, Client.VideoClipType),
        (StreamType, Client.StreamType),
    ],
    ids=["agent", "event status", "media status", "clip type", "stream type"],
)
def test_enumerations_have_the_clients_names_and_numbers(ours: Any, theirs: type[Enum]) -> None:
    assert {member.wire_name: int(member) for member in ours} == {member.name: member.value for member in theirs}


def test_item_types_have_the_clients_numbers() -> None:
    folded = {member.name.replace("_", "").casefold(): int(member) for member in ItemType}
    assert folded == {member.name.casefold(): member.value for member in Client.ItemType}


def test_what_is_not_carried_out_says_so() -> None:
    assert {number for number, kind in EVENT_TYPES.items() if not kind.supported} == UNSUPPORTED
    assert unsupported_reason(8) == EVENT_TYPES[8].unsupported
    assert unsupported_reason(1) == unsupported_reason(999) == "no action for it is installed here"


@pytest.mark.parametrize(
    ("group", "agent"),
    [("Image", 1), ("Audio", 1), ("Video", 1), ("Workflow", 11), ("Device", 11), ("Transcoding", 4), ("Transfer", 5)],
)
def test_who_serves_a_group(group: str, agent: int) -> None:
    assert served_by(group) == agent


@pytest.mark.parametrize(
    ("name", "agent_type", "number"),
    [
        ("Video_Start_recording", None, 1),
        ("video_start_RECORDING", "Video", 1),
        (" Video_Start_recording ", "", 1),
        ("Start_recording", "Video", 1),
        ("start_recording", 1, 1),
        ("Start_recording", "Audio", 60),
        ("Start_taking_photos", "Image", 62),
        ("Start_taking_photos", "Video", 62),
        ("Audio_Start_recording", "Audio", 60),
        ("Audio_Start_recording", "Device", 60),
        ("Workflow_Event_preset_workflow", "Workflow", 33),
        ("Workflow_Event_preset_workflow", "Video", 33),
        ("Reboot_device", "device", 42),
        (64, None, 64),
        ("64", 0, 64),
    ],
)
def test_find_event_type(name: str | int, agent_type: str | int | None, number: int) -> None:
    assert find_event_type(name, agent_type).id == number


@pytest.mark.parametrize("number", range(1, 65))
def test_every_type_is_found_by_its_own_names(number: int) -> None:
    kind = EVENT_TYPES[number]
    assert find_event_type(kind.wire_name) is kind
    assert find_event_type(kind.member, kind.group) is kind
    assert find_event_type(number, kind.agent_type_id) is kind


@pytest.mark.parametrize(
    ("name", "agent_type", "text"),
    [
        ("Video_Start_recoding", None, "did you mean Video_Start_recording"),
        ("Start_recording", None, "write Video_Start_recording or Audio_Start_recording, or name the agent type"),
        ("65", None, "no event type '65'"),
        ("", None, "no event type ''"),
        ("-1", None, "no event type '-1'"),
        ("१", None, "no event type"),
        ("x" * 10_000, None, "no event type"),
        ("9" * 10_000, None, "no event type"),
    ],
)
def test_unknown_event_types_name_what_is_near(name: str, agent_type: str | None, text: str) -> None:
    with pytest.raises(UnknownEventType, match=text) as caught:
        find_event_type(name, agent_type)
    assert len(caught.value.message) < 300


def test_an_agent_type_that_does_not_serve_the_event_type_is_refused() -> None:
    with pytest.raises(AgentTypeMismatch, match="Device_Reboot_device is served by agent type Device, not by Video"):
        find_event_type("Device_Reboot_device", "Video")


def test_find_agent_type() -> None:
    assert find_agent_type("uploadfilelist") is AgentType.UPLOAD_FILE_LIST
    assert find_agent_type("11") is find_agent_type(11) is AgentType.DEVICE
    with pytest.raises(UnknownAgentType, match="did you mean Video"):
        find_agent_type("Vidio")


def test_lists_of_constants() -> None:
    assert [(entry.key, entry.event_status_name) for entry in event_status_records()][1] == (2, "Checked_out")
    assert {entry.agent_type_name for entry in agent_type_records()} == {member.wire_name for member in AgentType}
    assert len(event_type_records()) == 64
    assert {entry.agent_type_id for entry in event_type_records(AgentType.DEVICE)} == {11}
    assert all(entry.description for entry in event_type_records())
