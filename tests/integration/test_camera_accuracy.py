"""What a recording says about time and number of its frames is what the driver said; a kill costs the open second."""

import asyncio
import os
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fakes.emulator.camera import USUAL_MODES, EmulatedCamera
from fakes.emulator.film import clips_of, filmed, media_frames, missing, reports_of, until
from fakes.emulator.pictures import Mode, number_of
from fakes.recording import check_clip, decode, make_order
from fakes.soak import count, seeded, told

from hardware.client import run_job
from hardware.models import ClipFile

SECONDS = count(5, 60)
KILLS = count(4, 40)
AT_ONCE = 4
MJPG_HD = (Mode("MJPG", 1280, 720),)
H264_HD = (Mode("H264", 1280, 720),)
YUYV_VGA = (Mode("YUYV", 640, 480),)
FRAME_NS = 1e9 / 30
UNDER_WAY_NS = 3 * FRAME_NS
"""What may be in driver, queue and muxer besides the open second."""

pytestmark = pytest.mark.timeout(SECONDS + 60)


@pytest.mark.soak
async def test_frames_and_times_are_the_drivers(tmp_path: Path) -> None:
    """MJPG and H.264 passed on, and raw pictures that are encoded, at the same time."""
    with EmulatedCamera(tmp_path / "box", modes=MJPG_HD, name="MJPG") as box:
        h264 = EmulatedCamera(tmp_path, modes=H264_HD, name="H264", beside=box)
        yuyv = EmulatedCamera(tmp_path, modes=YUYV_VGA, name="YUYV", beside=box)
        await asyncio.gather(*(_compare(camera, tmp_path) for camera in (box, h264, yuyv)))


async def _compare(camera: EmulatedCamera, folder: Path) -> None:
    """Each frame of a recording with the driver's."""
    async with filmed(camera, folder) as client:
        encoding = "" if camera.name == "YUYV" else "copy"
        order = make_order(folder, camera.name, duration_seconds=SECONDS, encoding=encoding)
        (clip,) = clips_of(await reports_of(await client.record(order)))
    driver = camera.journal().streams[-1].delivered
    media = media_frames(folder / clip.file, clip)
    filmed_part = [frame for frame in driver if frame.stamp_ns < clip.first_mono_ns + SECONDS * 10**9]
    assert abs(len(media) - len(filmed_part)) <= 1
    assert len(media) > SECONDS * 30 * 0.9, "a driver may drop some on a machine that is held up"
    for told_by_driver, in_file in zip(driver, media, strict=False):
        assert abs(in_file.mono_ns - told_by_driver.stamp_ns) < 1e6
        if encoding == "copy":
            assert number_of(in_file.data) == told_by_driver.sequence
    assert len(check_clip(folder, clip)) == len(media)
    worst = max(abs(a.mono_ns - b.stamp_ns) for a, b in zip(media, driver, strict=False))
    told(f"accuracy {camera.name}", seconds=SECONDS, frames=len(media), worst_ms=round(worst / 1e6, 3))


async def test_a_long_gap_between_frames_is_in_the_file_as_it_was(tmp_path: Path) -> None:
    """No clock of our own: frames that the sensor left out make a gap of that length, not a shorter film."""
    with EmulatedCamera(tmp_path / "box", modes=MJPG_HD) as camera:
        async with filmed(camera, tmp_path) as client:
            recording = await client.record(make_order(tmp_path, duration_seconds=3, encoding="copy"))
            await until(lambda: len(camera.journal().frames) > 20)
            camera.fault("stall")
            await asyncio.sleep(1.0)
            camera.clear()
            (clip,) = clips_of(await reports_of(recording))
        driver = camera.journal().frames
    media = media_frames(tmp_path / clip.file, clip)
    assert not missing([frame for frame in driver if frame.stamp_ns < clip.first_mono_ns + 3e9], media)
    assert 0.9e9 < max(later.mono_ns - earlier.mono_ns for earlier, later in pairwise(media)) < 1.2e9


async def _kill(camera: EmulatedCamera, folder: Path, after: float) -> tuple[ClipFile, float]:
    """Kills a recording `after` seconds of film; answers the recovered clip and how many ns of film are missing."""
    async with filmed(camera, folder) as client:
        await client.record(make_order(folder, encoding="copy"))
        await until(lambda: camera.journal().frames)
        await asyncio.sleep(after)
        assert client.pid
        os.kill(client.pid, signal.SIGKILL)
        killed_ns = time.monotonic_ns()
        driver = [frame for frame in camera.journal().streams[0].delivered if frame.stamp_ns < killed_ns]
    (path,) = await asyncio.to_thread(lambda: list(folder.glob("*.mp4")))
    clip = ClipFile.model_validate(await run_job("recover", path=str(path)))
    media = media_frames(path, clip)
    assert len(decode(path)) == clip.frames == len(media)
    assert not missing(driver[: len(media)], media), "what is left has no holes"
    return clip, killed_ns - media[-1].mono_ns - FRAME_NS


@pytest.mark.soak
async def test_a_kill_at_a_random_moment_costs_the_open_second(tmp_path: Path) -> None:
    moments = seeded("kill a recording")
    worst = 0.0
    for first in range(0, KILLS, AT_ONCE):
        with EmulatedCamera(tmp_path / f"box{first}", modes=USUAL_MODES[3:4], name="Camera 0") as box:
            more = [
                EmulatedCamera(box.folder, modes=MJPG_HD, name=f"Camera {number}", beside=box)
                for number in range(1, AT_ONCE)
            ]
            kills: list[Any] = []
            for camera in (box, *more):
                folder = tmp_path / f"run{len(kills) + first}"
                await asyncio.to_thread(folder.mkdir)
                kills.append(_kill(camera, folder, moments.uniform(1.3, 3.3)))
            for clip, lost_ns in await asyncio.gather(*kills):
                assert clip.recovered
                assert lost_ns < 1e9 + UNDER_WAY_NS
                worst = max(worst, lost_ns)
    told("kill a recording", kills=KILLS, worst_ms=round(worst / 1e6))
