"""The agent and the hub as services of systemd: what they tell it, at a socket like its own."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from fakes.agent_process import AgentProcess, wait_for
from fakes.hub_process import HubProcess

FED_EVERY = 0.1
WATCHDOG_USEC = str(int(3e6 * FED_EVERY))


class Manager:
    """systemd's end."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.words: list[str] = []

    def heard(self) -> list[str]:
        with suppress(BlockingIOError):
            while True:
                self.words.append(self.socket.recv(4096).decode())
        return self.words

    def hears(self, word: str, timeout: float = 20.0) -> None:
        wait_for(lambda: any(each.startswith(word) for each in self.heard()), timeout, f"{word} in {self.words}")


@contextmanager
def manager(folder: Path) -> Iterator[Manager]:
    made = Manager(folder / "notify")
    try:
        yield made
    finally:
        made.socket.close()


def test_the_agent_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    with manager(tmp_path) as systemd:
        agent = AgentProcess(tmp_path)
        agent.start(NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC=WATCHDOG_USEC)
        try:
            systemd.hears("READY=1")
            assert agent.request("GET", "/v1/status")[0] == 200
            systemd.hears("WATCHDOG=1")
            systemd.hears("STATUS=standalone: no upstream is configured; cameras: 1 ")
            os.kill(agent.pid, signal.SIGSTOP)
            time.sleep(2 * FED_EVERY)
            systemd.heard()
            systemd.words.clear()
            time.sleep(5 * FED_EVERY)
            assert systemd.heard() == [], "a frozen agent is not alive"
            os.kill(agent.pid, signal.SIGCONT)
            systemd.hears("WATCHDOG=1")
        finally:
            os.kill(agent.pid, signal.SIGCONT)
            code = agent.stop()
        assert code == 0
        assert systemd.heard().count("STOPPING=1") == 1


def test_the_hub_is_ready_and_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with manager(tmp_path) as systemd:
        monkeypatch.setenv("NOTIFY_SOCKET", systemd.path)
        hub = HubProcess(tmp_path)
        hub.start()
        try:
            systemd.hears("READY=1")
            systemd.hears("STATUS=0 devices wait for events")
        finally:
            assert hub.stop() == 0
        assert systemd.heard()[-1] == "STOPPING=1"
