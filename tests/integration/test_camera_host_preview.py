"""Previews of a station in this process: a scripted camera, real codecs, pictures that decode."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fakes.filming import Film, stations
from fakes.recording import H264, MJPG, YUYV, Reports, check_clip, make_order
from fakes.source import FakeSource, coded_pictures

from hardware.models import Codec, Format, PreviewOrder


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


def preview(sink_id: str = "view", **changes: Any) -> PreviewOrder:
    return PreviewOrder(sink_id=sink_id, requested_mono_ns=time.monotonic_ns(), **changes)


def take(reports: Reports, count: int, sink_id: str = "view") -> list[tuple[int, bytes]]:
    taken: list[tuple[int, bytes]] = []
    while len(taken) < count:
        shown, mono_ns, jpeg = reports.pictures.get(timeout=10.0)
        if shown == sink_id:
            taken.append((mono_ns, jpeg))
    return taken


def size_of(jpeg: bytes) -> tuple[int, int]:
    """Width and height of a JPEG that shows what the scripted camera shows."""
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    height, width = decoded.shape[:2]
    assert decoded[height // 8, width // 8].mean() > 110
    assert decoded[-1 - height // 8, -1 - width // 8].mean() < 70
    return width, height


def test_a_cameras_own_jpegs_are_shown_as_they_are(film: Film, reports: Reports) -> None:
    own = [data for data, _ in coded_pictures(Codec.MJPEG, 320, 240)]
    film(FakeSource(MJPG)).start_sink(preview())
    shown = take(reports, 20)
    assert [jpeg for _, jpeg in shown] == own[:20]
    assert [b - a for (a, _), (b, _) in pairwise(shown)] == [20_000_000] * 19
    started = reports.started("view")
    assert (started.granted.codec, started.granted.encoded, started.granted.width) == (Codec.MJPEG, False, 320)


@pytest.mark.parametrize("granted", [H264, YUYV])
def test_what_is_no_jpeg_is_made_one(granted: Format, film: Film, reports: Reports) -> None:
    film(FakeSource(granted)).start_sink(preview(rate=10))
    assert [size_of(jpeg) for _, jpeg in take(reports, 3)] == [(320, 240)] * 3
    assert reports.started("view").granted.encoded


@pytest.mark.parametrize("granted", [MJPG, H264, YUYV])
def test_pictures_can_be_smaller_and_never_larger(granted: Format, film: Film, reports: Reports) -> None:
    station = film(FakeSource(granted))
    station.start_sink(preview("small", width=160))
    station.start_sink(preview("large", width=1600))
    ((_, small),) = take(reports, 1, "small")
    ((_, large),) = take(reports, 1, "large")
    assert (size_of(small), size_of(large)) == ((160, 120), (320, 240))


@pytest.mark.parametrize(("granted", "width"), [(MJPG, 0), (MJPG, 160), (H264, 0)])
def test_so_many_a_second(granted: Format, width: int, film: Film, reports: Reports) -> None:
    film(FakeSource(granted)).start_sink(preview(rate=10, width=width))
    times = [mono_ns for mono_ns, _ in take(reports, 8)]
    assert (times[-1] - times[0]) / 7e9 == pytest.approx(0.1, abs=0.01)


def test_a_stop_ends_it_and_the_camera(film: Film, reports: Reports) -> None:
    station = film(FakeSource(MJPG))
    station.start_sink(preview())
    take(reports, 2)
    station.stop_sink("view")
    ended = reports.ended("view")
    assert (ended.outcome, ended.dropped, ended.frames >= 2) == ("stopped", 0, True)
    reports.camera("closed")
    assert reports.pictures.qsize() == ended.frames - 2


def test_one_that_is_stopped_before_its_first_picture_ends_too(film: Film, reports: Reports) -> None:
    source = FakeSource(MJPG)
    source.lost = True
    station = film(source)
    station.start_sink(preview())
    station.stop_sink("view")
    assert reports.ended("view").frames == 0


@pytest.mark.parametrize("granted", [MJPG, H264])
def test_a_snapshot_is_one_picture_and_not_older_than_its_request(
    granted: Format, film: Film, reports: Reports
) -> None:
    station = film(FakeSource(granted), warm=True)
    time.sleep(0.3)
    order = preview(once=True)
    station.start_sink(order)
    ((mono_ns, jpeg),) = take(reports, 1)
    assert 0 <= mono_ns - order.requested_mono_ns < 1_000_000_000
    size_of(jpeg)
    assert reports.ended("view").frames == 1
    assert reports.pictures.empty()


def test_a_viewer_beside_a_recording_gets_what_that_films(film: Film, reports: Reports, tmp_path: Path) -> None:
    small = Format(codec=Codec.MJPEG, width=160, height=120, rate=50)
    source = FakeSource(MJPG, small)
    station = film(source)
    station.start_sink(preview())
    take(reports, 3)
    station.start_sink(make_order(tmp_path, duration_seconds=0.5, width=160, height=120))
    while size_of(take(reports, 1)[0][1]) == (320, 240):
        pass
    reports.ended("one")
    (clip,) = reports.clips("one")
    check_clip(tmp_path, clip)
    assert (clip.width, clip.height) == (160, 120)


def test_pictures_go_on_when_the_camera_comes_back(film: Film, reports: Reports) -> None:
    source = FakeSource(MJPG)
    film(source).start_sink(preview())
    take(reports, 2)
    source.lost = True
    reports.camera("unavailable")
    while not reports.pictures.empty():
        reports.pictures.get()
    source.lost = False
    size_of(take(reports, 2)[1][1])


def test_broken_jpegs_are_left_out(film: Film, reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FakeSource(MJPG)
    station = film(source)
    whole = coded_pictures(Codec.MJPEG, 320, 240, count=2)
    monkeypatch.setattr("fakes.source.coded_pictures", lambda *_, **__: [whole[0], (whole[1][0][:500], True)])
    station.start_sink(preview())
    assert {jpeg for _, jpeg in take(reports, 5)} == {whole[0][0]}
    station.stop_sink("view")
    assert reports.ended("view").dropped >= 4


@pytest.mark.parametrize("rate", [5e-324, 1e-9])
def test_a_viewer_cannot_ask_for_a_rate_that_ends_the_host(film: Film, reports: Reports, rate: float) -> None:
    station = film(FakeSource(H264))
    station.start_sink(preview())
    take(reports, 1)
    station.start_sink(preview("slow", rate=rate))
    take(reports, 1, "slow")
    take(reports, 3)
