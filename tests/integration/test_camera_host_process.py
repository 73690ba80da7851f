"""Real camera host processes: what survives when something is killed, stopped, full or gone."""

import asyncio
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from fakes.footage import mjpeg_footage
from fakes.hosts import file_camera, small_file_system
from fakes.recording import check_clip, check_photo, decode, make_order, make_photo_order

from hardware.client import CameraClient, HostTiming, SinkHandle, SinkReport, run_job
from hardware.errors import CameraUnavailable, HostLost, SinkRefused
from hardware.models import (
    CameraSpec,
    ClipFile,
    Codec,
    PhotoFile,
    PhotoTaken,
    SegmentClosed,
    SinkEnded,
    SinkProgress,
    SinkStarted,
)
from hardware.sources.journal import read_journal

Connect = Callable[..., Awaitable[CameraClient]]

FAST = HostTiming(ready=20.0, ping_every=0.2, silent_after=1.5, first_delay=0.05, longest_delay=0.2)


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Connect]:
    clients: list[CameraClient] = []

    async def begin(spec: CameraSpec | None = None, **options: object) -> CameraClient:
        client = CameraClient(spec or file_camera(tmp_path), tmp_path, **{"timing": FAST} | options)  # type: ignore[arg-type]
        clients.append(client)
        await client.start()
        assert await client.ready(20.0)
        return client

    yield begin
    for client in clients:
        await client.stop()


async def until(condition: Callable[[], object], timeout: float = 10.0) -> None:
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - any condition, told by nobody
            await asyncio.sleep(0.01)


async def started(handle: SinkHandle) -> SinkStarted:
    async for report in handle:
        assert isinstance(report, SinkStarted)
        return report
    raise AssertionError


async def everything(handle: SinkHandle) -> list[SinkReport]:
    return [report async for report in handle]


def clips_of(reports: list[SinkReport]) -> list[ClipFile]:
    return [report.clip for report in reports if isinstance(report, SegmentClosed)]


async def test_a_cold_recording_of_real_footage(connect: Connect, tmp_path: Path) -> None:
    states: list[str] = []
    client = await connect(on_camera=lambda report: states.append(report.state))
    order = make_order(tmp_path, duration_seconds=1.2)
    reports = await everything(await client.record(order))
    assert isinstance(reports[0], SinkStarted)
    assert 0 < reports[0].first_mono_ns - order.requested_mono_ns < 2_000_000_000
    assert any(isinstance(report, SinkProgress) for report in reports)
    assert isinstance(reports[-1], SinkEnded)
    (clip,) = clips_of(reports)
    assert len(check_clip(tmp_path, clip)) == 12
    await until(lambda: states[-1] == "closed")
    assert states == ["closed", "opening", "open", "closed"]
    journal = await asyncio.to_thread(read_journal, tmp_path / "journal.jsonl")
    assert [(line["what"], line["consumer"]) for line in journal] == [
        ("open", ""),
        ("start", "one/1/0"),
        ("end", "one/1/0"),
        ("close", ""),
    ]


async def test_a_warm_recording_begins_before_the_request(connect: Connect, tmp_path: Path) -> None:
    client = await connect()
    await client.keep_warm(True)
    await until(lambda: client.state.state == "open")
    assert client.state.info is not None
    await asyncio.sleep(0.5)
    order = make_order(tmp_path, duration_seconds=0.5)
    handle = await client.record(order)
    assert (await started(handle)).first_mono_ns <= order.requested_mono_ns
    assert (await handle.ended()).outcome == "duration"
    await until(lambda: client.pong and client.pong.last_frame_mono_ns > 0)
    await client.keep_warm(False)
    await until(lambda: client.state.state == "closed")


async def test_mjpg_footage_becomes_h264(connect: Connect, tmp_path: Path) -> None:
    client = await connect(file_camera(tmp_path, str(mjpeg_footage())))
    reports = await everything(await client.record(make_order(tmp_path, duration_seconds=1.0, rotation_degrees=90)))
    (clip,) = clips_of(reports)
    frames = check_clip(tmp_path, clip)
    assert (clip.codec, clip.encoded, frames[0].width, frames[0].height) == (Codec.H264, True, 576, 768)


async def test_a_killed_host_costs_the_open_second_only(connect: Connect, tmp_path: Path) -> None:
    client = await connect()
    handle = await client.record(make_order(tmp_path))
    await started(handle)
    await asyncio.sleep(2.6)
    killed = client.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    with pytest.raises(HostLost):
        await handle.ended()
    with pytest.raises(HostLost):
        await everything(handle)
    assert len(decode(tmp_path / "one-0.mp4")) >= 16, "2.6 s at 10 a second, but for one second"
    sidecar = ClipFile.model_validate_json((tmp_path / "one-0.mp4.json").read_text())
    assert not sidecar.closed
    assert sidecar.context == {"event": "e1"}
    recovered = ClipFile.model_validate(await run_job("recover", path=str(tmp_path / "one-0.mp4")))
    assert recovered.recovered
    assert recovered.frames >= 16
    check_clip(tmp_path, recovered)
    assert await client.ready(10.0)
    assert client.pid != killed
    again = await client.record(make_order(tmp_path, "again", first_index=1, duration_seconds=0.3))
    assert (await again.ended()).outcome == "duration"


def check_all_photos(folder: Path) -> int:
    """Every photo is whole and has its sidecar; answers how many there are."""
    names = [path.name for path in folder.glob("*.jpg")]
    for name in names:
        check_photo(folder, PhotoFile.model_validate_json((folder / f"{name}.json").read_bytes()))
    return len(names)


@pytest.mark.parametrize("delay", [0.15, 0.33, 0.5])
async def test_a_killed_host_leaves_whole_photos_only(connect: Connect, tmp_path: Path, delay: float) -> None:
    client = await connect(file_camera(tmp_path, str(mjpeg_footage())))
    handle = await client.photograph(make_photo_order(tmp_path, interval_seconds=0.1, width=640))
    async for report in handle:
        assert isinstance(report, PhotoTaken)
        break
    await asyncio.sleep(delay)
    assert client.pid is not None
    os.kill(client.pid, signal.SIGKILL)
    with pytest.raises(HostLost):
        await handle.ended()
    assert check_all_photos(tmp_path) > 0


async def test_a_stopped_host_is_killed_and_replaced(
    connect: Connect, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect()
    await client.keep_warm(True)
    await until(lambda: client.state.state == "open")
    handle = await client.record(make_order(tmp_path))
    await started(handle)
    stuck = client.pid
    assert stuck is not None
    os.kill(stuck, signal.SIGSTOP)
    with caplog.at_level(logging.WARNING), pytest.raises(HostLost, match="silent"):
        async with asyncio.timeout(5.0):
            await handle.ended()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert client.state.state == "unavailable"
    await until(lambda: client.state.state == "open")  # kept warm over the restart
    assert client.pid not in (None, stuck)


async def test_repeated_failures_are_told_once_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hardware.prespawn.HOST_MODULE", "hardware.no_such_module")
    client = CameraClient(file_camera(tmp_path), tmp_path, timing=HostTiming(ready=0.1, first_delay=0.01))
    with caplog.at_level(logging.DEBUG, "hardware.client"):
        await client.start()
        await until(lambda: len(caplog.records) >= 3)
        with pytest.raises(CameraUnavailable):
            await client.record(make_order(tmp_path))
    await client.stop()
    assert [record.levelname for record in caplog.records[:3]] == ["WARNING", "DEBUG", "DEBUG"]


async def test_stopping_the_client_closes_the_clip(connect: Connect, tmp_path: Path) -> None:
    client = await connect()
    handle = await client.record(make_order(tmp_path))
    await started(handle)
    await asyncio.sleep(0.5)
    began = time.monotonic()
    await client.stop()
    assert time.monotonic() - began < 2.0
    reports = await everything(handle)
    assert isinstance(reports[-1], SinkEnded)
    assert reports[-1].outcome == "stopped"
    check_clip(tmp_path, *clips_of(reports))
    await client.wait_closed()
    assert client.pid is None


async def test_a_stop_ends_with_the_newest_frame(connect: Connect, tmp_path: Path) -> None:
    client = await connect()
    handle = await client.record(make_order(tmp_path))
    first = await started(handle)
    await asyncio.sleep(0.75)
    asked = time.monotonic_ns()
    await handle.stop("asked to")
    ended = await handle.ended()
    assert ended.outcome == "stopped"
    assert ended.seconds == pytest.approx((asked - first.first_mono_ns) / 1e9, abs=0.1)
    await handle.stop("again")


async def test_two_recordings_at_once(connect: Connect, tmp_path: Path) -> None:
    client = await connect()
    handles = [await client.record(make_order(tmp_path, name, duration_seconds=0.8)) for name in ("one", "two")]
    for reports in await asyncio.gather(*map(everything, handles)):
        check_clip(tmp_path, *clips_of(reports))


async def test_a_refusal_reaches_the_handle(connect: Connect, tmp_path: Path) -> None:
    client = await connect()
    handle = await client.record(make_order(tmp_path / "absent"))
    with pytest.raises(SinkRefused, match="no folder"):
        await handle.ended()


async def test_without_a_camera_the_host_stays_and_says_why(connect: Connect, tmp_path: Path) -> None:
    client = await connect(CameraSpec(camera_id="none", name="None", backend="null"))
    handle = await client.record(make_order(tmp_path))
    await until(lambda: client.state.state == "unavailable")
    assert "null" in client.state.reason
    await handle.stop("given up")
    assert (await handle.ended()).frames == 0


async def test_a_second_host_of_a_camera_waits_for_the_first(connect: Connect, tmp_path: Path) -> None:
    first = await connect()
    second = CameraClient(file_camera(tmp_path), tmp_path, timing=FAST)
    await second.start()
    try:
        assert not await second.ready(1.5)
        await first.stop()
        assert await second.ready(5.0)
    finally:
        await second.stop()


async def test_a_file_size_limit_ends_the_recording_with_a_clip(connect: Connect, tmp_path: Path) -> None:
    client = await connect()
    assert client.pid is not None
    resource.prlimit(client.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
    reports = await everything(await client.record(make_order(tmp_path)))
    ended = reports[-1]
    assert isinstance(ended, SinkEnded)
    assert (ended.outcome, ended.error) == ("failed", "storage_failed")
    check_clip(tmp_path, *clips_of(reports))


@pytest.fixture
def small_media(tmp_path: Path) -> Iterator[Path]:
    with small_file_system(tmp_path, "160k") as media:
        yield media


async def test_a_full_file_system_ends_the_recording_with_a_clip(connect: Connect, small_media: Path) -> None:
    client = await connect()
    reports = await everything(await client.record(make_order(small_media)))
    ended = reports[-1]
    assert isinstance(ended, SinkEnded)
    assert (ended.outcome, ended.error) == ("failed", "storage_full")
    check_clip(small_media, *clips_of(reports))
    assert ended.frames >= 10


def test_the_client_loads_no_codec() -> None:
    code = "import sys, hardware.client; sys.exit(bool({'av', 'cv2', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
