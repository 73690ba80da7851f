"""Motion watched in a station: what is told, when, and that nobody else notices."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import pytest
from fakes.filming import Film, stations
from fakes.recording import H264, MJPG, Reports, check_clip, make_order
from fakes.source import FakeSource

from hardware import vision
from hardware.client import CameraClient, SinkHandle
from hardware.models import CameraSpec, Codec, Format, Observation, SinkEnded, SinkStarted, WatchOrder
from hardware.sinks import watcher
from hardware.vision import ANALYSERS, Entry, Sighting


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


@pytest.fixture(name="everywhere")
def _everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry(MappingProxyType({}), lambda _: Everywhere())
    monkeypatch.setattr(watcher, "ANALYSERS", {**ANALYSERS, "motion": entry})


def order(sink_id: str = "watch", **changes: Any) -> WatchOrder:
    values: dict[str, Any] = {"sink_id": sink_id, "analyser": "motion", "rate": 10.0, "width": 160}
    return WatchOrder(**values | changes)


class Slow:
    """An analyser that takes its time."""

    def look(self, picture: object, mono_ns: int) -> list[Sighting]:
        time.sleep(0.25)
        return [Sighting("slow", active=False, value=0.0)]


class Everywhere:
    """An analyser that sees something in every picture."""

    def look(self, picture: object, mono_ns: int) -> list[Sighting]:
        return [Sighting("motion", active=True, value=1.0, boxes=((0, 0, 1, 1),))]


class Broken:
    """An analyser whose library fails."""

    def look(self, picture: object, mono_ns: int) -> list[Sighting]:
        raise ValueError("no such layer")


class Colours:
    """An analyser that sees how a picture comes."""

    def look(self, picture: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", mono_ns: int) -> list[Sighting]:
        height, width, *depth = picture.shape
        return [Sighting("colours", active=True, value=0.0, attributes={"shape": f"{width}x{height}x{depth}"})]


@pytest.mark.parametrize("granted", [MJPG, H264])
@pytest.mark.usefixtures("everywhere")
def test_what_is_seen_is_told_when_it_begins_and_once_a_second(granted: Format, film: Film, reports: Reports) -> None:
    station = film(FakeSource(granted))
    station.start_sink(order())
    started: SinkStarted = reports.wait_for(SinkStarted)
    assert (started.granted.width, started.granted.height, started.granted.rate) == (160, 120, 10)
    first: Observation = reports.wait_for(Observation)
    assert first.active
    assert first.boxes
    shown = cv2.imdecode(np.frombuffer(first.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (240, 320, 3), "the picture that was looked at, as the camera gave it"
    second: Observation = reports.wait_for(Observation)
    assert second.jpeg == b"", "it only goes on"
    assert 1.0 <= (second.mono_ns - first.mono_ns) / 1e9 < 1.5
    station.stop_sink("watch")
    ended = reports.ended("watch")
    assert ended.outcome == "stopped"
    assert ended.frames == pytest.approx(ended.seconds * 10, abs=3)
    reports.camera("closed")


def test_a_slow_analyser_sees_the_newest_and_nobody_waits_for_it(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Entry(MappingProxyType({}), lambda _: Slow())
    monkeypatch.setattr(watcher, "ANALYSERS", {**ANALYSERS, "motion": entry})
    station = film(FakeSource(MJPG))
    station.start_sink(order(rate=50.0))
    station.start_sink(make_order(tmp_path, duration_seconds=1.0))
    reports.started("one")
    ended = reports.ended("one")
    assert (ended.outcome, ended.dropped, ended.frames) == ("duration", 0, 50)
    check_clip(tmp_path, reports.clips()[0])
    station.stop_sink("watch")
    watched = reports.ended("watch")
    assert 2 <= watched.frames <= 8
    assert watched.dropped > 20


@pytest.mark.parametrize("granted", [MJPG, H264])
def test_an_analyser_gets_the_kind_and_size_of_pictures_that_it_asks_for(
    granted: Format, film: Film, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Entry(MappingProxyType({}), lambda _: Colours(), width=200, rate=20.0, colour=True)
    for table in (watcher, vision):
        monkeypatch.setattr(table, "ANALYSERS", {**ANALYSERS, "motion": entry})
    film(FakeSource(granted)).start_sink(WatchOrder(sink_id="watch", analyser="motion"))
    started: SinkStarted = reports.wait_for(SinkStarted)
    assert (started.granted.width, started.granted.rate) == (200, 20.0)
    seen: Observation = reports.wait_for(Observation)
    assert seen.attributes == {"shape": "200x150x[3]"}


def test_an_analyser_that_fails_ends_its_watch_and_nothing_else(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Entry(MappingProxyType({}), lambda _: Broken())
    monkeypatch.setattr(watcher, "ANALYSERS", {**ANALYSERS, "motion": entry})
    station = film(FakeSource(MJPG))
    station.start_sink(make_order(tmp_path, duration_seconds=1.0))
    station.start_sink(order())
    watched = reports.ended("watch")
    assert (watched.outcome, watched.error) == ("failed", "analyser_failed")
    assert watched.message == "analyser 'motion' failed: ValueError"
    assert reports.ended("one").outcome == "duration"


@pytest.mark.usefixtures("everywhere")
def test_it_goes_on_when_the_camera_comes_back_otherwise(film: Film, reports: Reports) -> None:
    source = FakeSource(H264, Format(codec=Codec.MJPEG, width=640, height=480, rate=50))
    station = film(source)
    station.start_sink(order())
    reports.wait_for(Observation, active=True)
    source.lost = True
    reports.camera("unavailable")
    source.lost = False
    reports.camera("open")
    reports.wait_for(Observation, active=True)
    station.stop_sink("watch")
    assert reports.ended("watch").outcome == "stopped"


def test_it_waits_for_a_camera_that_is_away_and_can_be_stopped(film: Film, reports: Reports) -> None:
    source = FakeSource(MJPG)
    source.lost = True
    station = film(source)
    station.start_sink(order())
    reports.camera("unavailable")
    station.stop_sink("watch")
    ended = reports.ended("watch")
    assert (ended.outcome, ended.frames, ended.seconds) == ("stopped", 0, 0)


def test_unknown_options_are_refused(film: Film, reports: Reports) -> None:
    film(FakeSource(MJPG)).start_sink(order(options={"sense": 1.0}))
    refusal = reports.refused()
    assert refusal.code == "sink_refused"
    assert "no option 'sense'" in refusal.message


async def test_what_is_seen_reaches_the_agent(tmp_path: Path) -> None:
    """A host process of its own, and the bundled footage of a street."""
    spec = CameraSpec(camera_id="street", name="Street", backend="file")
    client = CameraClient(spec, tmp_path)
    await client.start()
    try:
        handle: SinkHandle = await client.watch(order(rate=5.0, options={"minimum_seconds": 0.0}))
        seen: list[Observation] = []
        async for report in handle:
            if isinstance(report, Observation):
                seen.append(report)
                await handle.stop("seen")
            elif isinstance(report, SinkEnded):
                assert report.outcome == "stopped"
        assert seen[0].kind == "motion"
        assert seen[0].active
        assert seen[0].jpeg.startswith(b"\xff\xd8"), "its picture comes with it"
    finally:
        await client.stop()
