"""People counted in a station: what its pictures come to, and what becomes of a wrong network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.filming import Film, stations
from fakes.recording import H264, MJPG, Reports
from fakes.source import FakeSource

from hardware.models import Format, Observation, SinkStarted, WatchOrder


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


@pytest.mark.parametrize("granted", [MJPG, H264])
def test_an_empty_place_is_told(granted: Format, film: Film, reports: Reports) -> None:
    station = film(FakeSource(granted))
    options = {"rule": "fewer_than", "count": 1, "hold_seconds": 0.0}
    station.start_sink(WatchOrder(sink_id="watch", analyser="person_counting", options=options))
    started: SinkStarted = reports.wait_for(SinkStarted)
    assert started.granted.rate == 10
    seen: Observation = reports.wait_for(Observation)
    assert (seen.kind, seen.active, seen.value, seen.boxes) == ("person_counting", True, 0, ())
    assert seen.attributes == {"count": 0}
    assert seen.jpeg.startswith(b"\xff\xd8")
    station.stop_sink("watch")
    assert reports.ended("watch").outcome == "stopped"


def test_a_wrong_network_ends_the_watch_with_the_reason(film: Film, reports: Reports, tmp_path: Path) -> None:
    path = tmp_path / "people.onnx"
    path.write_text("no network")
    station = film(FakeSource(MJPG))
    station.start_sink(
        WatchOrder(
            sink_id="watch",
            analyser="person_counting",
            options={"detector": "onnx", "model": "people"},
            model_files=(str(path),),
        )
    )
    ended = reports.ended("watch")
    assert (ended.outcome, ended.error) == ("failed", "model_refused")
    assert ended.message == "network 'people.onnx' cannot be used: it is no ONNX file"
