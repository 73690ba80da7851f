"""Real host processes and an emulated camera that is pulled out."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.emulator.camera import EmulatedCamera

from hardware.client import CameraClient, HostTiming
from hardware.models import CameraReport, CameraSpec

TIMING = HostTiming(first_delay=0.05, longest_delay=0.2)


class News:
    """The reports of a camera, as they come."""

    def __init__(self) -> None:
        self.reports: list[CameraReport] = []

    def __call__(self, report: CameraReport) -> None:
        self.reports.append(report)

    async def until(self, client: CameraClient, state: str, words: str = "") -> CameraReport:
        async with asyncio.timeout(15):
            while not (client.state.state == state and words in client.state.reason):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return client.state


@pytest.fixture
async def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EmulatedCamera]:
    with EmulatedCamera(tmp_path / "box") as emulated:
        for name, value in emulated.environment.items():
            monkeypatch.setenv(name, value)
        yield emulated


async def test_in_a_new_host_footage_does_not_take_the_place_of_a_camera_that_filmed(
    camera: EmulatedCamera, tmp_path: Path
) -> None:
    news = News()
    spec = CameraSpec(camera_id="front", name="Front", backend="auto", address=str(camera.by_id))
    client = CameraClient(spec, tmp_path, on_camera=news, timing=TIMING)
    await client.start()
    try:
        await client.keep_warm(True)
        filmed = await news.until(client, "open")
        assert filmed.info is not None
        assert filmed.info.live
        camera.unplug()
        assert client.pid is not None
        os.kill(client.pid, signal.SIGKILL)
        lost = await news.until(client, "unavailable", "no such device")
        assert "no such device" in lost.reason
        camera.replug()
        back = await news.until(client, "open")
        assert back.info is not None
        assert back.info.live
        assert all(report.info.live for report in news.reports if report.info)
    finally:
        await client.stop()
