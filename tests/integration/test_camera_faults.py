"""Faults of a camera during a recording with a stream beside it: recovered in time, nothing from before lost, told."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from fakes.agent_process import result_of, running_agent
from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.film import MediaFrame, clips_of, filmed, media_frames, missing, reports_of, until
from fakes.emulator.pictures import Mode
from fakes.emulator.witness import DriverFrame
from fakes.recording import check_clip, decode, make_order
from fakes.streaming import make_stream_order

from hardware.client import SinkHandle
from hardware.models import CameraReport, ClipFile, SinkEnded

NS = 1_000_000_000
FRAME = 1 / 30
NOTICED_SECONDS = 2.0
"""The longest that frames may stop unnoticed; the watch looks twice a second."""
LOOK_SECONDS = 0.6
REOPENED_SECONDS = 1.5
"""From a fault that the driver tells, or from the camera's return, to the first new frame."""
UNTAKEN_SECONDS = 0.25
"""How late a machine that is held up may take a frame; what its driver still had is gone when it is unplugged."""
STREAM_STARTS = 45
"""Frames by which stream and recording may differ: they start and stop one after the other."""

MODES = (Mode("MJPG", 1280, 720), Mode("MJPG", 640, 480))
HD, VGA = (1280, 720), (640, 480)


class Audience(asyncio.DatagramProtocol):
    """Who gets the stream: MPEG-TS by UDP."""

    def __init__(self) -> None:
        self.datagrams: list[tuple[float, bytes]] = []

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.datagrams.append((time.monotonic(), data))

    def silence(self) -> float:
        """The longest, in seconds."""
        return max(later - earlier for (earlier, _), (later, _) in pairwise(self.datagrams))

    def frames(self, folder: Path) -> int:
        """How many pictures of the stream decode."""
        path = folder / "stream.ts"
        path.write_bytes(b"".join(data for _, data in self.datagrams))
        return len(decode(path))


@dataclass
class Scene:
    """A recording and a stream under way, and what became of them."""

    camera: EmulatedCamera
    folder: Path
    recording: SinkHandle
    stream: SinkHandle
    audience: Audience
    states: list[tuple[float, CameraReport]] = field(default_factory=list)
    clips: list[ClipFile] = field(default_factory=list)
    frames: list[MediaFrame] = field(default_factory=list)
    ended: SinkEnded | None = None

    async def film(self, seconds: float) -> None:
        """Waits for so many seconds of new frames."""
        wanted = len(self.camera.journal().frames) + round(seconds / FRAME)
        await until(lambda: len(self.camera.journal().frames) >= wanted)

    def newest(self) -> DriverFrame:
        return self.camera.journal().frames[-1]

    def first_of_stream(self, number: int) -> DriverFrame | None:
        """The first frame that the driver delivered after the `number`th start; None so far."""
        streams = [stream for stream in self.camera.journal().streams if stream.delivered]
        return streams[number].delivered[0] if len(streams) > number else None

    async def until_reopened(self) -> float:
        """Seconds of CLOCK_MONOTONIC at which the first frame of the second stream came."""
        await until(lambda: self.first_of_stream(1))
        frame = self.first_of_stream(1)
        assert frame
        return frame.stamp_ns / NS

    def told(self, state: str) -> tuple[float, str]:
        """When the camera was first said to be in that state, and why."""
        return next((at, report.reason) for at, report in self.states if report.state == state)

    async def end(self) -> None:
        """Stops the recording and looks at all that is there: each file decodes to its last frame."""
        await self.film(0.5)
        await self.recording.stop("enough")
        await self.stream.stop("enough")
        reports = await reports_of(self.recording)
        streamed = await self.stream.ended()
        assert isinstance(reports[-1], SinkEnded)
        self.ended = reports[-1]
        self.clips = clips_of(reports)
        for clip in self.clips:
            check_clip(self.folder, clip)
            self.frames += media_frames(self.folder / clip.file, clip)
        assert (self.ended.outcome, self.ended.error) == ("stopped", "")
        assert (streamed.outcome, streamed.error) == ("stopped", "")
        seen = await asyncio.to_thread(self.audience.frames, self.folder)
        assert len(self.frames) - STREAM_STARTS < seen < len(self.frames) + STREAM_STARTS
        assert self.ended.frames == sum(clip.frames for clip in self.clips) == len(self.frames)

    def lost(self) -> list[DriverFrame]:
        """The whole frames of the driver, between the first and the last of the clips, that are in none of them.

        What an unplugged driver took with it is not among them: the frames of its last moment, which nobody could take.
        """
        first, last = self.frames[0].mono_ns - 1e6, self.frames[-1].mono_ns + 1e6
        streams = self.camera.journal().streams
        whole = [frame for stream in streams for frame in stream.delivered if first < frame.stamp_ns < last]
        gone = [stream.delivered[-1].stamp_ns - UNTAKEN_SECONDS * NS for stream in streams if stream.delivered]
        untaken = [frame for frame in whole if not frame.taken_ns and any(frame.stamp_ns >= since for since in gone)]
        return missing([frame for frame in whole if frame not in untaken], self.frames)


@asynccontextmanager
async def filming(tmp_path: Path) -> AsyncIterator[Scene]:
    """A recording that has filmed for a second."""
    states: list[tuple[float, CameraReport]] = []
    with EmulatedCamera(tmp_path / "box", modes=MODES) as camera:
        async with filmed(camera, tmp_path, lambda report: states.append((time.monotonic(), report))) as client:
            recording = await client.record(make_order(tmp_path, encoding="copy", width=1280, height=720))
            async with listening() as (audience, url):
                stream = await client.stream(make_stream_order("udp", url, width=320, height=180, gop=15))
                scene = Scene(camera, tmp_path, recording, stream, audience, states)
                await until(lambda: audience.datagrams)
                await scene.film(1.0)
                yield scene


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Audience, str]]:
    """Somebody and his address."""
    loop = asyncio.get_running_loop()
    transport, audience = await loop.create_datagram_endpoint(Audience, local_addr=("127.0.0.1", 0))
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    try:
        yield audience, f"udp://127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


def held_up(camera: EmulatedCamera) -> int:
    """Frames that the driver dropped since nobody took those before: on a machine that is held up."""
    return sum(frame.fate == "dropped" for frame in camera.journal().frames)


def sizes(clips: list[ClipFile]) -> list[tuple[int, int]]:
    return [(clip.width, clip.height) for clip in clips]


async def test_unplugged_and_plugged_in_again_as_another_node(tmp_path: Path) -> None:
    async with filming(tmp_path) as scene:
        scene.camera.fault("unplug")
        await until(lambda: any(report.state == "unavailable" for _, report in scene.states), timeout=1.0)
        await asyncio.sleep(0.5)
        scene.camera.fault("replug", number=6)
        back = time.monotonic()
        assert await scene.until_reopened() - back < REOPENED_SECONDS
        await scene.end()
        assert not scene.lost()
        assert scene.audience.silence() < 0.5 + 1.0 + REOPENED_SECONDS
    assert sizes(scene.clips) == [HD, HD]
    assert "gone" in scene.told("unavailable")[1]


async def test_a_stall_is_noticed_within_two_seconds(tmp_path: Path) -> None:
    async with filming(tmp_path) as scene:
        scene.camera.fault("stall")
        last = scene.newest().stamp_ns / NS
        await until(lambda: any(report.state == "stalled" for _, report in scene.states), timeout=5.0)
        assert NOTICED_SECONDS <= scene.told("stalled")[0] - last < NOTICED_SECONDS + LOOK_SECONDS
        scene.camera.clear()
        back = time.monotonic()
        assert await scene.until_reopened() - back < REOPENED_SECONDS
        await scene.end()
        assert not scene.lost()
    assert sizes(scene.clips) == [HD, HD]


async def test_an_input_output_error(tmp_path: Path) -> None:
    async with filming(tmp_path) as scene:
        scene.camera.fault("io_error", frames=1)
        failed = time.monotonic()
        assert await scene.until_reopened() - failed < REOPENED_SECONDS
        await scene.end()
        lost = scene.lost()
    assert len(lost) <= 2, "only what lay in the driver's buffers when it failed"
    assert sizes(scene.clips) == [HD, HD]
    assert "Input/output error" in scene.told("unavailable")[1]


async def test_broken_frames_are_left_out_and_counted(tmp_path: Path) -> None:
    async with filming(tmp_path) as scene:
        scene.camera.fault("truncate", frames=3)
        await scene.film(0.3)
        scene.camera.fault("flag", frames=4)
        await scene.film(0.3)
        scene.camera.fault("gap", numbers=5)
        await scene.end()
        assert not scene.lost()
        damaged = [frame for frame in scene.camera.journal().frames if frame.fate == "damaged"]
        dropped = held_up(scene.camera)
    assert len(missing(damaged, scene.frames)) == len(damaged) == 7
    assert sizes(scene.clips) == [HD], "no new segment, no reopening"
    assert scene.ended
    assert scene.ended.dropped == scene.clips[0].dropped == 3 + 4 + 5 + dropped


async def test_another_size_after_reopening_is_a_new_segment(tmp_path: Path) -> None:
    async with filming(tmp_path) as scene:
        scene.camera.fault("unplug")
        scene.camera.fault("granted_size", width=640, height=480)
        scene.camera.fault("replug")
        back = time.monotonic()
        assert await scene.until_reopened() - back < REOPENED_SECONDS
        await scene.end()
        assert not scene.lost()
    assert sizes(scene.clips) == [HD, VGA]


async def test_frames_of_a_size_that_was_not_granted_are_never_written(tmp_path: Path) -> None:
    async with filming(tmp_path) as scene:
        scene.camera.fault("frame_size", width=640, height=480)
        scene.camera.fault("io_error", frames=1)
        await until(lambda: any("broken frames" in report.reason for _, report in scene.states))
        scene.camera.clear()
        await until(lambda: scene.states[-1][1].state == "open")
        await scene.end()
    assert sizes(scene.clips) == [HD, HD]


@pytest.mark.parametrize(
    ("fault", "told"), [("busy", "setting the format"), ("open_error", "looking at")], ids=["busy", "refused"]
)
async def test_a_camera_that_cannot_be_opened_is_tried_again(tmp_path: Path, fault: str, told: str) -> None:
    async with filming(tmp_path) as scene:
        scene.camera.fault("unplug")
        scene.camera.fault(fault)
        scene.camera.fault("replug")
        await until(lambda: any(told in report.reason for _, report in scene.states))
        scene.camera.clear()
        back = time.monotonic()
        assert await scene.until_reopened() - back < REOPENED_SECONDS
        await scene.end()
        assert not scene.lost()
    assert sizes(scene.clips) == [HD, HD]


COMPLETE = 4


def test_an_events_result_tells_what_happened(tmp_path: Path) -> None:
    with EmulatedCamera(tmp_path / "box", modes=MODES) as camera:
        settings = {"id": "main", "name": "Main", "backend": "v4l2", "address": str(camera.by_id)}
        with running_agent(tmp_path, camera=settings, **camera.environment) as agent:
            event = agent.create_event("Video_Start_recording", encoding="copy", durationSeconds=7.5)
            _faults_of_a_day(camera)
            ended = agent.wait_for_event(event)
            assert agent.stop() == 0
        dropped = held_up(camera)
    result = result_of(ended)
    assert ended["eventStatus"] == COMPLETE
    assert len(result["clips"]) == 3
    assert result["dropped"] == 7 + dropped
    gone, silent = (note for note in result["notes"] if note.startswith("no picture from"))
    assert re.search(r"for [01]\.\d s: .* gone", gone)
    assert re.search(r"for [23]\.\d s: .* 2 s", silent)


def _faults_of_a_day(camera: EmulatedCamera) -> None:
    """Numbers left out, unplugged for a moment, silent for two seconds; each after some good film."""
    _film(camera, 30)
    camera.fault("gap", numbers=7)
    _film(camera, 15)
    camera.fault("unplug")
    time.sleep(0.3)
    camera.fault("replug", number=2)
    _film(camera, 30)
    camera.fault("stall")
    time.sleep(2.6)
    camera.clear()


def _film(camera: EmulatedCamera, frames: int) -> None:
    wanted = len(camera.journal().frames) + frames
    deadline = time.monotonic() + 20
    while len(camera.journal().frames) < wanted:
        assert time.monotonic() < deadline
        time.sleep(0.02)
