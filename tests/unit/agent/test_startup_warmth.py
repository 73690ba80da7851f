"""Which camera is opened before anything else is known: from the sealed preset and the settings alone."""

import json
from typing import Any

import pytest

from agent.actions import ACTIONS
from agent.running import SinkKind
from agent.settings import CameraSettings
from agent.startup.hosts import FILMING, Warmth, warmth_for
from hardware.models import KeepWarm
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.startup import StandalonePreset

CAMERAS = (CameraSettings(id="main", name="Stage"), CameraSettings(id="side"))


def preset(event_type: str, **parameters: Any) -> StandalonePreset:
    kind = find_event_type(event_type)
    return StandalonePreset(event_type_id=kind.id, event_parameters=json.dumps(parameters))


def camera_of(preset: StandalonePreset | None) -> str | None:
    found = warmth_for(preset, CAMERAS)
    return None if found is None else found.camera_id


def test_a_recording_opens_its_camera_in_the_size_that_it_wants() -> None:
    asked = preset("Video_Start_recording", camera="side", width=1280, height=720, fps=25)
    assert warmth_for(asked, CAMERAS) == Warmth("side", KeepWarm(on=True, width=1280, height=720, rate=25.0))


@pytest.mark.parametrize(
    ("parameters", "camera"), [({}, "main"), ({"camera": "Stage"}, "main"), ({"camera": "side"}, "side")]
)
def test_the_camera_is_found_as_at_a_run(parameters: dict[str, Any], camera: str) -> None:
    for event_type in ("Video_Start_recording", "Image_Start_taking_photos"):
        assert camera_of(preset(event_type, **parameters)) == camera


@pytest.mark.parametrize("parameters", [{"camera": "roof"}, {"camera": 7}])
def test_a_camera_that_only_the_store_may_know_is_left_to_it(parameters: dict[str, Any]) -> None:
    assert camera_of(preset("Video_Start_recording", **parameters)) is None


@pytest.mark.parametrize("event_type", ["Video_Test_event", "Video_Stop_recording", "Device_Update_setting"])
def test_what_films_nothing_opens_nothing(event_type: str) -> None:
    assert camera_of(preset(event_type)) is None


def test_nothing_bound_an_unknown_type_or_bad_parameters_open_nothing() -> None:
    assert camera_of(None) is None
    assert camera_of(StandalonePreset(event_type_id=9999)) is None
    bad = find_event_type("Video_Start_recording").id
    assert camera_of(StandalonePreset.model_construct(event_type_id=bad, event_parameters="no JSON")) is None


def test_members_are_read_as_the_action_reads_them() -> None:
    """`null` and an empty number stand for absent, and the case of the first letter does not matter."""
    absent = preset("Video_Start_recording", width=None, fps="", Height=None)
    assert warmth_for(absent, CAMERAS) == Warmth("main", KeepWarm(on=True))
    assert warmth_for(preset("Video_Start_recording", Width=640, Height=480), CAMERAS) == Warmth(
        "main", KeepWarm(on=True, width=640, height=480)
    )


def test_the_types_that_film_are_those_whose_actions_take_from_the_ring() -> None:
    from_the_ring = (SinkKind.RECORDING, SinkKind.PHOTOS, SinkKind.FRAMES)
    starts = {kind for kind, action in ACTIONS.items() if action.traits.sink in from_the_ring}
    assert starts == FILMING
