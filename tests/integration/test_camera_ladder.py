"""The recovery ladder over real camera hosts, up to the reset of the USB device, which only is noted."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.film import filmed, until
from fakes.emulator.pictures import Mode
from fakes.served_store import SEALER

from agent.mending.ladder import Policy
from agent.mending.mender import Mender, Tools
from agent.startup.sealed import SealedState
from hardware.box.usb import UsbDevice
from hardware.client import CameraClient
from hardware.models import CameraReport
from presets_store.clock import SystemClock
from presets_store.services.restoring.restore import Incident

DEVICE = UsbDevice("Webcam", Path("/sys/bus/usb/1-2"), Path("/dev/bus/usb/001/004"))
POLICY = Policy(new_host_after=1.0, usb_reset_after=1.0)


@asynccontextmanager
async def mended(
    camera: EmulatedCamera, folder: Path, reset: Callable[[], None]
) -> AsyncIterator[tuple[CameraClient, list[CameraReport]]]:
    """A client that keeps the camera open, its mender, and its reports."""
    reports: list[CameraReport] = []
    menders: list[Mender] = []

    def told(report: CameraReport) -> None:
        reports.append(report)
        for mender in menders:
            mender.told("main", report)

    async def find(_: str) -> UsbDevice | None:
        return DEVICE

    async def is_connected(_: UsbDevice) -> bool:
        return True

    async def note_reset(_: UsbDevice) -> None:
        reset()

    async def reboot() -> None:
        raise AssertionError("it must not reboot")

    async def tell(_: Incident) -> None: ...

    sealed, _ = await SealedState.open(folder / "sealed", SEALER)
    async with filmed(camera, folder, told) as client:
        tools = Tools(find, is_connected, note_reset, reboot, tell)
        menders.append(Mender({"main": client}, POLICY, sealed, SystemClock(), tools))
        mending = asyncio.create_task(menders[0].run())
        await client.keep_warm(True)
        yield client, reports
        mending.cancel()
        await asyncio.wait((mending,))
    await sealed.close()


@pytest.mark.parametrize(
    ("fault", "films_first"),
    [("open_error", True), ("stall", False)],
    ids=["after it filmed", "since the agent began"],
)
async def test_a_camera_that_hangs_is_reset_and_films(tmp_path: Path, fault: str, films_first: bool) -> None:
    resets: list[int] = []
    with EmulatedCamera(tmp_path / "box", modes=(Mode("MJPG", 640, 480),)) as camera:
        faults = {"number": errno.EIO} if fault == "open_error" else {}

        def reset() -> None:
            resets.append(len(resets))
            camera.clear()

        if not films_first:
            camera.fault(fault, **faults)
        with patch.dict(os.environ, camera.environment):
            async with mended(camera, tmp_path, reset) as (client, reports):
                if films_first:
                    await until(lambda: client.state.state == "open")
                    camera.fault(fault, **faults)
                    if fault == "open_error":
                        camera.fault("io_error")
                first = client.pid
                await until(lambda: resets, 15.0)
                await until(lambda: client.state.state == "open", 10.0)
                assert client.pid != first, "a new host was tried before"
                assert {report.code for report in reports if report.state == "stalled"} <= {"camera_stalled"}
    assert resets == [0]
