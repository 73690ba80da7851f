"""Recordings of an emulated camera by a real host process, compared frame by frame with the driver's journal."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.witness import DriverFrame

from hardware.client import CameraClient, HostTiming, SinkHandle, SinkReport
from hardware.models import CameraReport, CameraSpec, ClipFile, SegmentClosed
from hardware.prespawn import prespawn

_TIMING = HostTiming(ready=20.0, first_delay=0.05, longest_delay=0.2)


@dataclass(frozen=True)
class MediaFrame:
    """One frame of a clip: its capture time on CLOCK_MONOTONIC as the file tells it, and its bytes."""

    mono_ns: float
    data: bytes


@asynccontextmanager
async def filmed(
    camera: EmulatedCamera,
    run_folder: Path,
    on_camera: Callable[[CameraReport], None] = lambda _: None,
    **spec: Any,
) -> AsyncIterator[CameraClient]:
    """A client whose first host sees `camera`, ready to record."""
    camera_id = camera.name.lower().replace(" ", "-")
    values = {"camera_id": camera_id, "name": camera.name, "backend": "v4l2", "address": str(camera.by_id)} | spec
    with patch.dict(os.environ, camera.environment):
        spawned = prespawn()
    client = CameraClient(
        CameraSpec.model_validate(values), run_folder, on_camera=on_camera, timing=_TIMING, spawned=spawned
    )
    await client.start()
    try:
        assert await client.ready(20.0)
        yield client
    finally:
        await client.stop()


async def reports_of(handle: SinkHandle) -> list[SinkReport]:
    """All reports to the end."""
    return [report async for report in handle]


def clips_of(reports: list[SinkReport]) -> list[ClipFile]:
    return [report.clip for report in reports if isinstance(report, SegmentClosed)]


def media_frames(path: Path, clip: ClipFile) -> list[MediaFrame]:
    """The frames of a clip, in order."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    stamps = [clip.first_mono_ns + float((packet.pts or 0) * (packet.time_base or 0)) * 1e9 for packet in packets]
    return [MediaFrame(stamp, bytes(packet)) for stamp, packet in zip(stamps, packets, strict=True)]


def missing(driver: list[DriverFrame], media: list[MediaFrame], tolerance_ns: float = 1e6) -> list[DriverFrame]:
    """The frames of the driver that no frame of the clips stands for, within `tolerance_ns`."""
    left = iter(sorted(frame.mono_ns for frame in media))
    stamp = next(left, None)
    lost = []
    for frame in sorted(driver, key=lambda frame: frame.stamp_ns):
        while stamp is not None and stamp < frame.stamp_ns - tolerance_ns:
            stamp = next(left, None)
        if stamp is None or stamp > frame.stamp_ns + tolerance_ns:
            lost.append(frame)
    return lost


async def until(condition: Callable[[], object], timeout: float = 10.0) -> None:
    """Returns when it holds; fails after `timeout` seconds."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - any condition, told by nobody
            await asyncio.sleep(0.01)
