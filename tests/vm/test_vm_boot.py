"""From power on to film, with no network: on a booted Debian with its own kernel and camera driver."""

from pathlib import Path

import pytest
from fakes.vm.filming import check_clips, films, first_frame_after_power_on, stop_recording
from fakes.vm.image import Image
from fakes.vm.machine import Machine
from fakes.vm.timing import tell, told

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3600)]


def test_it_films_after_power_on_without_a_network(filming_image: Image, tmp_path: Path) -> None:
    with Machine.boot(filming_image, tmp_path / "machine") as machine:
        check_film(machine, tmp_path)


def check_film(machine: Machine, folder: Path) -> None:
    tell("power on to READY", machine.wait_ready())
    machine.wait_up()
    _, clip = films(machine)
    tell("power on to the first recorded frame", first_frame_after_power_on(machine, clip))
    assert machine.out("ls /sys/class/net").split() == ["lo"]
    assert clip["boot_id"] == machine.out("cat /proc/sys/kernel/random/boot_id").strip()
    assert machine.cuelight("status")["startup"]["binding"] == "standalone"

    with told("stop"):
        stop_recording(machine)
    with told("check"):
        (clip,) = check_clips(machine, folder).values()
    assert clip["frames"] >= 10
    print(f"\n  {clip['frames']} frames in {clip['seconds']:.1f} s, {clip['dropped']} dropped")
