"""Sound recordings with a recorder whose words the test chooses."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.acting import agent_camera, context_for
from fakes.clock import ManualClock
from fakes.served_store import ServedStore, until

from agent.actions import sound
from agent.actions.sound import StartSound
from agent.context import Context
from agent.media.library import MediaLibrary
from agent.media.workshop import Workshop
from agent.running import Failed, Stopped, StopReason
from agent.upstream.transport import Transport
from hardware.errors import HardwareError, JobFailed, NoMicrophone, StorageFull
from hardware.models import SoundFile
from hardware.models.jobs import SoundRecorded, SoundRequest


class Recorder:
    """Stands for the job: what it is asked, and how it ends."""

    def __init__(self) -> None:
        self.requests: list[SoundRequest] = []
        self.told: list[Callable[[dict[str, Any]], None]] = []
        self.ends: list[asyncio.Future[dict[str, Any]]] = []

    async def run(self, name: str, *, told: Any = None, stop: Any = None, **asked: Any) -> dict[str, Any]:
        if name == "recover_sound":
            return self.whole(-1, 1.5, recovered=True).model_dump(mode="json")
        self.requests.append(SoundRequest.model_validate(asked))
        self.told.append(told)
        self.ends.append(asyncio.get_running_loop().create_future())
        return await self.ends[-1]

    def begins(self) -> None:
        request = self.requests[-1]
        request.folder.mkdir(parents=True, exist_ok=True)
        (request.folder / f"{request.stem}.ogg").write_bytes(b"sound")
        self.told[-1]({"started": self.whole(-1, 0.0).model_dump(mode="json")})

    def ends_well(self, seconds: float, outcome: str) -> None:
        recorded = SoundRecorded.model_validate({"sound": self.whole(-1, seconds), "outcome": outcome})
        self.ends[-1].set_result(recorded.model_dump(mode="json"))

    def fails(self, error: HardwareError) -> None:
        self.ends[-1].set_exception(error)

    def whole(self, index: int, seconds: float, *, recovered: bool = False) -> SoundFile:
        request = self.requests[index]
        return SoundFile(
            file=f"{request.stem}.ogg",
            encoding=request.encoding,
            sample_rate=request.sample_rate,
            bitrate=request.bitrate,
            microphone="hw:1",
            first_mono_ns=1,
            start_wall_ns=1,
            clock_quality="floor",
            boot_id="b",
            closed=bool(seconds),
            recovered=recovered,
            seconds=seconds,
        )


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(sound, "run_job", recorder.run)
    return recorder


@pytest.fixture
def context(store: ServedStore, recorder: Recorder, tmp_path: Path) -> Context:
    assert isinstance(store.clock, ManualClock)
    media = MediaLibrary(tmp_path / "media", store.services.clips, store.device, store.clock, job=recorder.run)
    shop = Workshop(database=store.services.database, device_key=store.device, transport=Transport("", store.clock))
    return replace(context_for(store.clock, agent_camera(tmp_path), event_type_id=60), media=media, workshop=shop)


async def test_ten_seconds_of_opus_are_usual(context: Context, recorder: Recorder) -> None:
    recording = asyncio.create_task(StartSound().run(context, {}))
    await until(lambda: recorder.requests)
    (request,) = recorder.requests
    assert (request.duration_seconds, request.encoding, request.bitrate) == (10.0, "opus", 64_000)
    recorder.begins()
    assert context.own.begun.is_set()
    recorder.ends_well(10.0, "duration")
    assert (await recording)["seconds"] == 10.0


@pytest.mark.parametrize("error", [NoMicrophone(device="", reason="none"), StorageFull(folder="/m")])
async def test_what_the_recorder_says_is_the_outcome(
    error: HardwareError, context: Context, recorder: Recorder
) -> None:
    recording = asyncio.create_task(StartSound().run(context, {}))
    await until(lambda: recorder.requests)
    recorder.fails(error)
    with pytest.raises(Failed) as failed:
        await recording
    assert failed.value.code == error.code


async def test_a_stop_before_anything_was_heard_is_a_stop(context: Context, recorder: Recorder) -> None:
    recording = asyncio.create_task(StartSound().run(context, {}))
    await until(lambda: recorder.requests)
    context.stop.request(StopReason.STOPPED, by="event 9")
    recorder.fails(NoMicrophone(device="hw:1", reason="nothing was heard before the end"))
    with pytest.raises(Stopped) as stopped:
        await recording
    assert (stopped.value.result["audioClips"], stopped.value.result["endedBy"]) == ([], "event 9")


async def test_a_recorder_that_hears_no_stop_is_ended_and_what_it_wrote_is_kept(
    context: Context, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "ENDS_WITHIN", 0.05)
    recording = asyncio.create_task(StartSound().run(context, {"durationSeconds": 0}))
    await until(lambda: recorder.requests)
    await asyncio.to_thread(recorder.begins)
    context.stop.request(StopReason.STOPPED, by="event 9")
    with pytest.raises(Stopped) as stopped:
        await recording
    assert recorder.ends[0].cancelled()
    assert [each["seconds"] for each in stopped.value.result["audioClips"]] == [1.5]
    assert "did not end within" in stopped.value.result["notes"][0]


@pytest.mark.parametrize("told_to_end", [True, False], ids=["it was told to end", "it was killed"])
async def test_a_lost_recorder_is_followed_by_one_for_the_rest(
    told_to_end: bool, context: Context, recorder: Recorder
) -> None:
    recording = asyncio.create_task(StartSound().run(context, {"durationSeconds": 4}))
    await until(lambda: recorder.requests)
    await asyncio.to_thread(recorder.begins)
    if told_to_end:
        recorder.ends_well(1.5, "stopped")
    else:
        recorder.fails(JobFailed(job="record_sound", reason="it ended with status -9 and no answer"))
    await until(lambda: len(recorder.requests) == 2)
    assert recorder.requests[1].duration_seconds == 2.5
    assert recorder.requests[1].stem != recorder.requests[0].stem
    recorder.ends_well(2.5, "duration")
    result = await recording
    assert (result["seconds"], len(result["audioClips"])) == (4.0, 2)
    assert "it went on in another file" in result["notes"][0]


async def test_a_recorder_that_dies_before_it_hears_anything_is_an_error(context: Context, recorder: Recorder) -> None:
    recording = asyncio.create_task(StartSound().run(context, {}))
    await until(lambda: recorder.requests)
    recorder.fails(JobFailed(job="record_sound", reason="it ended with status -11 and no answer"))
    with pytest.raises(Failed, match="status -11"):
        await recording
