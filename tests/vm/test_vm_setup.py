"""A device's first minutes: its first access key on its console, and a set-up from its boot partition."""

from pathlib import Path

import pytest
from fakes.vm.image import device_image
from fakes.vm.machine import Machine

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3600)]

KEY_FILE = "/var/lib/cuelight/first-access-key.txt"
FILE = "/boot/firmware/cuelight-setup.toml"
USELESS = 'name = "Porch"\nnmae = "x"\n'
WHOLE = """name = "Porch"
zone = "Europe/Berlin"
camera = "bars"
media = "/srv/films"
upstream = "https://127.0.0.1:9"
token = "s3cret-token"
sd_card = true
"""
RECORD = "cuelight preset create One Video_Start_recording --param durationSeconds=1 && cuelight preset run One --watch"


def test_the_first_minutes_of_a_device(tmp_path: Path) -> None:
    with Machine.boot(device_image(), tmp_path / "machine") as machine:
        machine.wait_ready()
        machine.wait_up()
        key_on_the_console(machine)
        machine.out("mkdir -p /boot/firmware")
        useless_file(machine)
        whole_file(machine)


def key_on_the_console(machine: Machine) -> None:
    secret = machine.read(KEY_FILE).decode().split()[-1]
    machine.wait_console(secret, 120)
    assert machine.out(f"stat -c %a:%U {KEY_FILE}") == "600:cuelight\n"
    journal = machine.out("journalctl --boot --all --output=cat")
    assert (KEY_FILE in journal, secret in journal) == (True, False)


def useless_file(machine: Machine) -> None:
    machine.write(FILE, USELESS)
    assert machine.run("systemctl start cuelight-provision", 300).code != 0
    machine.wait_console("nmae: Extra inputs", 60)
    assert "nmae" in machine.out("cuelight status")
    assert machine.out("ls /var/lib/cuelight/setup.toml || true") == ""
    assert machine.read(FILE).decode() == USELESS


def whole_file(machine: Machine) -> None:
    machine.write(FILE, WHOLE)
    machine.out("systemctl start cuelight-provision && systemctl restart cuelight", 600)
    assert machine.out("ls /boot/firmware") == "cuelight-setup.applied.toml\n"
    assert "s3cret" not in machine.read(FILE.replace(".toml", ".applied.toml")).decode()
    state = "/var/lib/cuelight"
    owners = machine.out(f"stat -c %a:%U:%G {state}/setup.toml {state}/enrolment-token.json /srv/films")
    assert owners.splitlines() == ["640:cuelight:cuelight", "600:cuelight:cuelight", "750:cuelight:cuelight"]
    status = machine.cuelight("status")
    assert (status["deviceName"], status["media"]["folder"]) == ("Porch", "/srv/films")
    machine.out(RECORD, 300)
    assert machine.out("find /srv/films -name '*.mp4'") != "", "the sandbox has a hole for it"
    assert "Storage=volatile" in machine.out("systemd-analyze cat-config systemd/journald.conf")
    assert machine.run("systemctl start cuelight-provision").code == 0, "there is nothing to do any more"
