"""Tells when a video device was plugged in: udev's events, by netlink."""

import errno
import logging
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Final

log = logging.getLogger(__name__)

_NETLINK_KOBJECT_UEVENT: Final = 15
_UDEV_GROUP: Final = 2
"""What udev sends after its rules ran: the node, its links and its permissions are there."""

_HEADER: Final = struct.Struct("=8s8xII")
"""`libudev`, its magic number and the header's size, then where the properties are and how long."""

_PREFIX: Final = b"libudev\0"
_LONGEST: Final = 1 << 16
_ARRIVALS: Final = ("add", "change")


class HotPlug:
    """Calls `arrived` in a thread of its own whenever a video device was added."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived

    def start(self) -> None:
        """Begins to listen. Where that cannot be (some containers), it is logged once and nothing is ever told."""
        try:
            listener = _listen()
        except OSError as error:
            reason = error.strerror or str(error)
            log.info("hot plug: no events from udev (%s): cameras are looked for from time to time", reason)
            return
        threading.Thread(target=self._run, args=(listener,), name="hotplug", daemon=True).start()

    def _run(self, listener: socket.socket) -> None:
        while True:
            try:
                message = listener.recv(_LONGEST)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    log.warning("hot plug: no more events from udev: %s", error)
                    return
                self._arrived()  # events were lost: one of them may have been ours
                continue
            if is_arrival(properties_of(message)):
                self._arrived()


def _listen() -> socket.socket:
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_KOBJECT_UEVENT)
    try:
        listener.bind((0, _UDEV_GROUP))
    except OSError:
        listener.close()
        raise
    return listener


def properties_of(message: bytes) -> Mapping[str, str]:
    """The properties of an event of udev; none of a message that is not one."""
    if len(message) < _HEADER.size or not message.startswith(_PREFIX):
        return {}
    _, start, length = _HEADER.unpack_from(message)
    entries = (entry.partition(b"=") for entry in message[start : start + length].split(b"\0"))
    return {os.fsdecode(name): os.fsdecode(value) for name, found, value in entries if found}


def is_arrival(properties: Mapping[str, str]) -> bool:
    """Whether a video device is there now that may not have been before."""
    return properties.get("SUBSYSTEM") == "video4linux" and properties.get("ACTION") in _ARRIVALS
