"""The job `remux`: a plain MP4 of a clip, without coding anything again."""

import asyncio
import hashlib
import os
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from fakes.footage import make_fragmented, mjpeg_footage
from fakes.hosts import small_file_system
from fakes.recording import decode

from hardware.errors import JobFailed, StorageFull
from hardware.jobrun import run_job
from hardware.jobs import recover
from hardware.launch import child_environment
from hardware.sinks.plainfile import make_plain


def packets(path: Path) -> list[tuple[bytes, Fraction, bool]]:
    """Bytes, time and key of each packet of the picture."""
    with av.open(str(path)) as media:
        found = [packet for packet in media.demux(video=0) if packet.size]
        return [(bytes(packet), (packet.pts or 0) * packet.time_base, packet.is_keyframe) for packet in found]


def boxes(path: Path) -> list[str]:
    """The names of the outermost boxes."""
    data, names, at = path.read_bytes(), [], 0
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode("ascii"))
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("make", [lambda path: make_fragmented(path, 50), lambda _: mjpeg_footage(30)])
async def test_packets_and_times_are_the_same_and_the_index_is_in_front(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    source, target = make(tmp_path / "clip-0.mp4"), tmp_path / "plain.mp4"
    answer = await run_job("remux", path=str(source), target=str(target))
    content = target.read_bytes()
    assert answer == {
        "path": str(target),
        "size": len(content),
        "seconds": pytest.approx(len(packets(source)) / 10, abs=1e-3),
        "frames": len(packets(source)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert packets(target) == packets(source)
    assert boxes(target)[:2] == ["ftyp", "moov"]
    assert "moof" not in boxes(target)
    assert len(decode(target)) == answer["frames"]
    assert {source.name, "plain.mp4"} >= set(names(tmp_path))


def test_a_recovered_clip_is_taken(tmp_path: Path) -> None:
    source = make_fragmented(tmp_path / "clip-3.mp4", 50)
    os.truncate(source, source.stat().st_size * 2 // 3)
    clip = recover({"path": str(source)})
    plain = make_plain(source, tmp_path / "plain.mp4")
    assert plain.frames == clip.frames > 10
    assert plain.seconds == pytest.approx(clip.seconds, abs=1e-3)


def test_a_target_is_replaced_only_when_told(tmp_path: Path) -> None:
    source, target = make_fragmented(tmp_path / "clip-0.mp4", 10), tmp_path / "plain.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(JobFailed, match="is there already"):
        make_plain(source, target)
    assert target.read_bytes() == b"precious"
    assert make_plain(source, target, overwrite=True).frames == 10
    assert len(decode(target)) == 10


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_clip_is_never_its_own_target(overwrite: bool, tmp_path: Path) -> None:
    source = make_fragmented(tmp_path / "clip-0.mp4", 10)
    before = source.read_bytes()
    link = tmp_path / "link.mp4"
    link.hardlink_to(source)
    for target in (source, link):
        with pytest.raises(JobFailed, match="same file"):
            make_plain(source, target, overwrite=overwrite)
    assert source.read_bytes() == before


@pytest.mark.parametrize(("damaged_at", "frames"), [(0.5, 50), (0.7, 40)], ids=["a picture", "an index"])
def test_of_a_damaged_file_what_can_be_read_is_copied_and_counted(
    damaged_at: float, frames: int, tmp_path: Path
) -> None:
    source, target = make_fragmented(tmp_path / "clip-0.mp4", 50), tmp_path / "plain.mp4"
    content = bytearray(source.read_bytes())
    start = int(len(content) * damaged_at)
    content[start : start + 6000] = bytes(6000)
    source.write_bytes(content)
    assert make_plain(source, target).frames == len(packets(target)) == frames
    assert packets(target) == packets(source)[:frames]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"path": "{0}/none.mp4", "target": "{0}/plain.mp4"}, "no file"),
        ({"path": "{0}/text.mp4", "target": "{0}/plain.mp4"}, "is not a media file"),
        ({"path": "{0}/clip-0.mp4", "target": "{0}/none/plain.mp4"}, "/none' is no folder"),
        ({"path": "{0}/clip-0.mp4", "target": "{0}", "overwrite": True}, "is no file"),
        ({"path": "{0}/clip-0.mp4", "target": "plain.mp4"}, "target: Value error, must be absolute"),
        ({"path": "{0}/clip-0.mp4"}, "target: Field required"),
        ({"path": "{0}/words.srt", "target": "{0}/plain.mp4"}, "no video"),
    ],
)
async def test_refusals_name_the_reason(arguments: dict[str, Any], reason: str, tmp_path: Path) -> None:
    make_fragmented(tmp_path / "clip-0.mp4", 10)
    (tmp_path / "text.mp4").write_text("no media at all")
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nGo.\n")
    before = names(tmp_path)
    filled: dict[str, Any] = {
        name: value.format(tmp_path) if isinstance(value, str) else value for name, value in arguments.items()
    }
    with pytest.raises(JobFailed, match=reason):
        await run_job("remux", **filled)
    assert names(tmp_path) == before


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    source = make_fragmented(tmp_path / "clip-0.mp4", 100)
    with small_file_system(tmp_path, "64k") as small:
        assert source.stat().st_size > 65536
        with pytest.raises(StorageFull, match="no space left"):
            await run_job("remux", path=str(source), target=str(small / "plain.mp4"))
        assert names(small) == []


async def test_a_killed_job_leaves_no_target_and_does_not_hinder_the_next(tmp_path: Path) -> None:
    source, target = make_fragmented(tmp_path / "clip-0.mp4", 100), tmp_path / "plain.mp4"
    stop_before_renaming = (
        "import os, pathlib, signal, sys; from hardware import jobs\n"
        "pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.argv = ['jobs', 'remux']; jobs.main()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", stop_before_renaming, stdin=asyncio.subprocess.PIPE, env=child_environment()
    )
    await process.communicate(f'{{"path": "{source}", "target": "{target}"}}'.encode())
    assert process.returncode == -9
    assert not target.exists()
    assert (await run_job("remux", path=str(source), target=str(target)))["frames"] == 100
    assert names(tmp_path) == ["clip-0.mp4", "plain.mp4"]
