"""A camera whose driver hangs in `open` beside one that is well."""

import asyncio
import os
import time
from pathlib import Path
from unittest.mock import patch

import pytest
from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.pictures import Mode
from fakes.emulator.system import EmulatedSystem

from hardware.camera import Source
from hardware.client import run_job
from hardware.models import CameraSpec
from hardware.sources.auto import AutoSource
from hardware.sources.v4l2 import V4l2Source
from hardware.v4l2.looking import LOOK_SECONDS

MODES = (Mode("MJPG", 640, 480),)
HANGS = "its driver does not answer"


@pytest.mark.parametrize("kind", [AutoSource, V4l2Source], ids=["auto", "v4l2"])
def test_another_camera_films(tmp_path: Path, kind: type[AutoSource | V4l2Source]) -> None:
    spec = CameraSpec(camera_id="front", name="Front", backend="auto" if kind is AutoSource else "v4l2")
    with EmulatedCamera(tmp_path / "box", modes=MODES, name="Stuck") as stuck:
        EmulatedCamera(tmp_path / "box", modes=MODES, name="Well", beside=stuck)
        stuck.fault("hang")
        source: Source = kind(spec, EmulatedSystem(stuck.folder))
        assert opened_within(source, LOOK_SECONDS + 1.0) == "Well"
        assert HANGS in source.probe().note
        assert opened_within(source, 1.0) == "Well"
        stuck.clear()
        time.sleep(0.1)
        assert opened_within(source, 1.0) == "Stuck"
        assert HANGS not in source.probe().note
        source.close()


def opened_within(source: Source, seconds: float) -> str:
    source.close()
    began = time.monotonic()
    source.open(None)
    assert source.read(1.0) is not None
    assert time.monotonic() - began < seconds
    return source.probe().name


def test_the_job_that_lists_cameras_names_it(tmp_path: Path) -> None:
    with EmulatedCamera(tmp_path / "box", modes=MODES, name="Stuck") as stuck:
        EmulatedCamera(tmp_path / "box", modes=MODES, name="Well", beside=stuck)
        stuck.fault("hang")
        with patch.dict(os.environ, stuck.environment):
            found = asyncio.run(run_job("cameras", devices=str(stuck.folder / "dev")))
        stuck.clear()
    assert [camera["name"] for camera in found["cameras"]] == ["Well"]
    (failure,) = found["failures"]
    assert HANGS in failure
