"""How the command line starts, what it says when it cannot, and how it looks on a terminal."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from fakes.agent_socket import event, serving
from fakes.command_line import ROOT, on_a_terminal

from agent.cli.exit_codes import ExitCode
from agent.cli.main import without_json
from presets_store import __version__


def cuelight(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {"CUELIGHT_STATE_FOLDER": str(state), "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "agent", *arguments],
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_agent_it_says_how_to_start_one(tmp_path: Path) -> None:
    ended = cuelight(tmp_path, "event", "list")
    assert ended.returncode == ExitCode.UNREACHABLE
    assert str(tmp_path / "api.sock") in ended.stderr
    assert "start it with: cuelight run" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_answers_but_is_no_agent(tmp_path: Path) -> None:
    (tmp_path / "api.sock").write_text("a file")
    assert cuelight(tmp_path, "event", "list").returncode == ExitCode.UNREACHABLE


def test_wrong_usage(tmp_path: Path) -> None:
    for arguments in (("frobnicate",), ("event", "show", "x"), ("run", "--frobnicate"), ("preset", "create", "x")):
        assert cuelight(tmp_path, *arguments).returncode == ExitCode.USAGE
    ended = cuelight(tmp_path, "preset", "create", "x", "Video_Test_event", "--params", "{")
    assert (ended.returncode, "--params is not JSON" in ended.stderr) == (ExitCode.USAGE, True)


def test_invalid_settings_name_the_bad_key(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[api]\nport = 99999\n")
    for arguments in (("--config", str(config), "event", "list"), ("run", "--config", str(config))):
        ended = cuelight(tmp_path, *arguments)
        assert ended.returncode == ExitCode.SETTINGS
        assert "api.port" in ended.stderr
    # The same through the other way in: the root's option, which starts the agent anew without the command line.
    assert cuelight(tmp_path, "--config", str(config), "run").returncode == ExitCode.SETTINGS
    assert cuelight(tmp_path, "--config", str(tmp_path / "none.toml"), "event", "list").returncode == ExitCode.SETTINGS


def test_reading_settings_writes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[api]\nport = 1234\n")
    cuelight(tmp_path / "state", "--config", str(config), "event", "list")
    assert list(tmp_path.iterdir()) == [config]


def test_help_lists_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    text = cuelight(tmp_path, "--help").stdout
    for word in (
        "run",
        "preset",
        "event",
        "camera",
        "clip",
        "key",
        "status",
        "doctor",
        "--json",
        "--config",
        "Exit codes",
        "78",
    ):
        assert word in text
    for arguments in (("run", "--help"), ("run", "-h")):
        text = cuelight(tmp_path, *arguments).stdout
        assert "--config" in text
        assert "--first-preset" in text


def test_the_api_is_described_without_an_agent(tmp_path: Path) -> None:
    ended = cuelight(tmp_path, "openapi")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {"/v1/eventpreset/run/{key}", "/v1/status"} <= set(json.loads(ended.stdout)["paths"])
    assert list(tmp_path.iterdir()) == []


def test_the_version(tmp_path: Path) -> None:
    ended = cuelight(tmp_path, "--version")
    assert (ended.returncode, ended.stdout) == (0, f"cuelight {__version__}\n")


def test_the_agent_is_loaded_without_the_command_line() -> None:
    program = "import sys, agent.cli.run, agent.app; print({'typer', 'rich', 'click'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"


def test_json_may_stand_anywhere_but_not_behind_two_dashes() -> None:
    assert without_json(["event", "list", "--json"]) == (True, ["event", "list"])
    assert without_json(["preset", "run", "--", "--json"]) == (False, ["preset", "run", "--", "--json"])


async def test_a_terminal_gets_colour_but_nothing_of_the_apis_escapes(tmp_path: Path) -> None:
    async with serving(tmp_path / "api.sock") as agent:
        message = json.dumps({"message": "[red]x[/red]\x1b]0;title\x07"})
        agent.events = {1: event(1, eventStatus=5, result=message)}
        _, text = await asyncio.to_thread(on_a_terminal, tmp_path, "event", "list")
    assert "\x1b[1;31mError" in text
    assert "[red]x[/red]\N{REPLACEMENT CHARACTER}]0;title" in text
    assert "\x1b]0" not in text
