"""The devices of the demo: real agents in processes of their own, each with its own state folder, on loopback only."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from agent.cli.client import AgentClient
from presets_store.process.announcing import KEY_FILE
from scripts.demo.evidence import Deaths, family

Answer = TypeVar("Answer")

STOPS_WITHIN = 20.0


class Machine:
    """One device. `camera` is its only one, as the settings take it; `settings` are further CUELIGHT_ variables."""

    def __init__(self, name: str, folder: Path, camera: dict[str, str], **settings: str) -> None:
        self.name = name
        self.state = folder / name
        self.log = folder / f"{name}.log"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("CUELIGHT_", "_CUELIGHT_"))},
            "CUELIGHT_STATE_FOLDER": str(self.state),
            "CUELIGHT_DEVICE__NAME": name,
            "CUELIGHT_DEVICE__SERIAL": f"{name}-1",
            "CUELIGHT_CAMERAS": json.dumps([camera]),
            "CUELIGHT_API__PORT": "0",
            "CUELIGHT_LOG__FORMAT": "text",
            **settings,
        }
        self.client = AgentClient(self.state / "api.sock")
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def database(self) -> Path:
        return self.state / "cuelight.db"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def command(self, *arguments: str) -> list[str]:
        """`cuelight ARGUMENTS` as this machine's processes are started."""
        return [sys.executable, "-P", "-m", "agent", *arguments]

    def start(self) -> Iterator[str]:
        """Starts the agent; what it says until it is ready, line by line. It gets the same port each time."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                self.command("run"),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C is for the demo, which then ends its agents
            )
        for line in self._process.stdout or ():
            yield line.rstrip("\n")
            word, _, rest = line.strip().partition(" ")
            if word == "API":
                self.url = rest.split()[0]
                self.environment["CUELIGHT_API__PORT"] = str(self.port)
            elif word == "data":
                return
        raise RuntimeError(f"{self.name} did not become ready; its log is {self.log}")

    def take_key(self) -> tuple[str, str]:
        """Access key and secret of the first start; the file goes, as the agent advises."""
        file = self.state / KEY_FILE
        access, secret = (line.partition(": ")[2] for line in file.read_text().splitlines())
        file.unlink()
        return access, secret

    def processes(self) -> list[int]:
        """The agent and its camera hosts."""
        return family(self._process.pid) if self._process is not None and self.running else []

    def ended(self, seconds: float) -> int:
        """The exit code, negative for a signal."""
        if self._process is None:
            raise LookupError(f"{self.name} was never started")
        code = self._process.wait(seconds)
        if self._process.stdout:
            self._process.stdout.close()
        return code

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGTERM)
        return self.ended(STOPS_WITHIN)

    def kill(self) -> None:
        """Ends the agent and its camera hosts if they still run, in whatever state."""
        pids = self.processes()
        deaths = Deaths(pids)
        for pid in pids:
            with suppress(ProcessLookupError):  # the host of a dead agent ends by itself
                os.kill(pid, signal.SIGKILL)
        deaths.await_all(STOPS_WITHIN)
        if pids:
            self.ended(STOPS_WITHIN)

    def get(self, path: str, **query: object) -> Any:
        """A look into the agent, past the command line."""
        return self.client.get(path, query)

    def event(self, key: int) -> dict[str, Any]:
        """The event's record, with `result` parsed."""
        record: dict[str, Any] = self.get(f"/v1/event/{key}")
        return record | {"result": json.loads(record["result"] or "{}")}

    def events(self) -> list[dict[str, Any]]:
        """All events, the newest first, with `result` parsed."""
        records = self.client.post("/v1/event/list", {"deviceID": 0, "count": 0, "order": "desc"})
        return [record | {"result": json.loads(record["result"] or "{}")} for record in records]

    def media(self, file: str) -> Path:
        return self.state / "media" / file


def until(look: Callable[[], Answer], seconds: float, what: str) -> Answer:
    """The first answer of `look` that is not empty; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.05)
    return answer
