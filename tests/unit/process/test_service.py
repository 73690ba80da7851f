"""What systemd hears, at a socket like its own."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.served_store import until

from presets_store.process.service import LONGEST_STATUS, LOOK_EVERY, ServiceManager, keep_told


class Ear:
    """A datagram socket, at a path or in the abstract space."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        words = []
        with suppress(BlockingIOError):
            while True:
                words.append(self.socket.recv(4096).decode())
        return words


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@cuelight-test-{tmp_path.name}-{id(tmp_path)}"


@pytest.fixture
def ear(address: str) -> Iterator[Ear]:
    made = Ear(address)
    yield made
    made.socket.close()


def test_it_hears_each_word(address: str, ear: Ear) -> None:
    manager = ServiceManager.of({"NOTIFY_SOCKET": address}, 1)
    manager.ready()
    manager.status("online:\n 1 camera")
    manager.status("online: 1 camera")
    manager.status("x" * 1000)
    manager.stopping()
    assert ear.heard() == ["READY=1", "STATUS=online: 1 camera", "STATUS=" + "x" * LONGEST_STATUS, "STOPPING=1"]


def test_nobody_listens_and_nothing_fails(tmp_path: Path) -> None:
    ServiceManager.of({}, 1).ready()
    ServiceManager.of({"NOTIFY_SOCKET": str(tmp_path / "gone")}, 1).ready()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({"WATCHDOG_USEC": "-5"}, 0.0),
        ({}, 0.0),
    ],
)
def test_whose_watchdog_it_is(environment: dict[str, str], seconds: float) -> None:
    assert ServiceManager.of(environment, 7).watchdog_seconds == seconds


async def test_the_watchdog_is_fed_unless_something_is_stuck(tmp_path: Path) -> None:
    ear, clock, stuck = Ear(str(tmp_path / "n")), ManualClock(), [""]
    manager = ServiceManager(str(tmp_path / "n"), watchdog_seconds=6.0)
    task = asyncio.create_task(keep_told(manager, clock, lambda: "online", lambda: stuck[0]))
    heard: list[str] = []

    def hears(word: str) -> bool:
        heard.extend(ear.heard())
        return word in heard

    await until(lambda: hears("WATCHDOG=1"))
    assert heard == ["STATUS=online", "WATCHDOG=1"]
    stuck[0] = "camera main"
    heard.clear()
    clock.advance(2.0)
    await until(lambda: hears("STATUS=camera main"))
    clock.advance(2.0)
    await asyncio.sleep(0.01)
    assert not hears("WATCHDOG=1")
    stuck[0] = ""
    clock.advance(2.0)
    await until(lambda: hears("WATCHDOG=1"))
    task.cancel()
    ear.socket.close()


async def test_without_a_watchdog_only_the_status_is_told(tmp_path: Path) -> None:
    ear, clock, status = Ear(str(tmp_path / "n")), ManualClock(), ["online"]
    task = asyncio.create_task(keep_told(ServiceManager(str(tmp_path / "n")), clock, lambda: status[0]))
    await asyncio.sleep(0.01)
    status[0] = "standalone"
    clock.advance(LOOK_EVERY)
    await asyncio.sleep(0.01)
    assert ear.heard() == ["STATUS=online", "STATUS=standalone"]
    task.cancel()
    ear.socket.close()
