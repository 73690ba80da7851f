"""File jobs in processes of their own, on files as a kill leaves them."""

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.footage import make_fragmented, mjpeg_footage, short_footage

from hardware.errors import JobFailed, StorageFailed, StorageFull
from hardware.jobrun import run_job
from hardware.jobs import JOBS, recover, run
from hardware.media import inspect
from hardware.models import ClipFile, Codec
from hardware.sinks.segment import sidecar_path
from hardware.sources.file import FOOTAGE

WRITER = """
import os, signal, sys, av
from hardware.sinks.segment import sidecar_path
from hardware.sources.file import FOOTAGE
options = {"movflags": "empty_moov+default_base_moof", "frag_duration": "1000000", "flush_packets": "1"}
with av.open(str(FOOTAGE)) as source, av.open(sys.argv[1], "w", options=options) as target:
    stream = target.add_stream_from_template(source.streams.video[0])
    for number, packet in enumerate(source.demux(video=0)):
        packet.stream = stream
        target.mux(packet)
        if number == 36:
            os.kill(os.getpid(), signal.SIGKILL)
"""


def write_sidecar(path: Path, **changes: object) -> ClipFile:
    clip = ClipFile(
        file=path.name,
        index=2,
        codec=Codec.H264,
        width=768,
        height=576,
        rate=10,
        encoded=False,
        first_mono_ns=17,
        start_wall_ns=18,
        clock_quality="upstream",
        boot_id="a-boot",
        dropped=3,
        context={"event": "e"},
    ).model_copy(update=changes)
    sidecar_path(path).write_text(clip.model_dump_json())
    return clip


async def test_a_killed_recording_plays_to_its_last_whole_fragment(tmp_path: Path) -> None:
    path = tmp_path / "clip-2.mp4"
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(path))
    assert await killed.wait() == -signal.SIGKILL
    before = write_sidecar(path)
    clip = ClipFile.model_validate(await run_job("recover", path=str(path)))
    assert clip == ClipFile.model_validate_json(sidecar_path(path).read_bytes())
    assert (clip.closed, clip.recovered, clip.frames, clip.seconds) == (True, True, 30, 3.0)
    assert (clip.size, clip.sha256) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert clip.model_copy(update={name: getattr(before, name) for name in CLOSING}) == before
    found = await run_job("probe", path=str(path))
    assert found == {
        "codec": "h264", "width": 768, "height": 576, "rate": 10.0, "frames": 30, "seconds": 3.0,
        "decodable": True, "reason": "",
    }  # fmt: skip


CLOSING = ("closed", "recovered", "seconds", "frames", "size", "sha256")


@pytest.mark.parametrize("fragments", [0, 1, 4])
@pytest.mark.parametrize("torn", [1, 9, 200, 5000])
def test_a_torn_tail_is_cut_wherever_it_tears(tmp_path: Path, fragments: int, torn: int) -> None:
    whole = make_fragmented(tmp_path / "whole.mp4", 60).read_bytes()
    path = tmp_path / "clip-0.mp4"
    path.write_bytes(whole[: fragment_end(tmp_path / "whole.mp4", fragments) + torn])
    write_sidecar(path)
    clip = recover({"path": str(path)})
    assert clip.frames == fragments * 10
    assert clip.size == path.stat().st_size == fragment_end(tmp_path / "whole.mp4", fragments)
    assert fragments == 0 or inspect(path).decodable


def fragment_end(path: Path, fragments: int) -> int:
    """The offset after the first `fragments` fragments."""
    content = path.read_bytes()
    place = -1
    for _ in range(fragments + 1):
        place = content.index(b"moof", place + 1)
    return place - 4


def test_recovery_is_harmless_when_repeated_and_when_all_is_well(tmp_path: Path) -> None:
    path = make_fragmented(tmp_path / "clip-1.mp4", 30)
    write_sidecar(path)
    first = recover({"path": str(path)})
    written = sidecar_path(path).stat()
    assert recover({"path": str(path)}) == first
    assert sidecar_path(path).stat().st_ino == written.st_ino
    assert first.frames == 30


def test_a_closed_segment_stays_as_it_is(tmp_path: Path) -> None:
    path = make_fragmented(tmp_path / "clip-1.mp4", 30)
    closed = write_sidecar(path, closed=True, size=path.stat().st_size, sha256="told by the recorder", frames=30)
    assert recover({"path": str(path)}) == closed


@pytest.mark.parametrize("content", [b"", b"\0" * 600, b"\0\0\0\x1cftypisom"])
def test_a_segment_killed_before_its_index_is_an_empty_clip(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip-0.mp4"
    path.write_bytes(content)
    write_sidecar(path)
    clip = recover({"path": str(path)})
    assert (clip.closed, clip.recovered, clip.frames, clip.seconds, clip.size) == (True, True, 0, 0.0, len(content))
    assert path.read_bytes() == content


@pytest.mark.parametrize("sidecar", [None, "", '{"version": 1'])
def test_without_a_usable_sidecar_the_file_speaks_for_itself(tmp_path: Path, sidecar: str | None) -> None:
    path = make_fragmented(tmp_path / "front-door-7.mp4", 30)
    os.utime(path, (1_795_400_000, 1_795_400_000))
    if sidecar is not None:
        sidecar_path(path).write_text(sidecar)
    clip = recover({"path": str(path)})
    assert (clip.index, clip.codec, clip.width, clip.height, clip.rate) == (7, Codec.H264, 768, 576, 10.0)
    assert (clip.clock_quality, clip.boot_id) == ("unset", "")
    assert clip.start_wall_ns == 1_795_399_997 * 1_000_000_000
    assert ClipFile.model_validate_json(sidecar_path(path).read_bytes()) == clip


def test_what_is_no_clip_at_all_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("not a film")
    with pytest.raises(JobFailed, match="neither"):
        recover({"path": str(path)})
    assert path.read_text() == "not a film"
    assert not sidecar_path(path).exists()


def test_a_plain_file_is_never_cut(tmp_path: Path) -> None:
    path = tmp_path / "plain-0.mp4"
    content = FOOTAGE.read_bytes()[:-5000]
    path.write_bytes(content)
    assert recover({"path": str(path)}).size == len(content)


async def test_hash_is_that_of_the_file() -> None:
    content = FOOTAGE.read_bytes()
    expected = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert await run_job("hash", path=str(FOOTAGE)) == expected


@pytest.mark.parametrize(("make", "codec"), [(mjpeg_footage, "mjpeg"), (short_footage, "h264")])
def test_a_damaged_picture_is_found(tmp_path: Path, make: Callable[[int], Path], codec: str) -> None:
    content = bytearray(make(20).read_bytes())
    content[20_000:23_000] = bytes(3000)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    found = inspect(path)
    assert (found.codec, found.frames) == (codec, 20)
    assert not found.decodable
    assert found.reason


def test_a_file_without_video_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "text.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nGo.\n")
    found = inspect(path)
    assert (found.codec, found.decodable, found.reason) == ("", False, "no video")


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("paint", {"path": "/x"}, "no such job; there are .*hash, probe, recover, remux"),
        ("hash", {"path": "clip.mp4"}, "must be absolute"),
        ("hash", {"path": "/no/such/clip.mp4"}, "no file '/no/such/clip.mp4'"),
        ("probe", {"path": "/no/such/clip.mp4"}, "no file '/no/such/clip.mp4'"),
        ("recover", {"path": "/no/such/clip.mp4"}, "no file '/no/such/clip.mp4'"),
        ("hash", {"file": "/x"}, "path: Field required"),
    ],
)
async def test_failures_are_told_across_the_process(name: str, arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(JobFailed, match=reason):
        await run_job(name, **arguments)


def test_arguments_that_are_no_json_are_refused() -> None:
    for name in JOBS:
        with pytest.raises(JobFailed, match="not JSON"):
            run(name, b"{")


def test_a_full_and_a_failing_disk_have_errors_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_fragmented(tmp_path / "clip-1.mp4", 10)
    request = f'{{"path": "{path}"}}'.encode()

    def fail(number: int) -> None:
        def fsync(_: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", fsync)

    fail(28)
    with pytest.raises(StorageFull, match=str(tmp_path)):
        run("recover", request)
    fail(5)
    with pytest.raises(StorageFailed, match=r"clip-1\.mp4.* failed: Input/output error"):
        run("recover", request)
