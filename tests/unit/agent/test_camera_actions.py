"""Photos, bars and the warm camera with a host whose words the test chooses."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.acting import agent_camera, context_for
from fakes.clock import ManualClock
from fakes.photos import take_photo
from fakes.served_store import ServedStore, until

from agent.actions.bars import StartBars
from agent.actions.frames import FASTEST, StartFrames, as_photos
from agent.actions.multiplex import StartCameraMultiplex
from agent.actions.photos import StartPhotos
from agent.cameras import AgentCamera
from agent.context import Context
from agent.errors import BadParameter
from agent.media.library import MediaLibrary
from agent.running import Stopped, StopReason
from hardware.client import SinkHandle
from hardware.errors import CameraUnavailable, HostLost
from hardware.models import CameraReport, PhotoOrder, PhotoTaken, SinkEnded


class Host:
    """Stands for the host of one camera: notes what it is told, and gives a handle for each order."""

    def __init__(self, camera: AgentCamera, monkeypatch: pytest.MonkeyPatch) -> None:
        self.orders: list[PhotoOrder] = []
        self.handles: list[SinkHandle] = []
        self.told: list[tuple[object, ...]] = []
        self.state = CameraReport(state="open")
        monkeypatch.setattr(AgentCamera, "state", property(lambda _camera: self.state))
        monkeypatch.setattr(camera.client, "ready", self._ready)
        monkeypatch.setattr(camera.client, "photograph", self._photograph)
        monkeypatch.setattr(camera.client, "test_picture", self._take)
        monkeypatch.setattr(camera.client, "keep_warm", self._take)

    async def _ready(self, _timeout: float) -> bool:
        return True

    async def _photograph(self, order: PhotoOrder) -> SinkHandle:
        self.orders.append(order)
        self.handles.append(SinkHandle(order.sink_id, lambda _message: None))
        return self.handles[-1]

    async def _take(self, *wanted: object) -> None:
        self.told.append(wanted)

    def takes(self, index: int, **photo: Any) -> None:
        """A photo of the present sink, as a file and as a report."""
        order = self.orders[-1]
        file = take_photo(Path(order.folder), index, stem=order.stem, **photo)
        self.handles[-1].take(PhotoTaken(sink_id=order.sink_id, photo=file))

    def ends(self) -> None:
        ended = SinkEnded(sink_id=self.orders[-1].sink_id, outcome="duration", seconds=0, frames=1, dropped=0)
        self.handles[-1].take(ended)

    def dies(self) -> None:
        self.handles[-1].fail(HostLost(camera="main", reason="as the test says"))


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
    return replace(context_for(store.clock, camera, event_type_id=62), media=media)


def clock_of(context: Context) -> ManualClock:
    assert isinstance(context.clock, ManualClock)
    return context.clock


async def test_a_photo_that_is_the_cameras_own_says_that_no_quality_was_applied(context: Context, host: Host) -> None:
    taking = asyncio.create_task(StartPhotos().run(context, {"quality": 40}))
    await until(lambda: host.handles)
    assert not context.own.begun.is_set()
    host.takes(0, copied=True)
    host.ends()
    result = await taking
    assert context.own.begun.is_set()
    assert result["photos"][0]["copied"] is True
    assert any("quality 40 was not applied" in note for note in result["notes"])


async def test_a_photo_is_taken_by_the_next_host_when_the_first_is_lost(context: Context, host: Host) -> None:
    taking = asyncio.create_task(StartPhotos().run(context, {}))
    await until(lambda: host.handles)
    host.dies()
    await until(lambda: len(host.handles) == 2)
    assert host.orders[1].requested_mono_ns >= host.orders[0].requested_mono_ns
    assert host.orders[0].stem != host.orders[1].stem
    host.takes(0)
    host.ends()
    result = await taking
    assert result["count"] == 1
    assert any("as the test says" in note for note in result["notes"])


async def test_a_photo_that_was_taken_before_its_host_was_lost_is_not_taken_twice(context: Context, host: Host) -> None:
    """The photo was whole and durable, its report was not heard any more."""
    taking = asyncio.create_task(StartPhotos().run(context, {}))
    await until(lambda: host.handles)
    order = host.orders[0]
    take_photo(Path(order.folder), 0, stem=order.stem)
    host.dies()
    assert (await taking)["count"] == 1
    assert len(host.orders) == 1


async def test_the_next_host_gets_what_is_left_of_the_duration(context: Context, host: Host) -> None:
    asked = {"intervalSeconds": 5.0, "durationSeconds": 60.0}
    taking = asyncio.create_task(StartPhotos().run(context, asked))
    await until(lambda: host.handles)
    host.takes(0)
    await until(context.own.begun.is_set)
    clock_of(context).advance(20)
    host.dies()
    await until(lambda: len(host.handles) == 2)
    assert [order.duration_seconds for order in host.orders] == pytest.approx([60, 40])
    clock_of(context).advance(40)
    host.dies()
    assert (await taking)["endedBy"] == "duration"


async def test_frames_are_photos_at_a_rate(context: Context, host: Host) -> None:
    asked = {"fps": 4.0, "rotationDegrees": 90, "durationSeconds": 60.0}
    taking = asyncio.create_task(StartFrames().run(context, asked))
    await until(lambda: host.handles)
    assert (host.orders[0].interval_seconds, host.orders[0].rotation_degrees) == (0.25, 90)
    host.takes(0)
    await until(context.own.begun.is_set)
    clock_of(context).advance(60)
    host.ends()
    result = await taking
    assert result["endedBy"] == "duration"
    assert asked.items() <= result["asked"].items()


async def test_frames_without_a_rate_have_the_contracts_and_none_is_faster_than_can_be(
    context: Context, host: Host
) -> None:
    assert as_photos({})["intervalSeconds"] == pytest.approx(1 / 30)
    with pytest.raises(BadParameter, match="fps"):
        await StartFrames().run(context, {"fps": FASTEST + 1})
    assert not host.orders


async def test_a_later_attempt_counts_what_earlier_ones_took(context: Context, host: Host) -> None:
    again = replace(context, event=replace(context.event, attempt_number=2))
    stem = f"120000-{context.event.uuid}-1"
    for index in range(3):
        take_photo(again.media.folder / "main" / "2026-11-23", index, stem=stem)
    asked = {"intervalSeconds": 5.0, "durationSeconds": 60.0}
    taking = asyncio.create_task(StartPhotos().run(again, asked))
    await until(lambda: host.handles)
    assert host.orders[0].duration_seconds == 45
    host.takes(0)
    host.ends()
    assert (await taking)["count"] == 4


@pytest.mark.parametrize("how", ["duration", "stop", "cancel"])
async def test_the_camera_is_back_however_the_bars_end(context: Context, host: Host, how: str) -> None:
    running = asyncio.create_task(StartBars().run(context, {"durationSeconds": 4.0} if how == "duration" else {}))
    await until(context.own.begun.is_set)
    assert host.told == [(True,)]
    match how:
        case "duration":
            for _ in range(40):
                await asyncio.sleep(0)
                clock_of(context).advance(0.25)
            assert (await running)["seconds"] == 4
        case "cancel":
            running.cancel()
            await asyncio.wait([running])
        case _:
            context.stop.request(StopReason.STOPPED, by="the test")
            with pytest.raises(Stopped):
                await running
    assert host.told == [(True,), (False,)]


async def test_a_camera_that_does_not_open_is_waited_for_and_then_given_up(context: Context, host: Host) -> None:
    host.state = CameraReport(state="unavailable", reason="no such file")
    running = asyncio.create_task(StartCameraMultiplex().run(context, {"width": 640, "height": 480}))
    while not running.done():
        await asyncio.sleep(0)
        clock_of(context).advance(1)
    with pytest.raises(CameraUnavailable, match="no such file"):
        running.result()
    assert not context.own.begun.is_set()
    assert host.told == [(True, 640, 480, 0.0), (False, 0, 0, 0.0)]


async def test_a_camera_that_opens_late_is_kept_warm(context: Context, host: Host) -> None:
    host.state = CameraReport(state="opening")
    running = asyncio.create_task(StartCameraMultiplex().run(context, {}))
    await asyncio.sleep(0.01)
    assert not context.own.begun.is_set()
    host.state = CameraReport(state="open")
    clock_of(context).advance(1)
    await until(context.own.begun.is_set)
    context.stop.request(StopReason.ENDED, by="event 9")
    with pytest.raises(Stopped) as stopped:
        await running
    assert stopped.value.result["endedBy"] == "event 9"
