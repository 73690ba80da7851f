"""Machines that several tests of this folder begin with."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.vm.filming import CAMERA, SETTINGS, films, set_up
from fakes.vm.image import Image, device_image
from fakes.vm.machine import Machine
from fakes.vm.timing import tell, told


@pytest.fixture(scope="session")
def filming_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """A device that was set up: the camera's format is in its settings, and it films after a start without network."""
    with told("the image"):
        image = device_image()
    with Machine.boot(image, tmp_path_factory.mktemp("set-up")) as machine:
        with told("first boot to READY"):
            machine.wait_ready()
        machine.wait_up()
        with told("set up"):
            settings = machine.read(SETTINGS).decode()
            machine.write(SETTINGS, settings + CAMERA)  # in effect from the next start on
            set_up(machine)
        with told("shut down"):
            machine.shutdown()
        return image.derived(machine.hardware.disk)


@pytest.fixture(scope="session")
def filming_moment(filming_image: Image, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """A moment at which such a device films, so that a test need not wait for its boot."""
    with Machine.boot(filming_image, tmp_path_factory.mktemp("filming")) as machine:
        machine.wait_ready()
        machine.wait_up()
        films(machine)
        with told("keep the moment"):
            machine.save("filming")
        machine.kill()
        return filming_image.derived(machine.hardware.disk, "filming")


@pytest.fixture
def filming_device(filming_moment: Image, tmp_path: Path) -> Iterator[Machine]:
    """A device that films. It knows of no jump of the clock, whenever the moment was."""
    with Machine.boot(filming_moment, tmp_path / "machine") as machine:
        machine.wait_up()
        tell("back to the moment", time.monotonic() - machine.powered_at)
        yield machine
