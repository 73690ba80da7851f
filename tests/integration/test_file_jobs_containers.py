"""A recorder that is killed while it writes, picture and sound, in each container; then the file jobs."""

import asyncio
import signal
import sys
from pathlib import Path

import av
import pytest

from hardware.containers.table import CONTAINERS
from hardware.jobrun import run_job
from hardware.models import ClipFile

PICTURES = 57
RATE = 10

WRITER = f"""
import os, signal, sys
from pathlib import Path
import av
from hardware.audio.encoding import SoundEncoder
from hardware.containers.table import container_of
from hardware.models import CameraSpec, ClipFile, Codec, Packet
from hardware.sinks.segment import Segment
from hardware.sinks.syncing import Syncer
from hardware.sources.elementary import LoopedFile
from hardware.sources.file import FOOTAGE
path, first = Path(sys.argv[1]), 5_000_000_000
sound = SoundEncoder(container_of(path), first)
clip = ClipFile(
    file=path.name, index=0, codec=Codec.H264, width=768, height=576, rate={RATE}, encoded=False,
    first_mono_ns=first, start_wall_ns=0, clock_quality="unset", boot_id="", audio=True)
segment = Segment(path, clip, Syncer(), sound.stream)
film = LoopedFile(FOOTAGE, "test")
for number in range({PICTURES}):
    picture = film.next()
    segment.add(Packet(picture.data, Codec.H264, 768, 576, first + number * 100_000_000, number, picture.key))
    for packet in sound.encode(bytes(9600)):
        segment.add_sound(packet)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", list(CONTAINERS))
async def test_a_killed_recording_keeps_all_but_the_open_second(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"clip-0.{kind}"
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(path))
    assert await killed.wait() == -signal.SIGKILL
    clip = ClipFile.model_validate(await run_job("recover", path=str(path)))
    assert PICTURES - RATE - 1 <= clip.frames <= PICTURES
    assert (clip.closed, clip.recovered, clip.audio, clip.size) == (True, True, True, path.stat().st_size)
    found = await run_job("probe", path=str(path))
    assert (found["decodable"], found["frames"]) == (True, clip.frames)
    plain = await run_job("remux", path=str(path), target=str(tmp_path / "plain.mp4"))
    assert plain["frames"] == clip.frames
    for file in (path, tmp_path / "plain.mp4"):
        with av.open(str(file)) as media:
            sound = sum(frame.samples for frame in media.decode(audio=0)) / 48_000
        assert sound == pytest.approx(clip.seconds, abs=0.5)
