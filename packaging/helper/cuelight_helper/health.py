"""Whether the agent works: as systemd sees it, and by pictures that its cameras give.

Nothing that the new version would have to add is asked: a version that answers nothing has failed.
"""

import http.client
import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cuelight_helper.commands import Done, run
from cuelight_helper.places import SERVICE

logger = logging.getLogger(__name__)

READY_WITHIN = 600.0
"""Seconds from the start of the new version to its being ready, pictures included; a migration is within them."""
STAYS = 20.0
"""Seconds for which it must be ready without a new start."""
MOST_RESTARTS = 10
"""Starts that systemd may have to repeat meanwhile."""
PICTURE_WITHIN = 15.0
LOOK_EVERY = 1.0

_SYSTEMCTL_WITHIN = 180.0
_LARGEST_ANSWER = 64 * 1024**2


@dataclass(frozen=True)
class Service:
    """The agent's unit. `run`: which run of it, "" for none."""

    ready: bool
    run: str
    restarts: int


class Agent:
    """The agent, seen from outside. `path`: its socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_expected(self) -> bool:
        """Whether it runs, or is to run at each boot."""
        return self._systemctl("is-active", SERVICE).fine or self._systemctl("is-enabled", SERVICE).fine

    def start(self) -> None:
        self._systemctl("daemon-reload")
        self._systemctl("reset-failed", SERVICE)
        self._systemctl("start", "--no-block", SERVICE)

    def stop(self) -> Done:
        return self._systemctl("stop", SERVICE)

    def restart_others(self, *units: str) -> None:
        """Services that run out of the same folder."""
        self._systemctl("try-restart", "--no-block", *units)

    def look(self) -> Service:
        """How it is now."""
        names = ("ActiveState", "InvocationID", "NRestarts")
        done = self._systemctl("show", *(f"--property={name}" for name in names), SERVICE)
        found = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
        restarts = found.get("NRestarts", "0")
        return Service(
            ready=found.get("ActiveState") == "active",
            run=found.get("InvocationID", ""),
            restarts=int(restarts) if restarts.isdecimal() else 0,
        )

    def pictures(self) -> list[str]:
        """The ids of the cameras that give a picture now."""
        return [name for name in self._cameras() if self.gives_picture(name)]

    def gives_picture(self, camera: str) -> bool:
        """Whether a picture comes that is a JPEG, whole at both ends."""
        data = self._get(f"/v1/camera/{quote(camera, safe='')}/snapshot", PICTURE_WITHIN)
        return data.startswith(b"\xff\xd8") and data.rstrip(b"\0").endswith(b"\xff\xd9")

    def _cameras(self) -> Iterator[str]:
        try:
            cameras: Any = json.loads(self._get("/v1/status", PICTURE_WITHIN))["cameras"]
            yield from [str(camera["cameraID"]) for camera in cameras]
        except (ValueError, TypeError, KeyError):
            return

    def _get(self, path: str, seconds: float) -> bytes:
        """The body of a fine answer; nothing of any other."""
        connection = _UnixConnection(self._path, seconds)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read(_LARGEST_ANSWER) if response.status == 200 else b""
        except (OSError, http.client.HTTPException):
            return b""
        finally:
            connection.close()

    def _systemctl(self, *arguments: str) -> Done:
        return run(("systemctl", *arguments), _SYSTEMCTL_WITHIN)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def watch(agent: Agent, pictures: Sequence[str], on_ready: Callable[[], None]) -> str:
    """Watches the agent that was just started; "" when it works, else what is wrong with it.

    `pictures`: cameras that must give one. `on_ready` is called when it is ready for the first time.
    """
    deadline = time.monotonic() + READY_WITHIN
    first = agent.look().restarts
    told, run_of, since, missing = False, "", 0.0, list(pictures)
    while time.monotonic() < deadline:
        now = agent.look()
        first = min(first, now.restarts)  # a start by hand counts anew
        if now.ready:
            if not told:
                told = True
                on_ready()
            if now.run != run_of:
                run_of, since, missing = now.run, time.monotonic(), list(pictures)
            missing = [camera for camera in missing if not agent.gives_picture(camera)]
            if not missing and time.monotonic() - since >= STAYS:
                return ""
        if now.restarts - first >= MOST_RESTARTS:
            return f"it ended {now.restarts - first} times in a row"
        time.sleep(LOOK_EVERY)
    if not told:
        return f"it was not ready within {READY_WITHIN:g} s"
    if missing:
        return f"it gave no picture of camera {', '.join(missing)}, which gave one before"
    return f"it did not stay ready for {STAYS:g} s"


def tell_ready() -> None:
    """Tells systemd that what must go before the agent's start is done (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as teller:
            teller.connect("\0" + address[1:] if address.startswith("@") else address)
            teller.send(b"READY=1")
    except OSError as error:
        logger.error("systemd does not hear that the agent may start: %s", error)
