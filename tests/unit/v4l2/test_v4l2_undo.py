"""Controls that were adjusted when a host was killed are set back by the next one that opens the camera."""

from pathlib import Path

import pytest
from fakes.v4l2 import FakeCamera, FakeSystem
from fakes.v4l2_controls import uvc_controls

from hardware.errors import CameraUnavailable
from hardware.models import Adjustment, CameraSpec, ControlValue
from hardware.sources.v4l2 import V4l2Source
from hardware.v4l2.undo import Undo

NODE = "/dev/video0"
ADJUSTMENT = Adjustment(shutter_us=10_000, brightness=0.5)


def opened(camera: FakeCamera, file: Path, **controls: ControlValue) -> V4l2Source:
    """As the first thing that a host does: nobody else has the camera open."""
    camera.owner = None
    spec = CameraSpec(
        camera_id="front", name="Front", backend="v4l2", address=NODE, controls=controls, undo_file=str(file)
    )
    source = V4l2Source(spec, FakeSystem({NODE: camera}))
    source.open(None)
    return source


def now(camera: FakeCamera) -> dict[str, int | str]:
    return {control.label: control.value for control in camera.controls}


def test_the_next_open_sets_back_what_a_killed_host_had_adjusted(tmp_path: Path) -> None:
    camera, file = FakeCamera(controls=uvc_controls()), tmp_path / "front.undo.json"
    before = now(camera)
    opened(camera, file).adjust(ADJUSTMENT)
    assert now(camera) != before
    assert file.exists()
    source = opened(camera, file)
    assert now(camera) == before
    assert list(tmp_path.iterdir()) == []
    source.close()


def test_the_settings_have_the_say_over_what_is_set_back(tmp_path: Path) -> None:
    camera, file = FakeCamera(controls=uvc_controls()), tmp_path / "front.undo.json"
    opened(camera, file, brightness=5).adjust(ADJUSTMENT)
    opened(camera, file, brightness=-7)
    assert now(camera)["Brightness"] == -7


def test_nothing_is_kept_of_an_adjustment_that_is_over(tmp_path: Path) -> None:
    camera, file = FakeCamera(controls=uvc_controls()), tmp_path / "front.undo.json"
    source = opened(camera, file)
    source.adjust(ADJUSTMENT)
    source.adjust(Adjustment(brightness=0.5))
    assert list(Undo(file, f"Fake camera at {NODE}").kept) == ["brightness"]
    source.close()
    assert list(tmp_path.iterdir()) == []


def test_an_unplugged_camera_is_set_back_when_it_is_opened_again(tmp_path: Path) -> None:
    camera, file = FakeCamera(controls=uvc_controls()), tmp_path / "front.undo.json"
    before = now(camera)
    source = opened(camera, file)
    source.adjust(ADJUSTMENT)
    camera.gone = True
    with pytest.raises(CameraUnavailable):
        source.adjust(Adjustment())
    source.close()
    camera.gone = False
    opened(camera, file)
    assert now(camera) == before


def test_cameras_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "front.undo.json"
    Undo(file, "one").keep({"gain": 3, "focus_auto": True})
    Undo(file, "other").keep({"gain": 4})
    assert Undo(file, "one").kept == {"gain": 3, "focus_auto": True}
    Undo(file, "one").keep({})
    assert (Undo(file, "one").kept, Undo(file, "other").kept) == ({}, {"gain": 4})


@pytest.mark.parametrize("left", [b"", b'{"one": {"gain"', b'["one"]', b'{"one": {"gain": [1]}}'])
def test_a_torn_file_holds_nothing(tmp_path: Path, left: bytes, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "front.undo.json"
    file.write_bytes(left)
    undo = Undo(file, "one")
    assert undo.kept == {}
    assert "cannot be read" in caplog.text
    undo.keep({"gain": 3})
    assert Undo(file, "one").kept == {"gain": 3}


def test_a_camera_is_adjusted_though_nothing_can_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    camera = FakeCamera(controls=uvc_controls())
    source = opened(camera, tmp_path / "gone" / "front.undo.json")
    assert source.adjust(Adjustment(brightness=0.5)).met == {"brightness"}
    assert "are not kept" in caplog.text
    source.close()
