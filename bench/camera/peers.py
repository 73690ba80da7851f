"""The programs that people use today, on an emulated camera of their own."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.pictures import Mode

from bench.camera.costs import Cost, watch

WIDTH, HEIGHT, RATE = 1280, 720, 30
HD = (Mode("MJPG", WIDTH, HEIGHT, (RATE,)),)

STREAM_PORT = 9
"""Of a loopback where nobody listens: what happens to a stream there costs its sender nothing."""

_ENCODER = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "5M", "-g", "60"]

NEEDED = {"cc": "gcc", "ffmpeg": "ffmpeg", "motion": "motion", "ustreamer": "ustreamer"}
"""The Debian package of each program."""

_STARTING_SECONDS = 30.0

Viewing = Callable[[], AbstractAsyncContextManager[None]]


def missing_packages() -> list[str]:
    """The Debian packages of what is not there."""
    return [package for program, package in NEEDED.items() if shutil.which(program) is None]


@asynccontextmanager
async def hd_camera(folder: Path, name: str) -> AsyncIterator[EmulatedCamera]:
    """1280x720 at 30 fps MJPG; it does not journal frames."""
    with EmulatedCamera(folder / name, modes=HD, name=name) as camera:
        camera.keep_journal(False)
        yield camera


async def first_frame(camera: EmulatedCamera) -> None:
    """Returns when somebody streams from the camera."""
    async with asyncio.timeout(_STARTING_SECONDS):
        while not camera.journal().streams:  # noqa: ASYNC110 - a file tells
            await asyncio.sleep(0.02)
    await asyncio.sleep(1 / RATE)


async def cost_of(
    folder: Path, name: str, command: Callable[[EmulatedCamera], list[str]], beside: Viewing | None = None
) -> Cost:
    """What a program costs on a camera of its own; `beside`: what uses it meanwhile."""
    async with hd_camera(folder, name) as camera:
        environment = os.environ | camera.environment
        process = await asyncio.create_subprocess_exec(
            *command(camera), env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        )
        try:
            await first_frame(camera)
            return await (watch(process.pid) if beside is None else _watched(beside, process.pid))
        finally:
            process.terminate()
            await process.wait()


async def _watched(beside: Viewing, pid: int) -> Cost:
    async with beside():
        return await watch(pid)


def _filming(camera: EmulatedCamera) -> list[str]:
    size = ["-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", str(RATE)]
    return ["ffmpeg", "-v", "error", "-y", "-f", "v4l2", "-input_format", "mjpeg", *size, "-i", str(camera.node)]


def ffmpeg_copy(folder: Path) -> Awaitable[Cost]:
    """Passing on to MP4."""
    return cost_of(folder, "ffmpeg-copy", lambda camera: [*_filming(camera), "-c", "copy", str(folder / "copy.mp4")])


def ffmpeg_encode(folder: Path) -> Awaitable[Cost]:
    """Encoding to H.264 in MP4."""

    def command(camera: EmulatedCamera) -> list[str]:
        return [*_filming(camera), *_ENCODER, str(folder / "encoded.mp4")]

    return cost_of(folder, "ffmpeg-encode", command)


def ffmpeg_stream(folder: Path) -> Awaitable[Cost]:
    """Encoding to H.264 for MPEG-TS over UDP."""

    def command(camera: EmulatedCamera) -> list[str]:
        to = f"udp://127.0.0.1:{STREAM_PORT}?pkt_size=1316"
        return [*_filming(camera), *_ENCODER, "-f", "mpegts", to]

    return cost_of(folder, "ffmpeg-stream", command)


MOTION_RATE = 15
"""Looks a second in the settings that it comes with."""

_MOTION = """daemon off
videodevice {node}
v4l2_palette 8
width 1280
height 720
framerate {rate}
log_level 4
picture_output off
movie_output off
webcontrol_port 0
stream_port 0
emulate_motion off
target_dir {folder}
pid_file
"""


def motion(folder: Path, rate: int = MOTION_RATE) -> Awaitable[Cost]:
    """Motion watch at `rate` looks a second, nothing saved."""

    def command(camera: EmulatedCamera) -> list[str]:
        settings = folder / "motion.conf"
        settings.write_text(_MOTION.format(node=camera.node, folder=folder, rate=rate))
        return ["motion", "-n", "-c", str(settings)]

    return cost_of(folder, "motion", command)


def ustreamer(folder: Path, socket: Path, viewing: Viewing) -> Awaitable[Cost]:
    """The camera's JPEGs over HTTP to one viewer."""

    def command(camera: EmulatedCamera) -> list[str]:
        size = ["--resolution", f"{WIDTH}x{HEIGHT}", "--desired-fps", str(RATE)]
        served = ["--format", "MJPEG", "--encoder", "HW", "--unix", str(socket), "--unix-rm"]
        return ["ustreamer", "--device", str(camera.node), *size, *served]

    return cost_of(folder, "ustreamer", command, viewing)
