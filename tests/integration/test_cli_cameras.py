"""`cuelight camera find` and `controls`, without an agent: what they find in a process of its own."""

import asyncio
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_line import cuelight
from fakes.emulator.camera import EmulatedCamera

from agent.cli.cameras import finding
from agent.cli.errors import CamerasNotFound
from agent.cli.exit_codes import ExitCode
from hardware.errors import CameraUnavailable
from hardware.jobrun import run_job


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[EmulatedCamera]:
    with EmulatedCamera(tmp_path / "box", name="Front Door Cam") as emulated:
        yield emulated


async def test_cameras_are_found_without_an_agent(camera: EmulatedCamera, tmp_path: Path) -> None:
    devices = str(camera.folder / "dev")
    found = await cuelight(tmp_path, "camera", "find", "--devices", devices, **camera.environment)
    assert (found.code, found.err) == (ExitCode.OK, "")
    head, line = found.out.splitlines()
    assert head.split() == ["name", "address", "driver", "controls", "formats"]
    assert line.split("  ")[0] == "Front Door Cam"
    assert str(camera.by_id) in line
    assert "mjpeg 1920x1080 30/s, yuyv 1280x720 10/s" in line
    told = await cuelight(tmp_path, "camera", "find", "--devices", devices, "--json", **camera.environment)
    (described,) = told.document["cameras"]
    assert (described["address"], described["path"]) == (str(camera.by_id), str(camera.node))
    assert {control["name"] for control in described["controls"]} >= {"brightness", "auto_exposure"}
    assert told.document["failures"] == []


async def test_the_controls_of_a_camera_are_shown_as_the_settings_take_them(
    camera: EmulatedCamera, tmp_path: Path
) -> None:
    shown = await cuelight(tmp_path, "camera", "controls", str(camera.by_id), **camera.environment)
    rows = {line.split()[0]: line.split()[1:] for line in shown.out.splitlines()}
    assert rows["power_line_frequency"] == ["menu", "50_hz", "50_hz", "disabled,", "50_hz,", "60_hz"]
    assert rows["white_balance_temperature"][:7] == ["integer", "4600", "4600", "2800", "to", "6500", "by"]
    assert rows["white_balance_temperature"][8:] == ["inactive:", "an", "automatic", "has", "the", "say"]
    assert rows["pan_reset"] == ["button", "-", "-", "true", "presses", "it"]
    assert rows["iso_sensitivity"] == ["integer_menu", "100", "100", "100,", "200,", "400,", "800"]


async def test_what_is_no_camera_is_said_and_no_camera_is_no_failure(camera: EmulatedCamera, tmp_path: Path) -> None:
    metadata = await cuelight(tmp_path, "camera", "controls", str(camera.metadata_node), **camera.environment)
    assert metadata.code == ExitCode.FAILED
    assert "is not a video capture node" in metadata.err
    (tmp_path / "empty").mkdir()
    nothing = await cuelight(tmp_path, "camera", "find", "--devices", str(tmp_path / "empty"))
    assert (nothing.code, nothing.out) == (
        ExitCode.OK,
        "no camera found: is one plugged in, and is this user in the group 'video'?\n",
    )


async def test_a_node_that_cannot_be_looked_at_is_told_beside_the_others(
    camera: EmulatedCamera, tmp_path: Path
) -> None:
    with EmulatedCamera(camera.folder, name="Other", beside=camera) as other:
        other.fault("open_error", number=errno.EACCES)
        devices = str(camera.folder / "dev")
        found = await cuelight(tmp_path, "camera", "find", "--devices", devices, **camera.environment)
    assert "Front Door Cam" in found.out
    assert "no permission (is the user in the group 'video'?)" in found.out
    assert found.code == ExitCode.OK


async def test_the_job_names_the_error_of_an_address() -> None:
    with pytest.raises(CameraUnavailable, match="no such device"):
        await run_job("cameras", address="/dev/no-such-camera")


def test_a_driver_that_hangs_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: str, **__: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("hardware.client.run_job", hang)
    monkeypatch.setattr(finding, "PATIENCE", 0.05)
    with pytest.raises(CamerasNotFound, match=r"did not answer within 0\.05 s"):
        finding._job(address="/dev/video0")
