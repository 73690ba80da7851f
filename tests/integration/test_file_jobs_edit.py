"""The job `edit`: one clip of others, copied where that goes, coded anew where it must."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.frame import PictureType
from fakes.footage import make_fragmented, mjpeg_footage
from fakes.hosts import small_file_system
from fakes.microphone import sound_seconds
from fakes.recording import decode

from hardware.editing.edit import make_clip
from hardware.errors import JobFailed, StorageFull
from hardware.jobrun import run_job
from hardware.launch import child_environment
from hardware.models import ClipFile
from hardware.models.jobs import Edited, EditPart, EditRequest
from hardware.sinks.segment import sidecar_path
from hardware.sources.file import FOOTAGE

SECOND = 1_000_000_000
WALL = 1_774_872_000 * SECOND
FRAME = Fraction(1, 10)


def part(path: Path, *, start: float = 0.0, end: float | None = None, seconds: float = 5.0) -> EditPart:
    return EditPart(path=path, wall_ns=WALL, mono_ns=77 * SECOND, seconds=seconds, start=start, end=end)


def asked(target: Path, *parts: EditPart, **more: Any) -> EditRequest:
    values = {"made": "joined", "clock_quality": "synchronised", "boot_id": "b", "context": {"camera_id": "main"}}
    return EditRequest(parts=list(parts), target=target, **{**values, **more})


async def run(request: EditRequest, **more: Any) -> dict[str, Any]:
    """The job in its own process."""
    return await run_job("edit", **request.model_dump(mode="json"), **more)


def edit(target: Path, *parts: EditPart, **more: Any) -> Edited:
    """What the job answers; its clip is whole, plays, and is what its sidecar says."""
    edited = make_clip(asked(target, *parts, **more))
    assert ClipFile.model_validate_json(sidecar_path(target).read_bytes()) == edited.clip
    content = target.read_bytes()
    assert (edited.clip.size, edited.clip.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert len(decode(target)) == edited.clip.frames
    assert edited.clip.closed
    return edited


def pictures(path: Path) -> list[tuple[bytes, Fraction]]:
    """Bytes of each picture without its parameter sets' place, and when it is shown after the first one."""
    with av.open(str(path)) as media:
        found = [packet for packet in media.demux(video=0) if packet.size]
        first = min((packet.pts or 0) for packet in found)
        return [(bytes(packet), ((packet.pts or 0) - first) * packet.time_base) for packet in found]


def with_sound(path: Path, seconds: float = 3.0, hertz: int = 440, codec: str = "aac") -> Path:
    """Pictures of the footage at 10 a second, and a tone."""
    silent = make_fragmented(path.with_name(f"silent-{path.name}"), round(seconds * 10))
    with av.open(str(silent)) as source, av.open(str(path), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        sound = cast("AudioStream", target.add_stream(codec, rate=48_000, layout="mono"))
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                target.mux(packet)
        count = round(seconds * 48_000)
        wave = (12_000 * np.sin(np.arange(count) * 2 * np.pi * hertz / 48_000)).astype("<i2")
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        target.mux([*sound.encode(frame), *sound.encode(None)])
    silent.unlink()
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "make", [lambda path: make_fragmented(path, 30), lambda _: mjpeg_footage(30)], ids=["h264", "mjpeg"]
)
def test_clips_of_one_kind_follow_each_other_untouched(make: Callable[[Path], Path], tmp_path: Path) -> None:
    first, second = make(tmp_path / "clip-0.mp4"), make(tmp_path / "clip-1.mp4")
    target = tmp_path / "joined.mp4"
    edited = edit(target, part(first, seconds=3), part(second, seconds=3))
    assert (edited.coded, edited.clip.encoded, edited.clip.frames) == ("", False, 60)
    assert edited.clip.seconds == pytest.approx(6.0, abs=0.02)
    assert (edited.clip.start_wall_ns, edited.clip.first_mono_ns) == (WALL, 77 * SECOND)
    assert [data for data, _ in pictures(target)] == [data for data, _ in pictures(first)] + [
        data for data, _ in pictures(second)
    ]
    assert [time for _, time in pictures(target)] == [number * FRAME for number in range(60)]
    assert [name for name in names(tmp_path) if "new" in name] == []


def coded(path: Path, *, crf: int, own_sets: bool) -> Path:
    """Twenty pictures of the footage with B-frames; how they are set up depends on `crf`."""
    with av.open(str(FOOTAGE)) as source, av.open(str(path), "w") as target:
        options = {"crf": str(crf), "preset": "ultrafast", "x264-params": f"repeat-headers={int(own_sets)}:bframes=2"}
        stream = target.add_stream("libx264", rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = 768, 576, "yuv420p"
        for _, frame in zip(range(20), source.decode(video=0), strict=False):
            frame.pict_type = PictureType.NONE
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("own_sets", [True, False])
def test_clips_with_other_parameter_sets_are_copied_where_each_brings_its_own(own_sets: bool, tmp_path: Path) -> None:
    first, second = (coded(tmp_path / f"{crf}.mp4", crf=crf, own_sets=own_sets) for crf in (20, 40))
    joined = tmp_path / "joined.mp4"
    edited = edit(joined, part(first, seconds=2), part(second, seconds=2))
    assert edited.coded == ("" if own_sets else "the clips differ in how their coding is set up")
    apart = [difference(one, other) for one, other in zip(decode(joined)[20:], decode(second), strict=True)]
    assert max(apart) == 0 if own_sets else max(apart) < 6


def test_an_extract_begins_at_the_key_frame_before_and_ends_where_it_was_asked(tmp_path: Path) -> None:
    source, target = make_fragmented(tmp_path / "clip-0.mp4", 50), tmp_path / "cut.mp4"
    edited = edit(target, part(source, start=2.55, end=4.0), made="extracted")
    keys = [time for time in key_times(source) if time <= 2.55]
    assert edited.coded == ""
    assert edited.late == pytest.approx(float(keys[-1]) - 2.55)
    assert edited.clip.frames == round((4.0 - keys[-1]) * 10)
    assert edited.clip.start_wall_ns == WALL + round(keys[-1] * SECOND)


def key_times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as media:
        return [(each.pts or 0) * each.time_base for each in media.demux(video=0) if each.size and each.is_keyframe]


def test_an_exact_extract_is_coded_and_has_the_pictures_of_that_time_and_no_others(tmp_path: Path) -> None:
    source, target = make_fragmented(tmp_path / "clip-0.mp4", 50), tmp_path / "cut.mp4"
    edited = edit(target, part(source, start=2.5, end=4.0), made="extracted", exact=True)
    assert (edited.coded, edited.clip.encoded) == ("an exact cut was asked for", True)
    assert (edited.late, edited.clip.frames) == (0.0, 15)
    wanted, got = decode(source)[25:40], decode(target)
    assert max(difference(one, other) for one, other in zip(wanted, got, strict=True)) < 6


def difference(one: av.VideoFrame, other: av.VideoFrame) -> float:
    """The mean difference of two pictures in brightness, of 255."""
    first, second = (picture.to_ndarray(format="gray").astype(np.int16) for picture in (one, other))
    return float(np.abs(first - second).mean())


def test_clips_of_different_kinds_are_coded_to_the_size_of_the_first(tmp_path: Path) -> None:
    small = tmp_path / "small.mp4"
    edit(small, part(make_fragmented(tmp_path / "clip-0.mp4", 20)), codec="mjpeg", made="transcoded")
    target = tmp_path / "joined.mp4"
    edited = edit(target, part(tmp_path / "clip-0.mp4"), part(small))
    assert edited.coded == "the clips differ in kind: h264 768x576, then mjpeg 768x576"
    assert (edited.clip.codec, edited.clip.frames) == ("h264", 40)
    assert edited.clip.seconds == pytest.approx(4.0, abs=0.02)
    assert difference(decode(target)[5], decode(target)[25]) < 6


def test_a_rate_makes_the_pictures_even(tmp_path: Path) -> None:
    source, target = make_fragmented(tmp_path / "clip-0.mp4", 40), tmp_path / "slow.mp4"
    edited = edit(target, part(source), rate=5.0, made="transcoded")
    assert edited.coded == "5 frames a second were asked for"
    assert [time for _, time in pictures(target)] == [number * Fraction(1, 5) for number in range(20)]


def test_a_codec_that_the_clip_has_costs_no_coding(tmp_path: Path) -> None:
    source = make_fragmented(tmp_path / "clip-0.mp4", 10)
    assert edit(tmp_path / "same.mp4", part(source), codec="h264", made="transcoded").coded == ""
    other = edit(tmp_path / "other.mp4", part(source), codec="mjpeg", made="transcoded")
    assert (other.coded, other.clip.codec, other.clip.frames) == ("mjpeg was asked for", "mjpeg", 10)


def test_sound_goes_along_in_step(tmp_path: Path) -> None:
    first, second = with_sound(tmp_path / "a.mp4"), with_sound(tmp_path / "b.mp4", hertz=880)
    joined = tmp_path / "joined.mp4"
    edited = edit(joined, part(first), part(second))
    assert (edited.coded, edited.clip.audio, edited.notes) == ("", True, [])
    assert sound_seconds(joined) == pytest.approx(6.0, abs=0.1)
    assert pitch(joined, 1.0) == pytest.approx(440, abs=10)
    assert pitch(joined, 4.5) == pytest.approx(880, abs=10)
    coded = edit(tmp_path / "coded.mp4", part(first, start=1.0), part(second, end=1.0), exact=True)
    assert coded.clip.audio
    assert sound_seconds(tmp_path / "coded.mp4") == pytest.approx(3.0, abs=0.1)
    assert pitch(tmp_path / "coded.mp4", 2.5) == pytest.approx(880, abs=10)


def pitch(path: Path, second: float) -> float:
    """The strongest tone of half a second there, in hertz."""
    with av.open(str(path)) as media:
        rate = media.streams.audio[0].codec_context.sample_rate
        samples = np.concatenate([frame.to_ndarray()[0] for frame in media.decode(audio=0)]).astype(float)
    window = samples[round(second * rate) : round((second + 0.5) * rate)]
    return float(np.argmax(np.abs(np.fft.rfft(window))) * rate / len(window))


def test_what_has_no_sound_or_another_kind_of_it_is_told(tmp_path: Path) -> None:
    loud, silent = with_sound(tmp_path / "loud.mp4"), make_fragmented(tmp_path / "silent.mp4", 30)
    flac = with_sound(tmp_path / "flac.mp4", codec="flac")
    told = [
        (edit(tmp_path / f"{number}.mp4", part(one), part(other))).notes
        for number, (one, other) in enumerate([(loud, silent), (silent, loud), (loud, flac)])
    ]
    assert told == [
        ["some of the clips have no sound"],
        ["without sound: the first clip has none"],
        ["without sound: the clips have sound of different kinds"],
    ]


async def test_progress_is_told_and_rises(tmp_path: Path) -> None:
    heard: list[float] = []
    source = part(make_fragmented(tmp_path / "clip-0.mp4", 100), seconds=10)
    request = asked(tmp_path / "slow.mp4", source, source, source, codec="mjpeg")
    await run(request, told=lambda news: heard.append(news["percent"]))
    assert heard == sorted(heard)
    assert len({percent for percent in heard if 0 < percent < 100}) >= 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"codec": "copy", "rate": 5.0}, "it cannot be copied: 5 frames a second were asked for"),
        ({"parts": [{"path": "{0}/none.mp4", "wall_ns": 0, "seconds": 1}]}, r"no file none\.mp4"),
        ({"parts": [{"path": "{0}/text.mp4", "wall_ns": 0, "seconds": 1}]}, r"text\.mp4 is not a media file"),
        (
            {"parts": [{"path": "{0}/clip-0.mp4", "wall_ns": 0, "seconds": 1, "start": 9.0}], "exact": True},
            "no picture",
        ),
        ({"target": "{0}/clip-0.mp4"}, r"clip-0\.mp4 is there already"),
    ],
)
def test_refusals_name_the_reason_and_leave_nothing(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    source = make_fragmented(tmp_path / "clip-0.mp4", 10)
    (tmp_path / "text.mp4").write_text("no media at all")
    before = names(tmp_path)
    filled = json.loads(json.dumps(change).replace("{0}", str(tmp_path)))
    request = asked(tmp_path / "new.mp4", part(source)).model_dump() | filled
    with pytest.raises(JobFailed, match=reason):
        make_clip(EditRequest.model_validate(request))
    assert names(tmp_path) == before


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    source = part(make_fragmented(tmp_path / "clip-0.mp4", 100))
    with small_file_system(tmp_path, "64k") as small:
        with pytest.raises(StorageFull, match="no space left"):
            make_clip(asked(small / "joined.mp4", source))
        assert names(small) == []


async def test_a_cancelled_job_is_dead_at_once(tmp_path: Path) -> None:
    started = asyncio.Event()
    source = part(make_fragmented(tmp_path / "clip-0.mp4", 100))
    request = asked(tmp_path / "joined.mp4", *[source] * 20, codec="mjpeg")
    running = asyncio.create_task(run(request, told=lambda _: started.set()))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "joined.mp4" not in names(tmp_path)


@pytest.mark.parametrize("at", [1, 2], ids=["before the file has its name", "before its sidecar is closed"])
async def test_a_kill_leaves_nothing_or_a_clip_that_recovery_closes(at: int, tmp_path: Path) -> None:
    """`Path.replace` is called for the open sidecar, for the clip, and for the closed sidecar."""
    source, target = make_fragmented(tmp_path / "clip-0.mp4", 50), tmp_path / "joined.mp4"
    request = asked(target, part(source), part(source))
    kill = (
        "import os, pathlib, signal, sys; from hardware import jobs\n"
        f"calls, real = [], pathlib.Path.replace\n"
        "def replace(*paths):\n"
        "    calls.append(paths)\n"
        f"    if len(calls) > {at}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(*paths)\n"
        "pathlib.Path.replace = replace\n"
        "sys.argv = ['jobs', 'edit']; jobs.main()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", kill, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        env=child_environment(),
    )  # fmt: skip
    await process.communicate(request.model_dump_json().encode())
    assert process.returncode == -9
    open_sidecar = ClipFile.model_validate_json(sidecar_path(target).read_bytes())
    assert not open_sidecar.closed
    if at == 1:
        assert not target.exists()
        assert (await asyncio.to_thread(edit, target, part(source), part(source))).clip.frames == 100
    else:
        closed = ClipFile.model_validate(await run_job("recover", path=str(target)))
        assert (closed.frames, closed.closed, closed.made) == (100, True, "joined")
