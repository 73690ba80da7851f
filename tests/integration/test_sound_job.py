"""The job `record_sound`, with ALSA's own plugins as a microphone."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import av
import pytest
from fakes.alsa import DEVICE, alsa_configuration, tone
from fakes.hosts import small_file_system
from fakes.microphone import sound_seconds
from fakes.served_store import until

from hardware.audio.finding import first_microphone
from hardware.audio.formats import SOUND_FORMATS
from hardware.errors import JobFailed, NoMicrophone, StorageFull
from hardware.jobrun import run_job
from hardware.models import SoundFile
from hardware.models.jobs import SoundRecorded, SoundRequest
from hardware.sinks.segment import sidecar_path


@pytest.fixture
def microphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "alsa"
    folder.mkdir()
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(alsa_configuration(folder, tone(0, 48_000) * 10)))
    return DEVICE


def asked(folder: Path, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "stem": "120000-e-1", "microphone": DEVICE, "wall_offset_ns": 10**18, "clock_quality": "synchronised",
        "context": {"event_uuid": "e"},
    }  # fmt: skip
    return SoundRequest(folder=folder, **{**values, **more}).model_dump(mode="json")


def sidecar(path: Path) -> SoundFile:
    return SoundFile.model_validate_json(sidecar_path(path).read_bytes())


@pytest.mark.parametrize(
    ("encoding", "codec", "rate"), [("opus", "opus", 48_000), ("aac", "aac", 16_000), ("flac", "flac", 24_000)]
)
async def test_sound_is_recorded_for_its_time(
    encoding: str, codec: str, rate: int, microphone: str, tmp_path: Path
) -> None:
    told: list[dict[str, Any]] = []
    request = asked(tmp_path, encoding=encoding, sample_rate=rate, duration_seconds=0.8)
    recorded = SoundRecorded.model_validate(await run_job("record_sound", told=told.append, stop=never(), **request))
    path = tmp_path / recorded.sound.file
    assert (recorded.outcome, recorded.notes, recorded.error) == ("duration", [], "")
    assert recorded.sound == sidecar(path)
    assert (recorded.sound.seconds, recorded.sound.size) == (0.8, path.stat().st_size)
    assert sound_seconds_of(path) == pytest.approx(0.8, abs=0.15)
    with av.open(str(path)) as media:
        stream = media.streams.audio[0].codec_context
        assert (stream.name, stream.sample_rate) == (codec, 48_000 if codec == "opus" else rate)
    assert recorded.sound.start_wall_ns == recorded.sound.first_mono_ns + 10**18
    opened = SoundFile.model_validate(told[0]["started"])
    assert (opened.closed, opened.file, opened.microphone) == (False, path.name, DEVICE)
    seconds = [news["seconds"] for news in told[1:]]
    assert seconds == sorted(seconds) != []


def sound_seconds_of(path: Path) -> float:
    with av.open(str(path)) as media:
        return sum(frame.samples / frame.sample_rate for frame in media.decode(audio=0))


async def test_the_end_of_its_input_ends_a_recording_without_a_duration(microphone: str, tmp_path: Path) -> None:
    stop = never()
    seconds: list[float] = []

    def hear(news: dict[str, Any]) -> None:
        seconds.append(news.get("seconds", 0.0))
        if seconds[-1] > 0.5 and not stop.done():
            stop.set_result(None)

    recorded = SoundRecorded.model_validate(await run_job("record_sound", told=hear, stop=stop, **asked(tmp_path)))
    assert recorded.outcome == "stopped"
    assert 0.5 <= recorded.sound.seconds < 2.0
    assert sound_seconds(tmp_path / recorded.sound.file) == pytest.approx(recorded.sound.seconds, abs=0.05)


@pytest.mark.parametrize("encoding", ["opus", "aac"])
async def test_a_kill_costs_the_open_second(encoding: str, microphone: str, tmp_path: Path) -> None:
    seconds: list[float] = [0.0]
    request = asked(tmp_path, encoding=encoding)
    running = asyncio.create_task(
        run_job("record_sound", told=lambda news: seconds.append(news.get("seconds", 0.0)), stop=never(), **request)
    )
    await until(lambda: seconds[-1] > 1.7)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    path = tmp_path / f"120000-e-1{SOUND_FORMATS[encoding].suffix}"
    assert not sidecar(path).closed
    with path.open("ab") as file:
        file.write(path.read_bytes()[-700:-200])  # as a torn page or fragment looks
    sound = SoundFile.model_validate(await run_job("recover_sound", path=str(path)))
    assert (sound.closed, sound.recovered, sound.size) == (True, True, path.stat().st_size)
    assert seconds[-1] - 1.0 <= sound.seconds <= seconds[-1] + 0.5
    assert sound_seconds_of(path) == pytest.approx(sound.seconds, abs=0.1)
    assert SoundFile.model_validate(await run_job("recover_sound", path=str(path))) == sound


def never() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


async def test_who_still_records_is_waited_for(microphone: str, tmp_path: Path) -> None:
    """An agent that was killed leaves its recorder, which closes the file by itself."""
    begun, stop = asyncio.Event(), never()
    running = asyncio.create_task(run_job("record_sound", told=lambda _: begun.set(), stop=stop, **asked(tmp_path)))
    await begun.wait()
    recovering = asyncio.create_task(run_job("recover_sound", path=str(tmp_path / "120000-e-1.ogg")))
    await asyncio.sleep(0.7)
    assert not recovering.done()
    stop.set_result(None)
    recorded = SoundRecorded.model_validate(await running)
    assert SoundFile.model_validate(await recovering) == recorded.sound
    assert not recorded.sound.recovered


async def test_sigterm_is_a_stop(microphone: str, tmp_path: Path) -> None:
    """What the kernel sends when whoever started the job is gone."""
    begun = asyncio.Event()
    running = asyncio.create_task(run_job("record_sound", told=lambda _: begun.set(), stop=never(), **asked(tmp_path)))
    await begun.wait()
    for pid in children():
        os.kill(pid, signal.SIGTERM)
    assert (await running)["outcome"] == "stopped"


def children() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [pid for pid in map(int, text.split()) if b"record_sound" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_without_a_microphone_there_is_an_error_and_no_file(microphone: str, tmp_path: Path) -> None:
    with pytest.raises(NoMicrophone, match="'gone'"):
        await run_job("record_sound", stop=never(), **asked(tmp_path, microphone="gone"))
    assert os.listdir(tmp_path) == ["alsa"]  # noqa: PTH208


async def test_a_full_disk_is_told(microphone: str, tmp_path: Path) -> None:
    with small_file_system(tmp_path, "24k") as small, pytest.raises(StorageFull):
        await run_job("record_sound", stop=never(), **asked(small, encoding="flac"))


async def test_what_is_no_sound_of_ours_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "song.ogg"
    path.write_bytes(b"OggS of somebody else")
    with pytest.raises(JobFailed, match="no usable sidecar"):
        await run_job("recover_sound", path=str(path))
    assert path.read_bytes() == b"OggS of somebody else"


def test_the_first_device_that_captures_is_taken(tmp_path: Path) -> None:
    devices = tmp_path / "pcm"
    devices.write_text("00-03: HDMI 0 : HDMI 0 : playback 1\n01-00: USB Audio : USB Audio : playback 1 : capture 1\n")
    assert first_microphone(devices) == "plughw:1,0"
    devices.write_text("00-03: HDMI 0 : HDMI 0 : playback 1\n")
    with pytest.raises(NoMicrophone, match="no sound card of this machine captures"):
        first_microphone(devices)
    with pytest.raises(NoMicrophone, match="no sound cards"):
        first_microphone(tmp_path / "none")
