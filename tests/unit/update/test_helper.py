"""The root-owned helper of updates: real dpkg, openssl and files; systemd is played (fakes.updates)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.soak import count
from fakes.updates import BLIND, DIES, FIRST, MIGRATES, MIGRATES_AND_DIES, WORKS, UpdatedDevice, updated_device

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="dpkg wants to give files to root")


@pytest.fixture
def device(tmp_path: Path) -> UpdatedDevice:
    return updated_device(tmp_path)


def test_a_signed_package_is_installed_and_stays(device: UpdatedDevice) -> None:
    device.ask(device.package("2.0", MIGRATES), "2.0")
    assert device.run("install").returncode == 0
    assert (device.installed, device.revision()) == ("2.0 ii", "7")
    expected = {"event": "01-event", "code": "", "message": "", "version": "2.0", "previous": "1.0", "database": ""}
    assert device.outcome == {**expected, "installed": "2.0"}
    assert (device.root / "etc/cuelight/hub.toml").read_text() == "# of 2.0\n"
    stopped, started = (
        device.calls.index("stop cuelight.service"),
        device.calls.index("start --no-block cuelight.service"),
    )
    assert stopped < started
    device.assert_cleared()


def wrong_key(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    file = device.package("2.0")
    return file, {"signature": device.sign(file, "2.0", key=Ed25519PrivateKey.generate())}


def other_version(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    """Signed as 2.0, asked for as 3.0."""
    file = device.package("2.0")
    return file, {"version": "3.0"}


def other_architecture(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    file = device.package("2.0")
    return file, {"signature": device.sign(file, "2.0", architecture="sparc")}


def lying_about_itself(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    """Signed as 2.0 by the maker, who was mistaken."""
    file = device.package("2.1")
    return file, {"signature": device.sign(file, "2.0")}


def other_name(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    file = device.package("2.0", name="sshd")
    return file, {"signature": device.sign(file, "2.0")}


def for_a_strange_machine(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    file = device.package("2.0", architecture="s390x")
    return file, {}


def too_large(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    return device.package("2.0", size=1 << 40), {}


def older(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    file = device.package("0.9")
    return file, {"version": "0.9", "signature": device.sign(file, "0.9")}


def tampered(device: UpdatedDevice) -> tuple[Path, dict[str, Any]]:
    file = device.package("2.0")
    before = {"sha256": "0" * 64, "signature": device.sign(file, "2.0")}
    return file, before


REFUSED = {
    wrong_key: "update_bad_signature",
    other_version: "update_bad_signature",
    other_architecture: "update_bad_signature",
    lying_about_itself: "update_wrong_package",
    other_name: "update_wrong_package",
    for_a_strange_machine: "update_wrong_package",
    too_large: "update_no_room",
    older: "update_downgrade",
    tampered: "update_tampered",
}


def test_what_is_refused_changes_nothing(device: UpdatedDevice) -> None:
    for number, (make, code) in enumerate(REFUSED.items()):
        file, changes = make(device)
        device.ask(file, "2.0", **{"event": f"event-{number}", **changes})
        assert device.run("install").returncode == 0
        outcome = device.outcome
        assert (outcome["code"], outcome["event"], device.installed) == (code, f"event-{number}", "1.0 ii"), make
        assert device.calls == [], "the agent must not even be asked"
        device.assert_cleared()


def test_settings_that_others_may_write_are_not_believed(device: UpdatedDevice) -> None:
    (device.root / "etc/cuelight/cuelight.toml").chmod(0o666)
    device.ask(device.package("2.0"), "2.0")
    done = device.run("install")
    assert (done.returncode, device.installed) == (1, "1.0 ii")
    assert "nobody else may write it" in done.stderr


def test_without_a_key_nothing_is_trusted_and_an_older_version_may_be_allowed(device: UpdatedDevice) -> None:
    file = device.package("0.9")
    device.settings(public_key="")
    device.ask(file, "0.9")
    device.run("install")
    assert (device.outcome["code"], device.installed) == ("update_no_key", "1.0 ii")
    device.settings(allow_downgrade=True)
    device.ask(file, "0.9")
    device.run("install")
    assert (device.outcome["code"], device.installed) == ("", "0.9 ii")


def test_links_and_pipes_in_the_agents_folder_lead_nowhere(device: UpdatedDevice, tmp_path: Path) -> None:
    file, elsewhere = device.package("2.0"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    device.ask(file, "2.0")
    package = device.state / "update/package.deb"
    package.replace(elsewhere / "package.deb")
    package.symlink_to(elsewhere / "package.deb")
    device.run("install")
    assert (device.outcome["code"], device.installed) == ("update_unusable", "1.0 ii")
    device.ask(file, "2.0")
    package.unlink()
    os.mkfifo(package)
    device.run("install")
    assert (device.outcome["code"], device.installed) == ("update_unusable", "1.0 ii")
    assert (elsewhere / "package.deb").exists()
    device.ask(file, "2.0")
    (device.state / "update").replace(elsewhere / "update")
    (device.state / "update").symlink_to(elsewhere / "update")
    (device.helper_folder / "outcome.json").unlink()
    device.run("install")
    assert device.installed == "1.0 ii"
    assert (elsewhere / "update/request.json").exists(), "what lies behind a link is not even touched"


NONSENSE = ("", "[]", "\0" * 20000, '{"event": "../../x", "version": "2.0", "sha256": "", "signature": ""}')


def test_a_request_that_is_nonsense_is_dropped(device: UpdatedDevice) -> None:
    device.ask(device.package("2.0"), "2.0")
    for text in NONSENSE:
        (device.state / "update/request.json").write_text(text)
        assert device.run("install").returncode == 0
        assert device.installed == "1.0 ii"
        assert sorted(path.name for path in (device.state / "update").iterdir()) == ["package.deb"]
        assert not (device.helper_folder / "journal.json").exists()


def test_a_version_that_dies_at_its_start_goes_and_the_database_of_before_comes_back(device: UpdatedDevice) -> None:
    device.ask(device.package("2.0", MIGRATES_AND_DIES), "2.0")
    assert device.run("install").returncode == 0
    assert (device.installed, device.revision()) == ("1.0 ii", "0006")
    outcome = device.outcome
    assert (outcome["code"], outcome["installed"]) == ("update_unhealthy", "1.0")
    assert "it ended 10 times in a row; version 1.0 is back" in outcome["message"]
    (newer,) = device.state.glob("cuelight.db.newer-*")
    assert device.revision(newer.name) == "7"
    assert newer.name in outcome["database"]
    assert device.calls[-1] == "start --no-block cuelight.service"
    device.assert_cleared()


def test_what_dpkg_was_told_to_leave_out_is_no_reason_to_stop(device: UpdatedDevice) -> None:
    """Small devices have no documents."""
    file = device.package("1.1", files={"usr/share/doc/cuelight/changelog": "1.1"})
    device.dpkg("--path-exclude=/usr/share/doc/*", "--install", str(file))
    assert not (device.root / "usr/share/doc/cuelight").exists()
    device.ask(device.package("2.0", DIES), "2.0")
    assert device.run("install").returncode == 0
    assert (device.outcome["code"], device.installed) == ("update_unhealthy", "1.1 ii")
    device.assert_cleared()


def test_what_goes_wrong_before_the_first_change_ends_the_update(device: UpdatedDevice) -> None:
    (device.root / "var/lib/dpkg/info/cuelight.postrm").mkdir()
    device.ask(device.package("2.0"), "2.0")
    assert device.run("install").returncode == 0
    outcome = device.outcome
    assert outcome["code"] == "update_failed"
    assert outcome["message"].startswith("nothing was changed: ")
    assert (device.root / "opt/cuelight/version").read_text() == "1.0"
    device.assert_cleared()


def test_a_version_that_was_ready_and_changed_the_database_stays(device: UpdatedDevice) -> None:
    """It may have accepted events that the version before could not read."""
    device.ask(device.package("2.0", MIGRATES), "2.0")
    assert device.run("install", kill_after=6).returncode == -9, "it was ready, and is cut off then"
    (device.root / "opt/cuelight/behaviour").write_text(DIES)
    assert device.run("confirm").returncode == 0
    assert (device.installed, device.revision()) == ("2.0 ii", "7")
    assert device.outcome["code"] == "update_unhealthy"
    assert "it stays, because it has accepted work" in device.outcome["message"]
    assert list(device.state.glob("cuelight.db.newer-*")) == []


def test_settings_that_were_changed_by_hand_survive_the_way_there_and_back(device: UpdatedDevice) -> None:
    hub = device.root / "etc/cuelight/hub.toml"
    hub.write_text("# by hand\n")
    for number in range(2):  # a second time: dpkg must not take it for the package's own
        device.ask(device.package(f"2.{number}", DIES), f"2.{number}")
        device.run("install")
        assert device.installed == "1.0 ii"
        assert hub.read_text() == "# by hand\n"
    device.ask(device.package("3.0"), "3.0")
    device.run("install")
    assert (device.installed, hub.read_text()) == ("3.0 ii", "# by hand\n")


def test_a_package_that_cannot_be_configured_goes_back(device: UpdatedDevice) -> None:
    device.ask(device.package("2.0", scripts={"postinst": "echo no such luck; exit 3"}), "2.0")
    device.run("install")
    assert device.installed == "1.0 ii"
    assert device.outcome["code"] == "update_failed"
    assert "no such luck" in device.outcome["message"]
    device.assert_cleared()


KILLS = {WORKS: 7, DIES: 8}
"""How often the journal is written by an update to such a version."""


@pytest.mark.parametrize("behaviour", KILLS)
def test_a_kill_after_each_note_changes_nothing_in_the_end(device: UpdatedDevice, behaviour: str) -> None:
    whole = device.package("2.0", behaviour)
    for kill in range(1, KILLS[behaviour] + 1, count(3, 1)):
        device.ask(whole, "2.0")
        assert device.run("install", kill_after=kill).returncode == -9
        done = device.run("confirm")
        assert done.returncode == 0, done.stderr
        after = ("2.0 ii", "") if behaviour == WORKS else ("1.0 ii", "update_unhealthy")
        assert (device.installed, device.outcome["code"]) == after, kill
        device.assert_cleared()
        device.dpkg("--install", str(device.folder / FIRST))
    device.ask(whole, "2.0")
    assert device.run("install", kill_after=KILLS[behaviour] + 1).returncode == 0, "these were all"


def test_dpkg_that_is_cut_off_in_the_middle_is_gone_on_with(device: UpdatedDevice) -> None:
    marker = device.folder / "cut"
    script = f"if mkdir {marker}; then kill -9 $(cat {device.folder}/helper) $PPID; sleep 5; fi"
    device.ask(device.package("2.0", scripts={"postinst": script}), "2.0")
    assert device.run("install", pid_file=device.folder / "helper").returncode == -9
    assert marker.exists()
    assert device.run("confirm").returncode == 0
    assert (device.installed, device.outcome["code"]) == ("2.0 ii", "")


def test_the_package_manager_upgrades_and_a_version_that_dies_goes_back(device: UpdatedDevice) -> None:
    """What the package's scripts do: preinst keeps, the unit confirms."""
    for version, behaviour, after in (("2.0", WORKS, "2.0 ii"), ("3.0", DIES, "2.0 ii")):
        assert device.run("keep-previous").returncode == 0
        device.dpkg("--install", str(device.package(version, behaviour)))
        assert device.installed == f"{version} ii"
        assert device.run("confirm").returncode == 0
        assert (device.installed, device.outcome["event"]) == (after, "")
        device.assert_cleared()


def test_an_upgrade_that_was_called_off_leaves_nothing(device: UpdatedDevice) -> None:
    assert device.run("keep-previous").returncode == 0
    assert device.run("confirm").returncode == 0
    assert device.installed == "1.0 ii"
    device.assert_cleared()


def test_a_power_cut_while_the_package_manager_unpacks_is_repaired(device: UpdatedDevice) -> None:
    """The next boot finds a package that is unpacked and not configured."""
    assert device.run("keep-previous").returncode == 0
    device.dpkg("--unpack", str(device.package("2.0")))
    journal = device.helper_folder / "journal.json"
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "boot_id": "of another boot"}))
    assert device.run("confirm").returncode == 0
    assert (device.installed, device.outcome["version"]) == ("2.0 ii", "2.0")


def test_three_boots_without_a_verdict_are_one(device: UpdatedDevice) -> None:
    """A version that takes the whole machine down with it."""
    device.ask(device.package("2.0"), "2.0")
    assert device.run("install", kill_after=5).returncode == -9
    for _ in range(2):
        assert device.run("confirm", kill_after=1).returncode == -9
    assert device.run("confirm").returncode == 0
    assert device.installed == "1.0 ii"
    assert "started 3 times without it being seen to work" in device.outcome["message"]


def test_a_camera_that_gave_a_picture_must_give_one_again(device: UpdatedDevice) -> None:
    with device.cameras("main", "back"):
        device.ask(device.package("2.0"), "2.0")
        device.run("install")
        assert device.installed == "2.0 ii"
        device.ask(device.package("3.0", BLIND), "3.0")
        device.run("install", ready_within=1.0)
    assert device.installed == "2.0 ii"
    assert "no picture of camera main, back" in device.outcome["message"]


def test_a_service_that_nobody_wants_is_not_started(device: UpdatedDevice) -> None:
    (device.root / "disabled").touch()
    device.ask(device.package("2.0", DIES), "2.0")
    device.run("install")
    assert (device.installed, device.outcome["code"]) == ("2.0 ii", "")
    assert not any(call.startswith("start") for call in device.calls)


def test_in_an_image_that_is_being_made_nothing_is_kept(device: UpdatedDevice) -> None:
    (device.root / "run/systemd/system").rmdir()
    assert device.run("keep-previous").returncode == 0
    assert not (device.root / "opt/cuelight-previous").exists()
