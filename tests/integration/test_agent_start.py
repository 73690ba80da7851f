"""Why an agent does not start, and that it says so."""

import socket
from pathlib import Path

import pytest
from fakes.agent_process import AgentProcess, running_agent

SETTINGS_INVALID = 78


def refused(agent: AgentProcess) -> int:
    """Starts an agent that must end by itself; its exit code."""
    agent.start()
    return agent.wait(20)


def test_two_agents_do_not_share_a_state_folder(tmp_path: Path) -> None:
    with running_agent(tmp_path) as first:
        second = AgentProcess(tmp_path)
        second.log = tmp_path / "second.log"
        assert refused(second) == 1
        assert f"another cuelight agent uses {first.state}" in second.logged()
        status, _ = first.request("GET", "/v1/version")
        assert status == 200, "the first one is not disturbed"
        assert first.stop() == 0


def test_a_taken_port_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        agent = AgentProcess(tmp_path, CUELIGHT_API__PORT=str(port))
        assert refused(agent) == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in agent.logged()
    assert "Traceback" not in agent.logged()
    assert not (agent.state / "api.sock").exists()


def test_a_socket_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 100) / "api.sock"
    agent = AgentProcess(tmp_path, CUELIGHT_API__SOCKET=str(path))
    assert refused(agent) == 1
    assert f"the socket path {path} is longer than 107 bytes; set api.socket" in agent.logged()
    assert "Traceback" not in agent.logged()


@pytest.mark.parametrize("place", ["state", "state/run", "state/api.sock"])
def test_a_place_that_cannot_be_used_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    if place.endswith(".sock"):
        (tmp_path / place).mkdir()
    else:
        (tmp_path / place).write_text("a file where a folder must be")
    agent = AgentProcess(tmp_path)
    assert refused(agent) == 1
    assert str(tmp_path / place) in agent.logged()
    assert "Traceback" not in agent.logged()


@pytest.mark.parametrize(("name", "value"), [("CUELIGHT_API__PORT", "high"), ("CUELIGHT_CAMERAS", '[{"id": "A B"}]')])
def test_bad_settings_name_the_key(tmp_path: Path, name: str, value: str) -> None:
    agent = AgentProcess(tmp_path, **{name: value})  # type: ignore[arg-type]
    assert refused(agent) == SETTINGS_INVALID
    assert ("api.port" if "PORT" in name else "cameras.0.id") in agent.logged()
