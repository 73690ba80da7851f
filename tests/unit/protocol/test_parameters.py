"""Parameter models against what the client writes; reading of `eventParameters`."""

import json
from typing import Any

import pytest
from actionstreamer import Model as Client

from presets_store.protocol.base import WireModel
from presets_store.protocol.errors import BadJson, BadParameters
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import (
    PARAMETER_MODELS,
    EndProcess,
    StartParameters,
    TestEvent,
    WifiConnection,
    parameters_text,
    parse_parameters,
    read_parameters,
    read_workflow,
)
from presets_store.protocol.parameters.recording import MultiplexRecording, Recording

CLIENT_ARGUMENTS: dict[int, Any] = {
    1: Client.RecordingArgs,
    3: Client.SendActionSyncArgs,
    5: Client.ReceiveActionSyncArgs,
    6: Client.StopReceiveActionSyncArgs,
    12: Client.TranscodingArgs,
    13: Client.TransferArgs,
    14: Client.RTMPArgs,
    16: Client.ConcatenateClipsArgs,
    24: Client.ConferenceArgs,
    27: Client.ClearFlagQueueArgs,
    28: Client.CameraMultiplexArgs,
    29: Client.MultiplexRecordingArgs,
    31: Client.MultiplexConferenceArgs,
    34: Client.ReceiveActionSyncArgs,
    36: Client.CaptureFramesArgs,
    37: Client.MultiplexStopRecordingArgs,
    39: Client.MultiplexLeaveConferenceArgs,
    43: Client.SendUDPVideoArgs,
    45: Client.ReceiveUDPVideoArgs,
    46: Client.StopReceiveUDPVideoArgs,
    47: Client.SendUDPAudioArgs,
    49: Client.ReceiveUDPAudioArgs,
    50: Client.StopReceiveUDPAudioArgs,
    55: Client.MicrophoneMultiplexArgs,
    60: Client.RecordAudioArgs,
    62: Client.CapturePhotoArgs,
    64: Client.SRTArgs,
}


@pytest.mark.parametrize("number", CLIENT_ARGUMENTS, ids=lambda number: EVENT_TYPES[number].wire_name)
def test_names_and_defaults_are_those_of_the_client(number: int) -> None:
    written = CLIENT_ARGUMENTS[number]().to_json()
    model = PARAMETER_MODELS[number]
    assert parse_parameters(EVENT_TYPES[number], written) == json.loads(written)
    read = read_parameters(model, written, EVENT_TYPES[number])
    assert not read.model_extra, "every member that the client writes is known"
    ours = model().dump()
    assert {"timeout": 0} | {name: _same(ours[name]) for name in json.loads(written)} == {"timeout": 0} | json.loads(
        written
    )


def _same(value: object) -> object:
    return 0 if value == "0" else value


@pytest.mark.parametrize("number", sorted(set(PARAMETER_MODELS) - {33}))
def test_empty_text_is_taken_unless_a_member_is_required(number: int) -> None:
    required = any(field.is_required() for field in PARAMETER_MODELS[number].model_fields.values())
    if required:
        with pytest.raises(BadParameters):
            parse_parameters(EVENT_TYPES[number], "")
    else:
        assert parse_parameters(EVENT_TYPES[number], "") == {}


@pytest.mark.parametrize(
    "number", [number for number, kind in EVENT_TYPES.items() if "start" in kind.member.casefold()]
)
def test_every_start_type_takes_a_duration_and_a_camera(number: int) -> None:
    text = '{"durationSeconds": 2.5, "camera": 3}'
    assert parse_parameters(EVENT_TYPES[number], text) == json.loads(text)
    if number in PARAMETER_MODELS:
        model = PARAMETER_MODELS[number]
        assert issubclass(model, StartParameters)
        read = read_parameters(model, text, EVENT_TYPES[number])
        assert (read.duration_seconds, read.camera) == (2.5, "3")


@pytest.mark.parametrize("member", ["durationSeconds", "segmentLengthSeconds"])
def test_a_time_that_no_clock_can_count_is_refused(member: str) -> None:
    with pytest.raises(BadParameters, match=member):
        parse_parameters(EVENT_TYPES[1], json.dumps({member: 1e308}))
    parse_parameters(EVENT_TYPES[1], json.dumps({member: 1e9}))


def test_stored_text() -> None:
    assert parameters_text("") == parameters_text(" \n") == "{}"
    assert parameters_text(' {"a" : 1}') == ' {"a" : 1}'


def test_each_wrong_member_is_named_and_no_value_is_repeated() -> None:
    text = '{"height": "tall", "fps": 2000, "rotationDegrees": 45, "encoding": 4, "h264_level": 1.5}'
    with pytest.raises(BadParameters) as caught:
        parse_parameters(EVENT_TYPES[1], text)
    assert {problem.field: problem.expected for problem in caught.value.problems} == {
        "height": "a whole number",
        "fps": "at most 1000.0",
        "rotationDegrees": "a multiple of 90",
        "encoding": "text",
        "h264_level": "a whole number",
    }
    assert caught.value.message.startswith(
        "parameters of Video_Start_recording: height is not a whole number (expected "
    )
    assert "tall" not in caught.value.message


@pytest.mark.parametrize("text", ["[1]", "5", '"text"', "null", "true"])
def test_parameters_that_are_no_object(text: str) -> None:
    with pytest.raises(BadParameters, match="expected an object"):
        parse_parameters(EVENT_TYPES[2], text)
    assert parse_parameters(EVENT_TYPES[42], text) == json.loads(text), "a class that nobody tells takes any JSON"


def test_text_that_is_not_json_names_the_position() -> None:
    with pytest.raises(BadJson, match=r"eventParameters is not JSON .* at position 8: ") as caught:
        parse_parameters(EVENT_TYPES[7], '{"a": 1 "b": 2}')
    assert caught.value.fields["position"] == 8


def test_unknown_members_are_kept_and_camel_encoder_keys_are_unknown() -> None:
    text = '{"colour": "red", "videoGopSize": 7}'
    assert parse_parameters(EVENT_TYPES[1], text) == json.loads(text)
    read = read_parameters(Recording, text, EVENT_TYPES[1])
    assert read.video_gop_size == 60
    assert read.model_extra == json.loads(text)


def test_small_bit_rates_are_kilobits() -> None:
    assert Recording().bits_per_second == 5_000_000
    assert MultiplexRecording().bits_per_second == 5_000_000
    assert Recording(bitrate=99_999).bits_per_second == 99_999_000
    assert Recording(bitrate=100_000).bits_per_second == 100_000


def test_workflow() -> None:
    steps = [Client.WorkflowPreset(device_id=1, event_preset_id=2), Client.WorkflowPreset(event_preset_id=3)]
    text = Client.EventPresetWorkflowArgs(steps).to_json()
    parse_parameters(EVENT_TYPES[33], text)
    assert [(step.device_id, step.event_preset_id) for step in read_workflow(text)] == [(1, 2), (0, 3)]
    assert read_workflow("") == read_workflow("[]") == []
    with pytest.raises(BadParameters, match="at most 100 objects"):
        read_workflow('{"deviceID": 1, "eventPresetID": 2}')
    with pytest.raises(BadParameters, match="at most 100 objects"):
        read_workflow(json.dumps([{"eventPresetID": 1}] * 101))


def test_workflow_names_the_wrong_step() -> None:
    with pytest.raises(BadParameters) as caught:
        read_workflow('[{"eventPresetID": 1}, 5, {"eventPresetId": 1}, {"eventPresetID": 0}]')
    assert [str(problem) for problem in caught.value.problems] == [
        "[1] is not an object (expected an object)",
        '[2].eventPresetID is missing (is "eventPresetId" meant for it?) (expected a value)',
        "[3].eventPresetID is too small (expected at least 1)",
    ]


@pytest.mark.parametrize("spelling", ["SSID", "sSID"])
def test_both_spellings_of_a_network(spelling: str) -> None:
    network = read_parameters(WifiConnection, json.dumps({spelling: "home", "SecurityType": "x"}), EVENT_TYPES[17])
    assert (network.s_sid, network.security_type) == ("home", "WPA-PSK")
    assert network.dump()["sSID"] == "home"


def test_models_of_types_whose_class_is_ours() -> None:
    assert read_parameters(TestEvent, "", EVENT_TYPES[7]).duration_seconds == 5.0
    assert read_parameters(EndProcess, '{"eventID": 4}', EVENT_TYPES[35]).event_id == 4
    with pytest.raises(BadParameters, match="eventID is missing"):
        read_parameters(EndProcess, "{}", EVENT_TYPES[35])


def test_models_are_wire_models() -> None:
    assert all(issubclass(model, WireModel) for model in PARAMETER_MODELS.values())


def test_a_step_may_hold_its_preset() -> None:
    preset = {"key": 2, "eventTypeID": 1, "eventParameters": '{"fps": 25}', "revision": 7}
    (step,) = read_workflow(json.dumps([{"eventPresetID": 2, "preset": preset, "note": "kept"}]))
    assert step.preset is not None
    assert (step.preset.event_parameters, step.preset.revision) == ('{"fps": 25}', 7)
    assert step.dump()["note"] == "kept"
    with pytest.raises(BadParameters, match=r"\[0\]\.preset\.eventTypeID is missing"):
        read_workflow('[{"eventPresetID": 2, "preset": {}}]')


@pytest.mark.parametrize("number", [1, 7, 33])
@pytest.mark.parametrize("name", ["eventParameters", "EventParameters"])
def test_parameters_nested_in_themselves_are_refused(number: int, name: str) -> None:
    with pytest.raises(BadParameters, match=r"is nested in itself \(expected the inner members alone\)"):
        parse_parameters(EVENT_TYPES[number], json.dumps({name: {"fps": 25}}))
