"""Real hubs in processes of their own, and devices that ask them as they would."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
from fakes.agent_process import ROOT
from fakes.fresh_database import place_database
from fakes.served_store import SigningClient

from presets_store.clock import SystemClock
from presets_store.process.announcing import KEY_FILE
from presets_store.services.people.keys import NewKey


class HubProcess:
    """One replica. Several on one database share `folder`, and in it the seal key."""

    def __init__(self, folder: Path, database: str = "", *, name: str = "hub", **settings: str) -> None:
        self.folder = folder
        self.state = folder / name
        self.log = folder / f"{name}.log"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("CUELIGHT_")},
            "CUELIGHT_HUB_STATE_FOLDER": str(self.state),
            "CUELIGHT_HUB_SEAL_KEY": str(folder / "seal.key"),
            "CUELIGHT_HUB_LISTEN__PORT": "0",
            "CUELIGHT_HUB_DATABASE": database,
            "CUELIGHT_HUB_MEDIA__FOLDER": str(folder / "files"),
            "CUELIGHT_HUB_MEDIA__SHARED": "true",
            "CUELIGHT_HUB_LOG__FORMAT": "json",
            "PYTHONPATH": str(ROOT),
            **settings,
        }
        self.program: tuple[str, ...] = ("-m", "presets_store.hub")
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Starts and waits until it says that it is ready."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Only starts."""
        place_database(self.state / "hub.db")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", *self.program],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def await_ready(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "listens at" in line:
                self.url = line.split("listens at ")[1].strip(" )\n")
                return
        self._reap()
        raise AssertionError(f"the hub did not start: {self.log.read_text()}")

    def kill(self) -> None:
        """As a power cut."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def stop(self, timeout: float = 20.0) -> int:
        """By SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout)
        return self._reap()

    def end(self) -> None:
        """Whatever it is at; harmless when it is over."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def client(self, session: aiohttp.ClientSession) -> SigningClient:
        """Signs with the key that one replica has shown at the first start of all."""
        return SigningClient(self.url, first_key(self.folder), SystemClock(trusted=True), session)

    def _reap(self) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def first_key(folder: Path) -> NewKey:
    """The pair that was shown once, by one of the replicas."""
    (file,) = folder.glob(f"*/{KEY_FILE}")
    access, secret = (line.partition(": ")[2] for line in file.read_text().splitlines())
    return NewKey(access, secret)


async def make_device(client: SigningClient, serial: str) -> int:
    """A new device's key."""
    created: dict[str, Any] = await client.json("POST", "/v1/device", {"serialNumber": serial, "deviceName": serial})
    return int(created["key"])
