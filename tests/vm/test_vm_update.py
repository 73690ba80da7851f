"""Install, upgrade, the way back, remove and purge of the real package, with the real systemd, dpkg and cameras."""

import base64
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.vm import packages
from fakes.vm.filming import films, until
from fakes.vm.image import Image, package
from fakes.vm.machine import Machine
from fakes.vm.timing import told

pytestmark = [pytest.mark.vm, pytest.mark.timeout(7200)]

WITHIN = 3600.0
"""Seconds for an update in an emulated machine: dpkg unpacks half a gigabyte."""

KEY = Ed25519PrivateKey.generate()
DISK = 5 << 30

PHASES = ("requested", "verified", "installing", "watching", "restoring", "finished")
"""Of the helper, in their order."""

STATE, OWN = "/var/lib/cuelight", "/var/lib/cuelight-update"


@pytest.fixture
def machine(filming_image: Image, tmp_path: Path) -> Iterator[Machine]:
    """A device that films and trusts the key."""
    public = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    with Machine.boot(filming_image, tmp_path / "machine", memory=768) as machine:
        machine.wait_ready()
        machine.wait_up()
        # Room for a second version, and for the way back.
        machine.monitor("block_resize", **{"node-name": "root", "size": DISK})
        machine.out("resize2fs /dev/vda", 300)
        change = f's|^#public_key = .*|public_key = "{public}"|; s|^#.update.$|[update]|'
        machine.out(
            f"sed -i '{change}' /etc/cuelight/cuelight.toml && grep -A 2 '^.update' /etc/cuelight/cuelight.toml"
        )
        films(machine)
        yield machine


def ask(machine: Machine, deb: Path, **changes: str) -> str:
    """What the agent does when it has fetched a package; the event's name."""
    order = {**packages.order(deb, KEY, f"event-{deb.stem}"), **changes}
    with told(f"copy {deb.stat().st_size >> 20} MB into the machine"):
        machine.out(f"install -d -o cuelight -g cuelight {STATE}/update")
        machine.write(f"{STATE}/update/package.deb", deb.read_bytes())
    machine.write(f"{STATE}/update/request.part", json.dumps(order))
    machine.out(
        f"chown cuelight: {STATE}/update/*; cd {STATE}/update && sync && mv request.part request.json && sync ."
    )
    return order["event"]


def outcome(machine: Machine, event: str) -> dict[str, Any] | None:
    done = machine.run(f"cat {OWN}/outcome.json")
    found: dict[str, Any] = json.loads(done.out) if done.code == 0 and done.out else {}
    return found if found.get("event") == event else None


def ended(machine: Machine, event: str) -> dict[str, Any]:
    with told("until the outcome"):
        found: dict[str, Any] = until(machine, "the outcome is told", lambda: outcome(machine, event), WITHIN)
    return found


def installed(machine: Machine) -> str:
    return machine.out("dpkg-query -W -f '${Version} ${db:Status-Abbrev}' cuelight").strip()


def reached(machine: Machine, event: str, moment: str) -> bool:
    """Whether the update has come to that phase, or beyond it."""
    done = machine.run(f"cat {OWN}/journal.json")
    phase = json.loads(done.out)["phase"] if done.code == 0 and done.out else "requested"
    return PHASES.index(phase) >= PHASES.index(moment) or outcome(machine, event) is not None


def test_a_signed_package_is_installed_and_another_is_not(machine: Machine, tmp_path: Path) -> None:
    first = installed(machine)
    small = packages.broken(package(), tmp_path, 2)
    event = ask(machine, small, signature="A" * 86 + "==")
    assert ended(machine, event)["code"] == "update_bad_signature"
    event = ask(machine, small, sha256="0" * 64, event="tampered")
    assert ended(machine, event)["code"] == "update_tampered"
    assert installed(machine) == first
    films(machine)

    good = packages.successor(package(), tmp_path, 3)
    event = ask(machine, good)
    found = ended(machine, event)
    assert (found["code"], found["version"]) == ("", packages.version_of(good)), found
    assert installed(machine) == f"{packages.version_of(good)} ii"
    films(machine)
    # The outcome is told first.
    until(
        machine, "it is cleared up", lambda: machine.out(f"ls {OWN}").split() == ["lock", "outcome.json", "shims"], 60
    )
    assert machine.out("ls /opt").split() == ["cuelight"]


def test_a_version_that_ends_at_its_start_goes_back_though_the_power_is_cut(machine: Machine, tmp_path: Path) -> None:
    first = installed(machine)
    event = ask(machine, packages.broken(package(), tmp_path, 2))
    for moment in ("installing", "watching", "restoring"):
        with told(f"until it is {moment}"):
            until(machine, moment, functools.partial(reached, machine, event, moment), WITHIN, pause=0.1)
        machine.kill()
        machine.start()
        machine.wait_up()
    found = ended(machine, event)
    assert found["code"] in ("update_unhealthy", "update_failed"), found
    assert installed(machine) == first
    machine.out("dpkg --verify cuelight | grep -v ' c ' | grep . && exit 1 || true", 600)
    films(machine)


def test_apt_upgrades_and_goes_back_and_a_purge_leaves_nothing(machine: Machine, tmp_path: Path) -> None:
    first = installed(machine)
    bad = packages.broken(package(), tmp_path, 2)
    machine.write("/root/bad.deb", bad.read_bytes())
    with told("dpkg --install"):
        machine.out("DEBIAN_FRONTEND=noninteractive dpkg --force-confold --install /root/bad.deb", WITHIN)
    assert installed(machine) == f"{packages.version_of(bad)} ii"
    refused = machine.run("dpkg --force-confold --install /root/bad.deb", 600)
    assert refused.code != 0
    assert "is being watched" in refused.err + refused.out
    ended(machine, "")
    assert installed(machine) == first
    films(machine)

    machine.out("dpkg --remove cuelight", WITHIN)
    assert machine.run(f"test -e {STATE}/cuelight.db").code == 0
    assert machine.run("test -e /opt/cuelight").code == 1
    assert "removing /var/lib/cuelight" in machine.out("dpkg --purge cuelight 2>&1", WITHIN)
    for path in (f"{STATE}/cuelight.db", OWN, "/etc/cuelight", "/opt/cuelight-previous"):
        assert machine.run(f"test -e {path}").code == 1, path
