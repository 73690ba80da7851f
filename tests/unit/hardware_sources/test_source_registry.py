"""Every backend of the settings has its source, and a host loads only the one that it needs."""

import subprocess
import sys

import pytest

from hardware.errors import CameraUnavailable
from hardware.models import BACKEND_NAMES, CameraSpec
from hardware.registry import BACKENDS, create_source


def spec(backend: str) -> CameraSpec:
    return CameraSpec.model_validate({"camera_id": "cam", "name": "Cam", "backend": backend})


def test_the_table_has_every_name_of_the_settings() -> None:
    assert set(BACKENDS) == set(BACKEND_NAMES)


@pytest.mark.parametrize("backend", BACKEND_NAMES)
def test_a_new_source_is_closed_and_closing_it_is_harmless(backend: str) -> None:
    source = create_source(spec(backend))
    source.close()
    source.note("event/1/0", "start")


@pytest.mark.parametrize("backend", ["file", "bars", "network", "rpicam", "opencv"])
def test_reading_before_opening_is_a_bug(backend: str) -> None:
    with pytest.raises(RuntimeError):
        create_source(spec(backend)).read(0)


def test_null_declares_nothing_and_says_why_it_cannot_open() -> None:
    source = create_source(spec("null"))
    assert source.probe().formats == ()
    with pytest.raises(CameraUnavailable, match="null"):
        source.open(None)
    with pytest.raises(CameraUnavailable):
        source.read(0)


@pytest.mark.parametrize(
    ("backend", "loaded"),
    [
        ("null", set()),
        ("file", {"av"}),
        ("network", {"av"}),
        ("rpicam", {"av"}),
        ("bars", {"av", "cv2", "numpy"}),
        ("opencv", {"cv2", "numpy"}),
    ],
)
def test_a_host_loads_only_what_its_source_needs(backend: str, loaded: set[str]) -> None:
    program = (
        "import sys; from hardware.registry import create_source; from hardware.models import CameraSpec\n"
        f"create_source(CameraSpec(camera_id='a', name='a', backend={backend!r}))\n"
        "print(*(name for name in ('av', 'cv2', 'numpy') if name in sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) == loaded
