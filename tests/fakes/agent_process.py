"""A real agent in a process of its own, on its own state folder, and a plain client of its Unix socket."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fakes.fresh_database import place_database

ROOT = Path(__file__).resolve().parents[2]
TERMINAL = {4, 5, 6, 7}


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class AgentProcess:
    """`program` defaults to the agent itself; a test may give one that kills itself at a chosen place."""

    def __init__(self, folder: Path, *, camera: dict[str, Any] | None = None, **settings: str) -> None:
        self.state = folder / "state"
        self.media = self.state / "media"
        self.journal = folder / "journal.jsonl"
        self.log = folder / "agent.log"
        main = {"id": "main", "name": "Main", "backend": "file", "options": {"journal": str(self.journal)}}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CUELIGHT_")},
            "CUELIGHT_STATE_FOLDER": str(self.state),
            "CUELIGHT_API__PORT": "0",
            "CUELIGHT_DEVICE__SERIAL": "10001234",
            "CUELIGHT_CAMERAS": json.dumps([camera or main]),
            "CUELIGHT_LOG__FORMAT": "json",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, program: tuple[str, ...] = ("-m", "agent"), **environment: str) -> None:
        """Starts and waits until the agent says that it is ready, or has died."""
        place_database(self.state / "cuelight.db")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", *program, "run"],
                cwd=self.state.parent,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip().startswith(b"API"):
                self.url = line.split()[1].decode()
            if line.strip().startswith(b"data"):
                return

    def kill(self) -> None:
        """SIGKILL, and waits for the death."""
        if self.process is not None:
            self.process.kill()
            self.wait()

    def stop(self) -> int:
        """SIGTERM, and waits for the end; answers the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self, timeout: float = 30.0) -> int:
        assert self.process is not None
        code = self.process.wait(timeout)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def request(
        self, method: str, path: str, body: object = None, *, timeout: float = 30.0, **headers: str
    ) -> tuple[int, Any]:
        """One request over the Unix socket: status and parsed body (None when empty)."""
        connection = SocketConnection(self.state / "api.sock", timeout)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        return response.status, json.loads(answer) if answer.strip() else None

    def create_event(self, event_type: str, *, max_attempts: int = 0, **parameters: Any) -> int:
        """Queues an event on the agent's own device; answers its key."""
        status, answer = self.request("POST", "/v1/event", self.event_body(event_type, max_attempts, parameters))
        assert status == 200, answer
        return int(answer["eventID"])

    def event_body(self, event_type: str, max_attempts: int, parameters: dict[str, Any]) -> dict[str, Any]:
        return {
            "deviceSerial": "10001234",
            "eventType": event_type,
            "eventParameters": json.dumps(parameters),
            "maxAttempts": max_attempts,
        }

    def event(self, key: int) -> dict[str, Any]:
        status, answer = self.request("GET", f"/v1/event/{key}")
        assert status == 200, answer
        return dict(answer)

    def wait_for_event(self, key: int, timeout: float = 30.0) -> dict[str, Any]:
        """The event's record when it has ended."""
        return dict(wait_for(lambda: ended(self.event(key)), timeout, f"event {key} to end"))

    def clips(self, event: int) -> list[dict[str, Any]]:
        status, answer = self.request("GET", f"/v1/clip/list?event={event}")
        assert status == 200, answer
        return list(answer)

    def logged(self) -> str:
        return self.log.read_text(errors="replace")


def ended(event: dict[str, Any]) -> dict[str, Any] | None:
    return event if event["eventStatus"] in TERMINAL else None


def result_of(event: dict[str, Any]) -> dict[str, Any]:
    """What the event's action told."""
    return dict(json.loads(event["result"]))


def wait_for(look: Callable[[], Any], timeout: float, what: str) -> Any:
    """The first truthy answer of `look`."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        answer = look()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout} s for {what}")


def host_of(agent: AgentProcess, camera: str) -> int:
    """The process id of the camera's host: the holder of its lock."""
    inode = str((agent.state / "run" / f"{camera}.lock").stat().st_ino)
    held = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return next(int(fields[4]) for fields in held if fields[5].endswith(f":{inode}"))


@contextmanager
def running_agent(folder: Path, **options: Any) -> Iterator[AgentProcess]:
    """An agent that is ready; killed at the end if it still runs."""
    agent = AgentProcess(folder, **options)
    agent.start()
    assert agent.running, agent.logged()
    try:
        yield agent
    finally:
        with suppress(ProcessLookupError):
            agent.kill()
