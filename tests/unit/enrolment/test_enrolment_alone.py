"""Enrolment by the command line where no agent runs: whom it stands aside for, and what it leaves."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_line import called

from agent.enrolment import alone
from agent.enrolment.errors import AddressRefused, EnrolmentOverruled, StateOfAnother
from agent.errors import AlreadyRunning
from agent.lifecycle import only_agent
from agent.settings import Settings, UpstreamSettings


@pytest.fixture(autouse=True)
def _mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_wrong_address_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    settings = Settings(state_folder=tmp_path / "state")
    for url in ("http://hub.example", "http://localhost.example", "https://me:hidden@hub", "ftp://127.0.0.1", "hub"):
        with pytest.raises(AddressRefused) as refused:
            alone.enroll(settings, url, "token")
        assert "hidden" not in str(refused.value)
    assert not settings.state_folder.exists()


def test_it_stands_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(state_folder=tmp_path)
    with only_agent(settings.run_folder), pytest.raises(AlreadyRunning):
        alone.forget(settings)
    owned = settings.model_copy(update={"upstream": UpstreamSettings(access_key="mine")})
    with pytest.raises(EnrolmentOverruled):
        alone.enroll(owned, "https://hub.example", "token")
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(StateOfAnother, match="another user"):
        alone.forget(settings)


def test_what_it_makes_is_for_the_owner_alone(tmp_path: Path) -> None:
    settings = Settings(state_folder=tmp_path / "state")
    assert alone.forget(settings) == {"forgotten": False}
    assert (settings.seal_key_file.stat().st_mode & 0o077, settings.sealed_folder.stat().st_mode & 0o077) == (0, 0)


def test_a_socket_that_a_killed_agent_left_is_no_agent(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "api.sock"))
    assert asyncio.run(called(tmp_path, "enroll", "--forget", "--json")).document == {"forgotten": False}
    with only_agent(tmp_path / "run"):
        ended = asyncio.run(called(tmp_path, "enroll", "--forget"))
    assert (ended.code, "no agent answers" in ended.err) == (4, True), "it runs, and says nothing"
