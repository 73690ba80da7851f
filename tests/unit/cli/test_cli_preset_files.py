import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.errors import PresetFileInvalid
from agent.cli.presets.files import file_of, read_file
from presets_store.protocol.errors import BadJson

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
NUMBERS = st.integers(0, 2**53)


def preset(**members: Any) -> dict[str, Any]:
    """A preset as the API answers it."""
    return {
        "key": 7,
        "eventPresetName": "Porch",
        "deviceID": 1,
        "eventTypeID": 1,
        "eventParameters": '{"durationSeconds": 10}',
        "priority": 1,
        "maxAttempts": 3,
        "expirationEpoch": 0,
        "tagString": "",
        "tagNumber": 0,
    } | members


def written(**members: Any) -> dict[str, Any]:
    return {"cuelightPreset": 1, "name": "Porch", "eventType": "Video_Start_recording"} | members


def wrong(document: object) -> dict[str, str]:
    with pytest.raises(PresetFileInvalid) as caught:
        read_file(json.dumps(document).encode(), "porch.json")
    assert caught.value.message.startswith("porch.json is not imported:\n  ")
    return {problem.field: problem.problem for problem in caught.value.problems}


def test_the_file_is_what_a_person_would_write() -> None:
    assert file_of(preset(), None) == {
        "cuelightPreset": 1, "name": "Porch", "eventType": "Video_Start_recording",
        "parameters": {"durationSeconds": 10}, "priority": 1, "maxAttempts": 3, "expirationEpoch": 0,
        "tagString": "", "tagNumber": 0,
    }  # fmt: skip


@given(NAMES, NAMES, NUMBERS, NUMBERS, NUMBERS, st.dictionaries(NAMES, st.none() | NUMBERS | NAMES, max_size=4))
def test_what_was_exported_reads_the_same(
    name: str, tag: str, number: int, priority: int, expires: int, parameters: dict[str, Any]
) -> None:
    record = preset(
        eventPresetName=name, tagString=tag, tagNumber=number, priority=priority, expirationEpoch=expires,
        eventTypeID=7, eventParameters=json.dumps(parameters),
    )  # fmt: skip
    read = read_file(json.dumps(file_of(record, None)).encode(), "f")
    assert (read.name, read.tag_string, read.tag_number) == (name, tag, number)
    assert (read.priority, read.expiration_epoch, read.max_attempts) == (priority, expires, 3)
    assert (read.kind.id, read.parameters) == (7, parameters)


def test_what_is_left_out_has_a_default() -> None:
    read = read_file(json.dumps(written()).encode(), "f")
    assert (read.parameters, read.priority, read.max_attempts, read.members) == ({}, 1, 0, [])


def test_a_workflow_has_steps() -> None:
    member = {"name": "Porch", "eventType": "Video_Start_recording"}
    steps = [{"preset": {"name": "a", "eventType": "Video_Test_event"}}, {"device": "X", "preset": member}]
    read = read_file(json.dumps(written(eventType="33", steps=steps)).encode(), "f")
    assert [(step.device, step.preset.name) for step in read.members] == [("", "a"), ("X", "Porch")]


def test_each_wrong_member_is_named() -> None:
    assert wrong({"name": 3, "eventType": "Video_Start_recording", "prioritty": 1, "maxAttempts": -1}) == {
        "cuelightPreset": "is missing",
        "name": "is not text",
        "maxAttempts": "is too small",
        "prioritty": "is not known here",
    }
    with pytest.raises(PresetFileInvalid, match=r"stepps is not known here .expected only name, eventType, "):
        read_file(json.dumps(written(stepps=[])).encode(), "f")
    assert wrong(written(cuelightPreset=2)) == {"cuelightPreset": "is not one of the known values"}
    assert wrong([]) == {"": "is not an object"}
    told = wrong(written(eventType="Video_Start_recordng"))["eventType"]
    assert "is unknown" in told
    assert "Video_Start_recording" in told
    assert wrong(written(parameters={"width": "wide", "rotationDegrees": 45})).keys() == {
        "parameters.width", "parameters.rotationDegrees",
    }  # fmt: skip
    assert wrong(written(parameters=[1])) == {"parameters": "is not an object"}


def test_each_wrong_step_is_named() -> None:
    member = {"name": "a", "eventType": "Video_Start_recording", "parameters": {"width": "wide"}}
    nested = {"name": "b", "eventType": "Workflow_Event_preset_workflow"}
    steps = [{"preset": member}, {"preset": nested}, {"preset": {"name": "c", "eventType": "Video_Dance"}}]
    found = wrong(written(eventType="Workflow_Event_preset_workflow", steps=steps, parameters={}))
    assert found.keys() == {
        "steps[0].preset.parameters.width", "steps[1].preset.eventType", "steps[2].preset.eventType", "parameters",
    }  # fmt: skip
    assert found["steps[1].preset.eventType"] == "is a workflow inside a workflow"
    assert wrong(written(steps=[])) == {"eventType": "has no steps"}
    assert wrong(written(eventType="Workflow_Event_preset_workflow")) == {"steps": "is missing"}
    assert wrong(written(eventType="33", steps=[{"device": "X"}])) == {"steps[0].preset": "is missing"}


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    with pytest.raises((BadJson, PresetFileInvalid)):
        read_file(text, "f")
