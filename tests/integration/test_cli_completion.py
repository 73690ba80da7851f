"""Shell completion: what the shells' scripts ask, and what they are answered."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.agent_socket import DEVICE, AgentSocket, preset, serving
from fakes.command_line import cuelight, environment

EVIL = "\\$(touch pwned) `touch pwned` '; touch pwned; \" \x1b]0;x\x07"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[AgentSocket]:
    async with serving(tmp_path / "api.sock") as fake:
        names = ("Porch", "Front gate", "7", EVIL)
        fake.presets = {key: preset(key, eventPresetName=name) for key, name in enumerate(names, 1)}
        yield fake


async def completed(state: Path, line: str) -> list[str]:
    """What bash is offered for the last word of `line`."""
    words = line.split(" ")
    asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_CUELIGHT_COMPLETE": "complete_bash"}
    ended = await cuelight(state, **asked)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.split()


async def test_commands_and_options(tmp_path: Path) -> None:
    assert await completed(tmp_path, "cuelight pre") == ["preset"]
    assert await completed(tmp_path, "cuelight preset st") == ["startup"]
    assert "--standalone" in await completed(tmp_path, "cuelight preset startup --")
    assert await completed(tmp_path, "cuelight preset startup --clear on") == ["online"]
    assert "Video_Start_recording" in await completed(tmp_path, "cuelight preset create x Video_Start_rec")


async def test_names_from_the_running_agent(agent: AgentSocket, tmp_path: Path) -> None:
    # Names that a shell would split, or that look like an ID, are offered by their ID.
    assert await completed(tmp_path, "cuelight preset run ") == ["Porch", "2", "3", "4"]
    assert await completed(tmp_path, "cuelight --json preset show Po") == ["Porch"]
    assert await completed(tmp_path, "cuelight preset list --device ") == [DEVICE["serialNumber"]]
    assert agent.sent == []


async def test_nothing_that_a_shell_would_evaluate_is_offered(agent: AgentSocket, tmp_path: Path) -> None:
    asked = {"_TYPER_COMPLETE_ARGS": "cuelight preset run ", "TERM": "dumb"}
    zsh = await cuelight(tmp_path, **asked, _CUELIGHT_COMPLETE="complete_zsh")
    assert "Front gate\\\\: Video_Start_recording" in zsh.out
    fish = await cuelight(tmp_path, **asked, _CUELIGHT_COMPLETE="complete_fish", _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert "2\tFront gate: Video_Start_recording" in fish.out
    for text in (zsh.out, fish.out):
        offered = next(line for line in text.splitlines() if "touch" in line).removesuffix("))'")
        assert not set(offered) & set("$`;'(\x1b\x07"), offered


@pytest.mark.parametrize("config", ["", "[api]\nprot = 1\n"])
async def test_silence_where_nothing_answers(tmp_path: Path, config: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(config)
    assert await completed(tmp_path, f"cuelight --config {file} preset run ") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_each_shell_has_its_script(tmp_path: Path, shell: str) -> None:
    ended = await cuelight(tmp_path, "completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert f"_CUELIGHT_COMPLETE=complete_{shell}" in ended.out
    assert (await cuelight(tmp_path, "completion", "tcsh")).code == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
async def test_bash_takes_the_script(agent: AgentSocket, tmp_path: Path) -> None:
    program = tmp_path / "cuelight"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m agent "$@"\n')
    program.chmod(0o755)
    script = (await cuelight(tmp_path, "completion", "bash")).out
    line = f"{script}\nCOMP_WORDS=({program} preset run Po) COMP_CWORD=3\n_cuelight_completion {program}\n"
    asked = line + 'printf "%s\\n" "${COMPREPLY[@]}"'
    shell = asyncio.to_thread(
        subprocess.check_output, ["bash", "--norc", "-c", asked], env=environment(tmp_path), text=True
    )
    assert await shell == "Porch\n"
