"""Video4Linux with a real driver: the contract suite inside the machine, and a camera that goes while it is filmed."""

import re
from pathlib import Path

import pytest
from fakes.vm import suite
from fakes.vm.filming import stop_recording
from fakes.vm.machine import Machine
from fakes.vm.timing import told
from fakes.vm.unplugging import Unplugged

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3600)]


def test_the_contract_of_cameras_holds_on_a_real_driver(filming_device: Machine, tmp_path: Path) -> None:
    filming_device.out("systemctl stop cuelight")
    with told("the tests are in the machine"):
        filming_device.write("/root/suite.tar.gz", suite.archive(tmp_path))
        filming_device.out("mkdir -p /root/suite && tar -C /root/suite -xzf /root/suite.tar.gz")
    command = """cd /root/suite && PYTHONPATH=tests:tools /opt/cuelight/bin/python -P -m pytest
        -p fakes.vm.real_cameras -p no:cacheprovider --import-mode=importlib --color=no -rfE --durations=5
        -k 'v4l2 or auto' tests/contract tests/device""".replace("\n", " ")
    with told("the tests"):
        done = filming_device.run(command, 1500)
    print(done.out)
    assert not done.code, done.out + done.err
    closing = done.out.splitlines()[-1]
    passed = re.search(r"(\d+) passed", closing)
    assert passed
    assert int(passed[1]) >= 24, "the contract on two sources, and two tests on each of two cameras"
    assert "skipped" not in closing


def test_a_recording_goes_on_when_its_camera_comes_back(filming_device: Machine, tmp_path: Path) -> None:
    unplugged = Unplugged(filming_device)
    event = stop_recording(filming_device)
    assert event["attemptNumber"] == 1, "it is the same try"
    unplugged.check(filming_device, tmp_path)
