"""The address behind a receiver's name, asked for in a thread of its own: a name server may take its time."""

import contextlib
import socket
import threading
from typing import NamedTuple

from hardware.sinks.streams.link import LinkLost


class Receiver(NamedTuple):
    """Where datagrams go; `address` as `socket.sendto` takes it."""

    family: socket.AddressFamily
    address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


class Lookup:
    """Looks `host` up. A thread that a name server keeps waiting is left behind, and ends when the library gives up."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._receiver: Receiver | None = None
        self._failure = ""
        self._over = threading.Event()
        with contextlib.suppress(OSError, UnicodeError):  # no address in figures: it must be asked for
            self._ask(socket.AI_NUMERICHOST)
        if self._receiver is None:
            threading.Thread(target=self._run, name="lookup", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Waits until it is over, at most so long."""
        self._over.wait(seconds)

    def receiver(self) -> Receiver | None:
        """What was found; None while it is looked for. Raises LinkLost when there is none."""
        if self._failure:
            raise LinkLost(f"no way to the receiver: {self._failure}")
        return self._receiver

    def _run(self) -> None:
        try:
            self._ask(0)
        except (OSError, UnicodeError) as error:  # the latter: a name with a label of more than 63 characters
            self._failure = getattr(error, "strerror", None) or str(error)
        finally:
            self._over.set()

    def _ask(self, flags: int) -> None:
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM, flags=flags)
        family, _, _, _, address = found[0]
        self._receiver = Receiver(family, address)
