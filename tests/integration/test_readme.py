"""What the README tells a stranger to type, typed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.agent_process import ROOT, AgentProcess, running_agent

README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    with running_agent(tmp_path_factory.mktemp("readme")) as agent:
        yield agent


def section(title: str) -> str:
    """The first code block below the title."""
    found = re.search(rf"^## {re.escape(title)}\n.*?```\w*\n(.*?)```", README, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def run(script: str, environment: dict[str, str]) -> str:
    """The script's output; every line of it must succeed."""
    done = subprocess.run(
        ["sh", "-eu"],
        input=script,
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_the_first_preset_by_curl(agent: AgentProcess) -> None:
    lines = (agent.state / "first-access-key.txt").read_text().splitlines()
    access, secret = (line.partition(": ")[2] for line in lines)
    script = section("The first preset, by `curl`")
    script = (
        script.replace("'...=='", f"'{access}'")
        .replace("'...'", f"'{secret}'")
        .replace("http://127.0.0.1:8788", agent.url)
    )
    output = run(script, {})
    assert '"eventPresetName":"Five seconds"' in output.replace('": "', '":"')
    assert "EventID" in output
    assert "not signed" not in output
    assert agent.wait_for_event(1)["eventStatus"] == 4


def test_the_first_preset_by_command_line(agent: AgentProcess, tmp_path: Path) -> None:
    script = section("The first preset, by command line").replace(".venv/bin/cuelight", f"{sys.executable} -P -m agent")
    output = run(script, {"CUELIGHT_STATE_FOLDER": str(agent.state)})
    assert "Complete" in output
    assert "Five seconds" in output
