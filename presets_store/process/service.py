"""What systemd is told of a service (sd_notify(3)): ready, how it is, stopping, and that it is alive."""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from typing import NoReturn

from presets_store.clock import Clock

logger = logging.getLogger(__name__)

LONGEST_STATUS = 200
"""Characters; more nobody reads in one line."""
LOOK_EVERY = 5.0
"""Seconds between two looks at the status, where no watchdog asks for shorter ones."""


class ServiceManager:
    """systemd, or nobody: then nothing is told.

    `watchdog_seconds`: within which it must be told that the service is alive; 0: it does not care.
    """

    def __init__(self, address: str = "", watchdog_seconds: float = 0.0) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = watchdog_seconds
        self._told = ""

    @classmethod
    def of(cls, environment: Mapping[str, str], process_id: int) -> "ServiceManager":
        """As the environment names it. A watchdog that is for another process is none."""
        meant = environment.get("WATCHDOG_PID", str(process_id)) == str(process_id)
        try:
            seconds = int(environment.get("WATCHDOG_USEC", "0")) / 1e6 if meant else 0.0
        except ValueError:
            seconds = 0.0
        return cls(environment.get("NOTIFY_SOCKET", ""), max(0.0, seconds))

    def ready(self) -> None:
        """The service does its work from now on."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """It is about to end."""
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for people; a repeat is not sent."""
        line = " ".join(text.split())[:LONGEST_STATUS]
        if line != self._told:
            self._told = line
            self._tell(f"STATUS={line}")

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as teller:
                teller.setblocking(False)
                teller.connect(self._address)
                teller.send(message.encode())
        except OSError as error:  # a full queue, or systemd starting anew: the next word may get there
            logger.debug("systemd does not hear %r: %s", message, error)


async def keep_told(
    manager: ServiceManager, clock: Clock, status: Callable[[], str], stuck: Callable[[], str] = lambda: ""
) -> NoReturn:
    """Until cancelled: tells the status when it has changed, and that the service is alive unless something is `stuck`
    ("" for nothing). That this runs shows that the event loop does.
    """
    pause = min(LOOK_EVERY, manager.watchdog_seconds / 3) if manager.watchdog_seconds else LOOK_EVERY
    reason = ""
    while True:
        before, reason = reason, stuck()
        if reason and reason != before:
            logger.error("systemd is no longer told that this is alive: %s", reason)
        manager.status(reason or status())
        if not reason and manager.watchdog_seconds:
            manager.alive()
        await clock.sleep(pause)


def service_manager() -> ServiceManager:
    """That of this process."""
    return ServiceManager.of(os.environ, os.getpid())
