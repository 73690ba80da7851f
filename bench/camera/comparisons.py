"""One comparison per question: our figure, the peer's in the same run, and the aim."""

from collections.abc import Awaitable
from pathlib import Path

from bench.camera import ours, peers
from bench.camera.costs import SECONDS, Cost
from bench.camera.viewing import by_unix, viewing
from bench.results import Result

PRE_ROLL = 2.0


def compare(what: str, our: Cost, peer: Cost, against: str, aim: float) -> list[Result]:
    """CPU against the peer's with an aim, and memory without one."""
    ratio = our.cpu / peer.cpu
    told = f"{against}, {peer.cpu:.2f} s"
    cpu = f"{what}, {SECONDS:g} s at 720p30: CPU"
    memory = f"{what}: peak memory (PSS)"
    return [
        Result(cpu, our.cpu, "s", told, ratio, f"at most {aim:.3g} times", ratio <= aim),
        Result(memory, our.memory, "MiB", f"{against}, {peer.memory:.0f} MiB", our.memory / peer.memory, None, None),
    ]


async def passing_on(folder: Path) -> list[Result]:
    """(a)"""
    our = await ours.recording(folder, encoding="copy")
    return compare("passing MJPG on to MP4", our, await peers.ffmpeg_copy(folder), "ffmpeg -c copy", 1.0)


async def encoding(folder: Path) -> list[Result]:
    """(b)"""
    our = await ours.recording(folder, encoding="h264")
    peer = await peers.ffmpeg_encode(folder)
    return compare("encoding to H.264", our, peer, "ffmpeg -preset ultrafast", 1.1)


async def watching(folder: Path) -> list[Result]:
    """(c)"""
    our = await ours.watching(folder)
    usual = f"motion as it comes, {peers.MOTION_RATE} looks a second"
    figures = compare("motion watch, 5 looks a second", our, await peers.motion(folder), usual, 0.25)
    slow = await peers.motion(folder, 5)
    told = f"motion set to 5 looks a second, {slow.cpu:.2f} s"
    return [*figures, Result(figures[0].name, our.cpu, "s", told, our.cpu / slow.cpu, None, None)]


async def previewing(folder: Path) -> list[Result]:
    """(d)"""
    our = await ours.previewing(folder)
    return compare("one MJPEG viewer", our, await ustreamer(folder), "ustreamer", 2.0)


def ustreamer(folder: Path) -> Awaitable[Cost]:
    """It, with its viewer."""
    socket = folder / "ustreamer.sock"
    return peers.ustreamer(folder, socket, lambda: viewing(by_unix(socket), "/stream"))


async def everything(folder: Path) -> list[Result]:
    """(e)"""
    our = await ours.everything(folder)
    together = await peers.ffmpeg_encode(folder) + await peers.ffmpeg_stream(folder)
    together += await peers.motion(folder) + await ustreamer(folder)
    what = "recording, stream, viewer and motion watch together"
    return compare(what, our, together, "ffmpeg twice, motion, ustreamer", 1 / 3)


async def pre_roll(folder: Path) -> list[Result]:
    """(f)"""
    delay = await ours.first_frame_before_request(folder, PRE_ROLL)
    name = f"request to first frame, warm, pre-roll {PRE_ROLL:g} s"
    return [Result(name, delay, "ms", "the request", None, "before it", delay < 0)]


COMPARISONS = {
    "passing_on": passing_on,
    "encoding": encoding,
    "watching": watching,
    "previewing": previewing,
    "everything": everything,
    "pre_roll": pre_roll,
}
