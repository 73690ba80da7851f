"""A recording with a host whose words the test chooses: full disks, cameras that fail, what the result tells."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.acting import agent_camera, context_for
from fakes.clock import ManualClock
from fakes.served_store import ServedStore, until

from agent.actions.recording import StartRecording
from agent.cameras import AgentCamera
from agent.context import Context
from agent.media.library import MediaLibrary
from agent.running import Failed, Result, Stopped, StopReason
from hardware.client import SinkHandle
from hardware.errors import HostLost, StorageFull
from hardware.models import (
    CameraReport,
    CameraState,
    ClipFile,
    Codec,
    Granted,
    RecordingOrder,
    SegmentClosed,
    SinkEnded,
    SinkStarted,
    StopSink,
)

GRANTED = Granted(codec=Codec.H264, width=320, height=240, rate=10, encoded=False, notes=("granted otherwise",))


class Host:
    """Stands for the host of one camera: notes what it is told, and gives a handle for each order."""

    def __init__(self, camera: AgentCamera, monkeypatch: pytest.MonkeyPatch) -> None:
        self.orders: list[RecordingOrder] = []
        self.handles: list[SinkHandle] = []
        self.stops: list[StopSink] = []
        self.state = CameraReport(state="open")
        self._camera = camera
        monkeypatch.setattr(AgentCamera, "state", property(lambda _camera: self.state))
        monkeypatch.setattr(camera.client, "ready", self._ready)
        monkeypatch.setattr(camera.client, "record", self._record)

    def says(self, state: CameraState, reason: str = "") -> None:
        """Of its camera."""
        self.state = CameraReport(state=state, reason=reason)
        self._camera.changed.set()

    async def _ready(self, _timeout: float) -> bool:
        return True

    async def _record(self, order: RecordingOrder) -> SinkHandle:
        self.orders.append(order)
        self.handles.append(SinkHandle(order.sink_id, self.stops.append))  # type: ignore[arg-type]
        return self.handles[-1]

    def starts(self, **granted: Any) -> None:
        order = self.orders[-1]
        told = GRANTED.model_copy(update=granted)
        self.handles[-1].take(SinkStarted(sink_id=order.sink_id, first_mono_ns=order.requested_mono_ns, granted=told))

    def closes(self, seconds: float, *, after: float = 0.0, wall_step: float = 0.0, **clip: Any) -> None:
        """A segment of that length that begins `after` the request (s): a file, its sidecar and the report.

        `wall_step`: by how much (s) the clock was set since the order.
        """
        order = self.orders[-1]
        first_ns = order.requested_mono_ns + round(after * 1e9)
        file = Path(order.folder) / f"{order.stem}-{len(self.handles)}{after:g}.mp4"
        closed = ClipFile(
            file=file.name, index=0, codec=Codec.H264, width=320, height=240, rate=10, encoded=False, closed=True,
            first_mono_ns=first_ns, start_wall_ns=first_ns + order.wall_offset_ns + round(wall_step * 1e9),
            clock_quality="synchronised", boot_id="b", seconds=seconds,
            frames=round(seconds * 10), size=4, sha256="00", context=order.context, **clip,
        )  # fmt: skip
        file.write_bytes(b"clip")
        file.with_name(f"{file.name}.json").write_text(closed.model_dump_json())
        self.handles[-1].take(SegmentClosed(sink_id=order.sink_id, clip=closed))

    def ends(self, outcome: str = "duration", **more: Any) -> None:
        values = {"seconds": 0, "frames": 0, "dropped": 0, **more}
        self.handles[-1].take(SinkEnded(sink_id=self.orders[-1].sink_id, outcome=outcome, **values))

    def is_out_of_space(self) -> None:
        self.ends("failed", error=StorageFull.code, message="no space left for media")


@pytest.fixture
def camera(tmp_path: Path) -> AgentCamera:
    return agent_camera(tmp_path, wait_seconds=30)


@pytest.fixture
def host(camera: AgentCamera, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(camera, monkeypatch)


@pytest.fixture
def context(store: ServedStore, camera: AgentCamera, tmp_path: Path) -> Context:
    assert isinstance(store.clock, ManualClock)
    media = MediaLibrary(tmp_path / "media", store.services.clips, store.device, store.clock)
    media.folder.mkdir()
    return replace(context_for(store.clock, camera, event_type_id=1), media=media)


def clock_of(context: Context) -> ManualClock:
    assert isinstance(context.clock, ManualClock)
    return context.clock


def start(context: Context, **parameters: Any) -> "asyncio.Task[Result]":
    return asyncio.create_task(StartRecording().run(context, parameters))


async def test_the_result_tells_what_was_achieved_and_each_note_once(context: Context, host: Host) -> None:
    recording = start(context, durationSeconds=4.0, preRollSeconds=2.0, container="ts", audio=1)
    await until(lambda: host.handles)
    host.starts(pre_roll_seconds=2.25)
    host.closes(6.25, after=-2.25, pre_roll_seconds=2.25, audio=True)
    host.ends(notes=("granted otherwise", "recorded without sound from 12:00:00 UTC: it is gone"))
    result = await recording
    assert (result["container"], result["preRollSeconds"], result["audio"]) == ("ts", 2.25, True)
    assert result["notes"] == ["granted otherwise", "recorded without sound from 12:00:00 UTC: it is gone"]
    assert result["granted"]["encoder"] == ""
    assert "pre_roll_seconds" not in result["granted"]
    assert result["seconds"] == 6.25


async def test_a_full_disk_is_waited_for_and_the_rest_is_filmed_then(context: Context, host: Host) -> None:
    recording = start(context, durationSeconds=10.0)
    await until(lambda: host.handles)
    host.starts()
    host.closes(4.0)
    clock_of(context).advance(4)
    host.is_out_of_space()
    await until(context.media.room.wanted.is_set)
    assert not recording.done()
    for _ in range(20):
        clock_of(context).advance(1)
        await asyncio.sleep(0.01)
    await until(lambda: len(host.handles) == 2)
    assert [order.duration_seconds for order in host.orders] == [10, 6]
    host.starts()
    host.closes(6.0)
    host.ends()
    result = await recording
    assert any(note.startswith("no space from ") for note in result["notes"])
    assert any(note.startswith("no picture from ") for note in result["notes"])
    assert len(result["clips"]) == 2


async def test_a_folder_that_cannot_be_made_for_want_of_space_is_waited_for(
    context: Context, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def full(*_arguments: object) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError(28, os.strerror(28))

    monkeypatch.setattr("agent.media.library.make_folder_durably", full)
    recording = start(context, durationSeconds=1.0)
    await until(context.media.room.wanted.is_set)
    for _ in range(20):
        clock_of(context).advance(1)
        await asyncio.sleep(0.01)
    await until(lambda: host.handles)
    host.ends()
    assert any(note.startswith("no space from ") for note in (await recording)["notes"])


async def test_a_stop_ends_the_wait_for_room(context: Context, host: Host) -> None:
    recording = start(context, durationSeconds=10.0)
    await until(lambda: host.handles)
    host.starts()
    host.closes(4.0)
    host.is_out_of_space()
    await until(context.media.room.wanted.is_set)
    context.stop.request(StopReason.STOPPED, by="event 9")
    with pytest.raises(Stopped) as stopped:
        await recording
    assert len(stopped.value.result["clips"]) == 1
    assert len(host.orders) == 1


async def test_another_failure_of_storage_ends_it(context: Context, host: Host) -> None:
    recording = start(context)
    await until(lambda: host.handles)
    host.ends("failed", error="storage_failed", message="writing failed")
    with pytest.raises(Failed, match="writing failed"):
        await recording


async def test_a_stop_is_passed_on_with_its_post_roll_and_an_end_without(context: Context, host: Host) -> None:
    recording = start(context, postRollSeconds=20.0)
    await until(lambda: host.handles)
    context.stop.request(StopReason.STOPPED, by="event 9")
    await until(lambda: host.stops)
    assert host.stops[0].after_seconds == 20
    context.stop.request(StopReason.STOPPED, by="event 10")
    await asyncio.sleep(0.01)
    assert len(host.stops) == 1
    context.stop.request(StopReason.SHUTDOWN, by="the agent stops")
    await until(lambda: len(host.stops) == 2)
    assert host.stops[1].after_seconds == 0
    host.ends("stopped")
    with pytest.raises(Stopped) as stopped:
        await recording
    assert (stopped.value.reason, stopped.value.result["endedBy"]) == (StopReason.STOPPED, "event 9")


async def test_an_end_has_no_post_roll(context: Context, host: Host) -> None:
    recording = start(context, postRollSeconds=20.0)
    await until(lambda: host.handles)
    context.stop.request(StopReason.ENDED, by="event 9")
    await until(lambda: host.stops)
    assert host.stops[0].after_seconds == 0
    host.ends("stopped")
    with pytest.raises(Stopped):
        await recording


async def test_the_times_without_pictures_are_told_with_what_the_camera_said(context: Context, host: Host) -> None:
    recording = start(context, durationSeconds=20.0)
    await until(lambda: host.handles)
    host.starts()
    clock_of(context).advance(4)
    host.says("stalled", "camera 'main' delivered no frame for 2 s")
    await asyncio.sleep(0.01)
    clock_of(context).advance(1)
    await asyncio.sleep(0.01)
    host.closes(3.5)
    host.closes(10.0, after=6.0)
    host.ends()
    (note,) = [note for note in (await recording)["notes"] if note.startswith("no picture")]
    assert note.endswith("for 2.5 s: camera 'main' delivered no frame for 2 s")


async def test_what_a_lost_host_filmed_before_the_request_is_not_taken_for_its_duration(
    context: Context, host: Host
) -> None:
    recording = start(context, durationSeconds=10.0, preRollSeconds=2.0)
    await until(lambda: host.handles)
    host.starts(pre_roll_seconds=2.0)
    host.closes(6.0, after=-2.0, pre_roll_seconds=2.0)
    host.handles[-1].fail(HostLost(camera="main", reason="as the test says"))
    await until(lambda: len(host.handles) == 2)
    assert host.orders[1].duration_seconds == pytest.approx(6)
    assert host.orders[1].pre_roll_seconds == 0
    host.closes(6.0)
    host.ends()
    assert (await recording)["preRollSeconds"] == 2


@pytest.mark.parametrize("duration", [0.0, 100.0])
async def test_a_camera_that_filmed_is_waited_for_in_a_new_host_too(
    context: Context, camera: AgentCamera, host: Host, monkeypatch: pytest.MonkeyPatch, duration: float
) -> None:
    """The recovery ladder replaces the host; that must not end what it is to save."""
    recording = start(context, durationSeconds=duration)
    await until(lambda: host.handles)
    host.starts()
    host.closes(6.0)
    tries = 0

    async def ready(_timeout: float) -> bool:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        return tries > 5

    monkeypatch.setattr(camera, "settings", camera.settings.model_copy(update={"wait_seconds": 0.0}))
    monkeypatch.setattr(camera.client, "ready", ready)
    host.says("unavailable", "it does not answer")
    host.handles[-1].fail(HostLost(camera="main", reason="as the test says"))
    await until(lambda: len(host.handles) == 2)
    for _ in range(60):
        clock_of(context).advance(1)
        await asyncio.sleep(0.002)
    assert host.stops == []
    host.says("open")
    host.starts()
    host.closes(4.0, after=70.0)
    host.ends()
    assert len((await recording)["clips"]) == 2


async def test_a_camera_that_never_filmed_is_given_up(context: Context, host: Host) -> None:
    host.says("unavailable", "it does not answer")
    recording = start(context, durationSeconds=10.0)
    await until(lambda: host.handles)
    for _ in range(60):
        clock_of(context).advance(1)
        await asyncio.sleep(0.002)
    await until(lambda: host.stops)
    host.ends("stopped")
    with pytest.raises(Failed, match="it does not answer"):
        await recording


async def test_a_ring_that_is_too_short_is_told(context: Context, host: Host) -> None:
    recording = start(context, durationSeconds=1.0, preRollSeconds=30.0)
    await until(lambda: host.handles)
    host.ends()
    assert "pre-roll: ring_seconds of camera 'Main' is 2, 30 s asked" in (await recording)["notes"]


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_a_clock_that_steps_makes_no_time_without_pictures(context: Context, host: Host, step: float) -> None:
    """Neither between two segments of a sink nor where a lost host is followed by a new one."""
    clock = clock_of(context)
    context = replace(context, event=replace(context.event, boot_id="b"))
    recording = start(context, durationSeconds=20.0)
    await until(lambda: host.handles)
    host.starts()
    host.closes(5.0)
    clock.wall += step
    host.closes(5.0, after=5.0, wall_step=step)
    clock.advance(12)
    host.handles[-1].fail(HostLost(camera="main", reason="as the test says"))
    await until(lambda: len(host.handles) == 2)
    host.closes(10.0)
    host.ends()
    notes = [note for note in (await recording)["notes"] if note.startswith("no picture")]
    assert len(notes) == 1
    assert " for 2.5 s" in notes[0], "what was missing before the new host is still told"
