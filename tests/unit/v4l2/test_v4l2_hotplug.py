"""Hot plug: udev's messages are understood, others are not, and a waiting camera is tried at once."""

import errno
import os
import socket
import struct
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.v4l2 import hotplug
from hardware.v4l2.hotplug import HotPlug, is_arrival, properties_of

MAGIC = 0xFEEDCAFE


def message(properties: dict[str, str], header_size: int = 40) -> bytes:
    """As libudev's monitor lays it out."""
    body = b"".join(f"{name}={value}\0".encode() for name, value in properties.items())
    header = b"libudev\0" + struct.pack("!I", MAGIC) + struct.pack("=III", header_size, header_size, len(body))
    return header + bytes(header_size - len(header)) + body


PLUGGED = {"ACTION": "add", "SUBSYSTEM": "video4linux", "DEVNAME": "/dev/video0"}


@pytest.mark.parametrize(
    ("changes", "arrival"),
    [
        ({}, True),
        ({"ACTION": "change"}, True),
        ({"ACTION": "remove"}, False),
        ({"SUBSYSTEM": "usb"}, False),
    ],
)
def test_a_video_device_that_arrives_is_told_from_all_else(changes: dict[str, str], arrival: bool) -> None:
    properties = properties_of(message(PLUGGED | changes))
    assert properties == PLUGGED | changes
    assert is_arrival(properties) is arrival


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"libudev\0",
        b"add@/devices/usb1\0ACTION=add\0SUBSYSTEM=video4linux\0",
        message(PLUGGED)[:39],
    ],
)
def test_what_is_no_message_of_udev_is_nothing(data: bytes) -> None:
    assert not is_arrival(properties_of(data))


@given(st.binary(max_size=200), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_any_bytes_are_taken(data: bytes, start: int, length: int) -> None:
    properties_of(data)
    header = b"libudev\0" + bytes(8) + struct.pack("=II", start, length)
    assert all("\0" not in name + value for name, value in properties_of(header + data).items())


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,10}", fullmatch=True), st.text(max_size=20), max_size=10))
def test_properties_come_back(properties: dict[str, str]) -> None:
    sent = {name: value.replace("\0", "") for name, value in properties.items()}
    assert properties_of(message(sent)) == {n: os.fsdecode(v.encode()) for n, v in sent.items()}


def test_every_arrival_is_told_and_so_are_lost_events(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    monkeypatch.setattr(hotplug, "_listen", lambda: ours)
    told = threading.Semaphore(0)
    HotPlug(told.release).start()
    for data in (message(PLUGGED), b"nonsense", message(PLUGGED | {"ACTION": "remove"}), message(PLUGGED)):
        theirs.send(data)
    assert told.acquire(timeout=5)
    assert told.acquire(timeout=5)
    assert not told.acquire(timeout=0.05)
    theirs.close()
    ours.shutdown(socket.SHUT_RDWR)


class Overrun:
    """A socket whose kernel buffer ran over once, and then broke."""

    def __init__(self) -> None:
        self.numbers = [errno.ENOBUFS, errno.EBADF]

    def recv(self, _: int) -> bytes:
        number = self.numbers.pop(0)
        raise OSError(number, os.strerror(number))


def test_lost_events_may_have_been_ours() -> None:
    told: list[None] = []
    HotPlug(lambda: told.append(None))._run(Overrun())  # type: ignore[arg-type]
    assert len(told) == 1


def test_without_netlink_it_is_said_once_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused() -> socket.socket:
        raise PermissionError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(hotplug, "_listen", refused)
    with caplog.at_level("INFO"):
        HotPlug(lambda: None).start()
    assert len(caplog.records) == 1
    assert "no events from udev (Address family not supported by protocol)" in caplog.records[0].message


def test_the_real_socket_is_bound_to_udevs_group() -> None:
    try:
        listener = hotplug._listen()
    except OSError:
        pytest.skip("no netlink here")
    with listener:
        assert listener.getsockname()[1] == 2
