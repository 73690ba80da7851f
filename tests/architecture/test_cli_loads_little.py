"""What a command of the command line loads, and what help says of those that are not loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from agent.cli.lazy import loaded
from agent.cli.main import Root, app

PROGRAM = """
import sys
from agent.__main__ import main
sys.argv = ["cuelight", *sys.argv[1:]]
try:
    main()
finally:
    sys.stderr.write("\\n" + " ".join(sys.modules))
"""

SERVING = ("aiohttp", "sqlalchemy", "av", "cv2", "numpy", "agent.app", "presets_store.api")


def modules(folder: Path, *arguments: str) -> set[str]:
    """All that are loaded when the command has ended."""
    ended = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *arguments],
        env=os.environ | {"CUELIGHT_STATE_FOLDER": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(ended.stderr.rpartition("\n")[2].split())


@pytest.mark.parametrize("command", ["preset list", "event show 1", "status", "clip list"])
def test_a_command_that_asks_the_agent_loads_nothing_that_the_agent_is_made_of(command: str, tmp_path: Path) -> None:
    found = modules(tmp_path, *command.split())
    assert "agent.cli.client" in found
    assert found.isdisjoint({*SERVING, "rich.console"})
    assert found.isdisjoint({"agent.cli.scripts", "agent.cli.setting_up", "agent.cli.doctor"}), "other commands"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_what_the_command_knows_by_itself_needs_no_settings(arguments: list[str], tmp_path: Path) -> None:
    found = modules(tmp_path, *arguments)
    assert "agent.cli.main" in found
    assert found.isdisjoint({*SERVING, "pydantic", "agent.settings"})


@pytest.mark.parametrize("later", Root.later, ids=lambda later: later.name)
def test_help_says_of_a_command_what_it_says_of_itself(later: typer.core.TyperCommand) -> None:
    command = loaded(later)
    assert (command.name, command.get_short_help_str(200)) == (later.name, later.get_short_help_str(200))


def test_the_names_are_those_of_all_commands() -> None:
    root = typer.main.get_command(app)
    assert list(root.commands) == ["run", "hub", *(str(later.name) for later in Root.later)]  # type: ignore[attr-defined]
