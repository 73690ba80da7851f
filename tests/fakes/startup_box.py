"""A device whose agent is a process of its own: it boots, loses its power, and its files get lost or damaged."""

import asyncio
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fakes.agent_process import AgentProcess, wait_for

from agent.errors import UpstreamRefused
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from presets_store.clock import SystemClock

PROGRAM = (str(Path(__file__).with_name("startup_program.py")),)
STANDALONE = "standalone"


class Box(AgentProcess):
    """One device with a file as its camera. `boots` counts how often its power came."""

    def __init__(self, folder: Path, upstream: str) -> None:
        self.boot_file = folder / "boot-id"
        self.boots = 0
        super().__init__(
            folder,
            BOOT_ID_FILE=str(self.boot_file),
            CUELIGHT_UPSTREAM__URL=upstream,
            CUELIGHT_UPSTREAM__ACCESS_KEY="key",
            CUELIGHT_UPSTREAM__SECRET_KEY="secret",
            CUELIGHT_STARTUP__GRACE="0.3",
        )

    @property
    def database(self) -> Path:
        return self.state / "cuelight.db"

    @property
    def seal_key(self) -> Path:
        return self.state / "seal.key"

    def boot(self, **environment: str) -> dict[str, Any]:
        """The power comes; what `started` answers."""
        self.boots += 1
        self.boot_file.write_text(f"boot-{self.boots}\n")
        return self.started(**environment)

    def started(self, **environment: str) -> dict[str, Any]:
        """The agent starts, and has fired what it fires; its status then."""
        self.start(PROGRAM, **environment)
        assert self.running, self.logged()
        return dict(wait_for(self._settled, 15, "the start-up to be over"))

    def status(self) -> dict[str, Any]:
        code, answer = self.request("GET", "/v1/status")
        assert code == 200, answer
        return dict(answer)

    def bind(self, state: str = STANDALONE, *, attempts: int = 1, **parameters: Any) -> int:
        """Binds a recording to the start-up, in place of the one before; the preset's key when the device has it."""
        body = self.event_body("Video_Start_recording", attempts, parameters) | {"eventPresetName": state}
        del body["deviceSerial"]
        code, preset = self.request("POST", "/v1/eventpreset", body | {"deviceID": self.status()["deviceID"]})
        assert code == 200, preset
        code, answer = self.request("POST", f"/v1/eventpreset/startupevent/{state}/{preset['key']}")
        assert code == 200, answer
        if answer["EventID"]:
            assert self.wait_for_event(answer["EventID"])["eventStatus"] == 4
        return int(preset["key"])

    def unbind(self, state: str = STANDALONE) -> None:
        device = self.status()["deviceID"]
        code, answer = self.request("DELETE", f"/v1/eventpreset/startupevent/{state}/device/{device}")
        assert code == 200, answer
        self.wait_for_event(answer["EventID"])

    def set(self, name: str, value: str) -> None:
        """Changes a setting by an event."""
        ended = self.wait_for_event(self.create_event("Device_Update_setting", name=name, value=value))
        assert ended["eventStatus"] == 4, ended

    def begun(self) -> list[str]:
        """UUIDs of the events that start-up made, as far as the database knows; the oldest first."""
        return [row[0] for row in self.rows("SELECT uuid FROM events WHERE cause LIKE 'startup:%' ORDER BY key")]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(statement).fetchall()

    def lets_in(self, access_key: str, secret: str) -> bool:
        """Whether a request signed with the pair is taken."""
        return asyncio.run(self._lets_in(access_key, secret))

    def first_key(self) -> tuple[str, str]:
        """The pair that was made at the first start."""
        text = (self.state / "first-access-key.txt").read_text()
        access_key, secret = (line.split(": ")[1] for line in text.splitlines())
        return access_key, secret

    async def _lets_in(self, access_key: str, secret: str) -> bool:
        client = SignedClient(self.url, Credentials(access_key, secret), SystemClock(trusted=True))
        try:
            await client.request("GET", "/v1/device/list")
        except UpstreamRefused as refused:
            if refused.fields["status"] != HTTPStatus.UNAUTHORIZED:
                raise
            return False
        finally:
            await client.close()
        return True

    def _settled(self) -> dict[str, Any] | None:
        status = self.status()
        return None if status["mode"] == "starting" else status


@contextmanager
def box(folder: Path, *, upstream: str = "", **environment: str) -> Iterator[Box]:
    """A device that has booted once, with `environment`; nothing is bound. `upstream`: a URL, "" for a closed port."""
    folder.mkdir(exist_ok=True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        device = Box(folder, upstream or f"http://127.0.0.1:{closed.getsockname()[1]}")
        device.boot(**environment)
        try:
            yield device
        finally:
            with suppress(ProcessLookupError):
                device.kill()


def codes(status: dict[str, Any]) -> list[str]:
    """Of the incidents that are told."""
    return [incident["code"] for incident in status["incidents"]]
