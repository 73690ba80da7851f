"""`cuelight setup` as people and machines use it: at a terminal, by options, by the file on the boot partition."""

import asyncio
import json
import os
import shutil
import stat
import tempfile
import tomllib
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_process import running_agent
from fakes.agent_socket import AgentSocket, event, serving
from fakes.command_line import ROOT, Ended, called
from fakes.dialogue import Terminal
from fakes.emulator.camera import EmulatedCamera
from fakes.network_manager import network_manager, private_bus

from agent.cli.exit_codes import ExitCode
from agent.cli.setting_up import applying, command, provisioning
from agent.cli.setting_up.system_files import ETC, JOURNAL, MEDIA, SystemFiles
from agent.cli.status import setup_facts
from agent.setup.loading import SETUP, read_settings
from agent.setup.report import TOKEN
from presets_store.errors import CuelightError

SECRET = "correct horse battery"
NOBODY = 65534


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("CUELIGHT_STATE_FOLDER", str(folder))
    return folder


def setup(state: Path, *arguments: str, stdin: str = "") -> Ended:
    return asyncio.run(called(state, "setup", *arguments, stdin=stdin))


def doctor(state: Path) -> dict[str, Any]:
    """What it finds of the set-up."""
    found = asyncio.run(called(state, "doctor", "--json")).document
    return next(check for check in found if check["check"] == "set-up")


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_terminal_is_asked_and_what_was_answered_is_what_is_asked_next_time(tmp_path: Path, state: Path) -> None:
    with EmulatedCamera(tmp_path / "box", name="Front Door Cam") as camera:
        arguments = ("setup", "--devices", str(camera.folder / "dev"))
        terminal = Terminal(state, *arguments, surroundings=camera.environment)
        terminal.answers(("Name of this device", "Front door"), ("Time zone", "Europe/Berln"))
        assert "zone: give the name of a time zone" in terminal.answer("Time zone", "Europe/Berlin\n")
        terminal.answer("Camera: a number", "7\n")
        listed = terminal.shown
        terminal.answers(("there is no camera 7", "1"), ("Folder of recordings", str(tmp_path / "films")))
        terminal.answers(("Upstream", "https://hub.example/"), ("Token", SECRET), ("Wireless network", ""))
        terminal.answer("Do it? [y/N]", "y\n")
        assert (terminal.end(), SECRET in terminal.shown) == (0, False), terminal.shown
    assert "  1  Front Door Cam: mjpeg 1920x1080 30/s, yuyv 1280x720 10/s\n" in listed
    settings = read_settings(None)
    assert (settings.device.name, settings.clock.zone) == ("Front door", "Europe/Berlin")
    assert (settings.media_folder, settings.upstream.url) == (tmp_path / "films", "https://hub.example")
    assert [(one.id, one.backend, one.address) for one in settings.cameras] == [("main", "v4l2", str(camera.by_id))]
    assert json.loads((state / TOKEN).read_text())["token"] == SECRET
    assert SECRET not in (state / SETUP).read_text()
    assert (mode(state / TOKEN), mode(state / SETUP)) == (0o600, 0o640)

    again = Terminal(state, "setup", "--devices", str(tmp_path))
    again.answers(("[Front door]", ""), ("[Europe/Berlin]", "-"), (f"[v4l2 {camera.by_id}]", ""))
    again.answers((f"[{tmp_path / 'films'}]", ""), ("[https://hub.example]", ""), ("Token", ""), ("Wireless", ""))
    again.answer("Do it?", "y\n")
    assert again.end() == 0
    assert "  time zone  Europe/Berlin -> none\n" in again.shown.replace("\r", "")
    assert read_settings(None).clock.zone == ""


@pytest.mark.parametrize("ended", ["\x04", "\x03", "n\n"])
def test_nothing_is_changed_unless_somebody_says_so(ended: str, tmp_path: Path, state: Path) -> None:
    terminal = Terminal(state, "setup", "--name", "Door")
    terminal.answer("Do it? [y/N]", ended)
    assert terminal.end() != 0
    assert not state.exists()


def test_options_do_it_without_a_question(tmp_path: Path, state: Path) -> None:
    done = setup(state, "--name", "Door", "--camera", "bars", "--media", str(tmp_path / "films"))
    assert (done.code, done.err) == (0, "")
    assert "camera        auto -> bars\n" in done.out
    assert "no agent runs here now" in done.out
    assert (tmp_path / "films").is_dir()
    assert setup(state, "--name", "Door").out == "nothing changes\n"
    assert setup(state, "--name", "", "--quiet").out == ""
    assert "name" not in (state / SETUP).read_text().partition("[[cameras]]")[0]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), ExitCode.USAGE, "there is no terminal to ask at"),
        (("--upstream", "http://hub.example"), ExitCode.USAGE, "upstream: give https://host/"),
        (("--from", "x.toml", "--name", "Door"), ExitCode.USAGE, "goes with no other option"),
        (("--from", "no-such.toml"), ExitCode.FAILED, "no-such.toml cannot be read: No such file"),
        (("--token",), ExitCode.USAGE, "token is empty"),
        (("--media", "/proc/films"), ExitCode.FAILED, "the media folder /proc/films cannot be set up"),
        (("--sd-card",), ExitCode.FAILED, "the journal cannot be set up: that takes root, and the installed package"),
    ],
)
def test_what_is_refused_changes_nothing(arguments: tuple[str, ...], code: int, told: str, state: Path) -> None:
    refused = setup(state, *arguments)
    assert (refused.code, told in refused.err) == (code, True), refused
    assert not (state / SETUP).exists()


async def test_a_wireless_network_goes_to_networkmanager_and_nowhere_else(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with private_bus(tmp_path) as address, network_manager(address) as manager:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        done = await called(state, "setup", "--wifi", "Home", "--name", "Door", stdin=f"{SECRET}\n")
        assert (done.code, done.err) == (0, "")
        assert "the network Home is saved" in done.out
        assert manager.secret_of("Home") == SECRET
        manager.refuse = "AddConnection"
        refused = await called(state, "setup", "--wifi", "Other", "--name", "Gate", stdin=f"{SECRET}\n")
    assert (refused.code, "the network Other cannot be set up" in refused.err) == (ExitCode.FAILED, True)
    (written,) = await asyncio.to_thread(lambda: [file.read_text() for file in state.iterdir()])
    assert ("Door" in written, SECRET in written) == (True, False), "what is refused leaves all as it was"


def provisioning_of(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / provisioning.NAME
    file.write_text(text)
    return file


WHOLE = f"""# the porch
name = "Porch"
zone = "Europe/Berlin"
camera = "bars"
upstream = "https://hub.example"
token = "{SECRET}"
"""


def test_a_provisioning_file_is_applied_once_and_keeps_no_secret(tmp_path: Path, state: Path) -> None:
    file = provisioning_of(tmp_path / "boot", WHOLE)
    done = setup(state, "--from", str(file), "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert read_settings(None).device.name == "Porch"
    assert not file.exists()
    (left,) = (tmp_path / "boot").iterdir()
    assert left.name == "cuelight-setup.applied.toml"
    assert left.read_text().startswith("# Applied at 20")
    assert (SECRET in left.read_text(), 'name = "Porch"' in left.read_text()) == (False, True)
    assert doctor(state)["verdict"] == "warning"
    assert [fact.text for fact in setup_facts(state)] == ["a token waits for the upstream to answer"]
    assert setup(state, "--name", "Gate").code == 0
    again = setup(state, "--from", str(provisioning_of(tmp_path / "boot", WHOLE)))
    assert (again.code, f"{file} is applied\n" in again.out) == (0, True), "somebody put it there anew"
    assert read_settings(None).device.name == "Porch"


def test_a_boot_partition_that_cannot_be_written_is_no_reason_to_apply_it_again(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = provisioning_of(tmp_path / "boot", WHOLE)

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(provisioning, "write_durably", refused)
    done = setup(state, "--from", str(file))
    assert (done.code, "its secrets are still in it: Read-only file system" in done.out) == (0, True)
    (state / TOKEN).unlink()  # the agent has spent it
    again = setup(state, "--from", str(file))
    assert (again.code, "was applied at 20" in again.out) == (0, True)
    assert not (state / TOKEN).exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = Porch", "not TOML"),
        ('name = "Porch"\nnmae = "x"\n', "nmae: Extra inputs"),
        ('name = "Porch"\ncamera = "/dev/video0"\nmedia = "/proc/films"\n', "the media folder /proc/films"),
        ('name = "Porch"\n[wifi]\nssid = "Home"\npassword = "sh0rt"\n', "wifi.password: give 8 to 63"),
    ],
)
def test_a_provisioning_file_that_is_of_no_use_is_told_of_and_changes_nothing(
    text: str, told: str, tmp_path: Path, state: Path
) -> None:
    assert setup(state, "--name", "Before").code == 0
    before = (state / SETUP).read_bytes()
    file = provisioning_of(tmp_path / "boot", text)
    refused = setup(state, "--from", str(file), "--quiet")
    assert (refused.code != 0, told in refused.err, refused.out) == (True, True, "")
    assert ((state / SETUP).read_bytes(), file.read_text()) == (before, text)
    checked = doctor(state)
    assert (checked["verdict"], f"{file} was not applied" in checked["text"]) == ("broken", True)
    assert told in checked["text"]
    (shown,) = setup_facts(state)
    assert told in shown.text
    assert "sh0rt" not in checked["text"]
    file.unlink()
    assert (doctor(state)["verdict"], setup_facts(state)) == ("ok", [])
    file.write_text('name = "After"\n')
    assert setup(state, "--from", str(file), "--quiet").code == 0
    assert read_settings(None).device.name == "After"
    assert doctor(state)["verdict"] == "ok"


def test_which_file_is_that_of_the_boot_partition(tmp_path: Path) -> None:
    files = [tmp_path / "firmware.toml", tmp_path / "boot.toml"]
    with pytest.raises(CuelightError, match="there is none on the boot partition"):
        provisioning.provisioning_file("boot", files)
    for file in reversed(files):
        file.touch()
        assert provisioning.provisioning_file("boot", files) == file
    unit = (ROOT / "packaging/systemd/cuelight-provision.service").read_text()
    assert [line for line in unit.splitlines() if line.startswith("ConditionPathExists=|")] == [
        f"ConditionPathExists=|{file}" for file in provisioning.BOOT_FILES
    ]


@pytest.fixture
def owned() -> Iterator[Path]:
    """A state folder of another user, where that user can get to it."""
    if os.geteuid() != 0:
        pytest.skip("only root can make files for others")
    home = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        home.chmod(0o755)
        state = home / "state"
        state.mkdir(mode=0o750)
        os.chown(state, NOBODY, NOBODY)
        yield state
    finally:
        shutil.rmtree(home)


def test_what_root_sets_up_belongs_to_the_agents_user(owned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUELIGHT_STATE_FOLDER", str(owned))
    file = provisioning_of(owned.parent / "boot", WHOLE + f'media = "{owned.parent / "films"}"\n')
    assert setup(owned, "--from", str(file), "--quiet").code == 0
    assert os.geteuid() == 0
    found = [*owned.iterdir(), owned.parent / "films"]
    assert {each.name for each in found} == {SETUP, TOKEN, "provisioning.json", "films"}
    assert {(each.stat().st_uid, each.stat().st_gid) for each in found} == {(NOBODY, NOBODY)}
    target = owned.parent / "shadow"
    target.write_text("# of root\n")
    (owned / SETUP).unlink()
    (owned / SETUP).symlink_to(target)
    assert setup(owned, "--name", "Gate").code == 0
    assert target.read_text() == "# of root\n", "a link that the agent's user planted leads root nowhere"


def test_somebody_else_hears_it_before_the_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "may_write", lambda _: False)
    refused = setup(tmp_path, "--name", "Door")
    assert (refused.code, "belongs to another user" in refused.err) == (ExitCode.FAILED, True)


def test_the_system_is_told_by_drop_ins_that_come_and_go(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    etc = tmp_path / "etc"
    monkeypatch.setattr(command, "system_files", lambda: SystemFiles(etc, reload=False))
    films = tmp_path / 'my "films" 100%'
    assert setup(state, "--sd-card", "--media", str(films)).code == 0
    assert (etc / JOURNAL).read_text().endswith("[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n")
    escaped = str(films).replace('"', '\\"').replace("%", "%%")
    assert (etc / MEDIA).read_text().endswith(f'[Service]\nReadWritePaths="-{escaped}"\n')
    assert mode(etc / JOURNAL) == 0o644
    assert setup(state, "--name", "Door").code == 0
    assert (etc / JOURNAL).exists()
    assert setup(state, "--no-sd-card", "--media", "").code == 0
    assert [path for path in etc.rglob("*") if path.is_file()] == []
    purged = (ROOT / "packaging/debian/postrm").read_text()
    assert (f"{ETC}/{JOURNAL} " in purged, f"{ETC}/{MEDIA}\n" in purged) == (True, True)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"eventStatus": 3}, "started anew: systemctl restart cuelight"),
        ({"eventStatus": 4}, "the agent restarts, and takes this up"),
        ({"eventStatus": 5}, "started anew: systemctl restart cuelight"),
    ],
)
async def test_a_running_agent_is_asked_to_restart(
    members: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.cli.setting_up.restarting.WITHIN", 0.3)
    async with serving(tmp_path / "api.sock") as agent:
        _restarts(agent, members)
        done = await called(tmp_path, "setup", "--name", "Door")
    assert (done.code, done.out.splitlines()[-1].endswith(told)) == (0, True), done
    (asked,) = [body for route, body in agent.sent if route == "POST /v1/event"]
    assert asked == {"deviceSerial": "ABC-1", "eventType": "Device_Restart_agents"}


def _restarts(agent: AgentSocket, members: dict[str, Any]) -> None:
    agent.answers["GET /v1/status"] = {"deviceID": 1}
    agent.answers["GET /v1/device/1"] = {"key": 1, "serialNumber": "ABC-1"}
    agent.answers["POST /v1/event"] = {"eventID": 7}
    agent.events[7] = event(7, **members)


def test_the_real_agent_goes_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its first start, and while it runs; nothing starts this one again, so it says what to do."""
    state = tmp_path / "state"
    assert setup(state, "--name", "Porch", "--zone", "Europe/Berlin").code == 0
    with running_agent(tmp_path) as agent:
        assert agent.request("GET", "/v1/status")[1]["deviceName"] == "Porch"
        monkeypatch.setattr(applying, "may_write", lambda _: False)  # a member of the group: the agent writes
        done = setup(state, "--name", "Gate")
        assert (done.code, "systemctl restart cuelight" in done.out) == (0, True), done
        assert tomllib.loads((state / SETUP).read_text()) == {
            "device": {"name": "Gate"},
            "clock": {"zone": "Europe/Berlin"},
        }
        media = setup(state, "--media", str(tmp_path / "films"))
        assert (media.code, "that takes root" in media.err) == (ExitCode.FAILED, True)
        for wrong in ("name = ", '[device]\nnmae = "x"\n', 'state_folder = "/elsewhere"\n'):
            assert agent.request("PUT", "/v1/setup", {"settings": wrong})[0] == HTTPStatus.BAD_REQUEST
