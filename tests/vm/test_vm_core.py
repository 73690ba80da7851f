"""The core of what the machine proves, small enough for every change (`make test`): one boot with no network, a
recording through which the camera goes and comes back, and ten power cuts. The other files here go further.
"""

from pathlib import Path

import pytest
from fakes.soak import seeded
from fakes.vm.image import device_image
from fakes.vm.machine import Machine
from fakes.vm.power_cuts import Cuts, cut_power, recording
from fakes.vm.timing import told
from fakes.vm.unplugging import Unplugged

from presets_store.protocol.statuses import EventStatus

pytestmark = [pytest.mark.vm, pytest.mark.core, pytest.mark.timeout(1200)]

WORK = 15.0


def test_it_boots_records_and_outlives_ten_power_cuts(tmp_path: Path) -> None:
    with told("the image"):
        image = device_image()
    with recording(image, tmp_path / "machine") as made:
        with told("a recording, and its camera unplugged"):
            record_through_an_unplug(made.machine, tmp_path)
        with told(f"{WORK:.0f} s of work"):
            work = made.work(WORK)
        made.machine.kill()
        tally = cut_power(made, Cuts(work, 10, start_every=5), seeded("the core"), tmp_path / "cut")
        print(f"\n  ten cuts: {tally.told()}")
    assert tally.problems == []
    assert tally.went_on == 2


def record_through_an_unplug(machine: Machine, folder: Path) -> None:
    assert machine.out("ls /sys/class/net").split() == ["lo"]
    machine.out("cuelight preset create Film Video_Start_recording && cuelight preset create Stop Video_Stop_recording")
    film = machine.cuelight("preset run Film")["eventID"]
    unplugged = Unplugged(machine)
    machine.out("cuelight preset run Stop --watch")
    event = machine.cuelight(f"event show {film}")
    assert (event["eventStatus"], event["attemptNumber"]) == (EventStatus.COMPLETE, 1), event
    unplugged.check(machine, folder)
