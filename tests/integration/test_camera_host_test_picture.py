"""The test picture in the camera's place: in a station with a scripted camera, and over the end of a host process."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from fakes.filming import Film, stations
from fakes.hosts import file_camera
from fakes.recording import H264, MJPG, Reports, check_clip, check_photo, make_order, make_photo_order
from fakes.source import FakeSource

from hardware.client import CameraClient, HostTiming
from hardware.models import CameraReport, CameraSpec, Codec, Format
from hardware.pipeline.capture import STAND_IN
from hardware.pipeline.plan import Ask
from hardware.sources.null import NullSource
from hardware.sources.picture import read_frame_number


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


def opened_as(reports: Reports, backend: str) -> CameraReport:
    """The next report of an open camera, which is of that backend."""
    report = reports.camera("open")
    assert report.info is not None
    assert report.info.backend == backend
    return report


def number_in(frame: av.VideoFrame) -> int | None:
    """The number that the test picture carries; None for any other picture."""
    return read_frame_number(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))


@pytest.mark.parametrize("granted", [H264, MJPG])
def test_a_recording_goes_on_in_a_new_segment_each_way(
    granted: Format, film: Film, reports: Reports, tmp_path: Path
) -> None:
    source = FakeSource(granted)
    station = film(source)
    station.start_sink(make_order(tmp_path))
    opened_as(reports, "null")
    time.sleep(0.2)
    station.test_picture(True)
    opened_as(reports, "bars")
    time.sleep(0.4)
    station.test_picture(False)
    opened_as(reports, "null")
    time.sleep(0.2)
    station.stop_sink("one")
    ended = reports.ended()
    clips = reports.clips()
    assert [clip.note for clip in clips] == ["", STAND_IN, ""]
    assert [clip.width for clip in clips] == [320, 1280, 320]
    assert [clip.codec for clip in clips] == [Codec.H264] * 3
    assert STAND_IN in ended.notes
    assert source.notes == [("one/1/0", "start"), ("one/1/0", "end")]
    before, bars, after = (check_clip(tmp_path, clip) for clip in clips)
    numbers = [number_in(frame) for frame in bars]
    assert None not in numbers
    assert all(following == number + 1 for number, following in pairwise(n for n in numbers if n is not None))
    for frame in (*before, *after):
        assert number_in(frame) is None


def test_a_photo_of_the_test_picture_says_so(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(H264), warm=True)
    station.test_picture(True)
    opened_as(reports, "bars")
    station.start_sink(make_photo_order(tmp_path))
    photo = reports.photo()
    assert read_frame_number(check_photo(tmp_path, photo)) is not None
    assert photo.note == STAND_IN
    assert reports.ended("photo").notes == (STAND_IN,)


def test_bars_come_at_once_while_the_camera_is_away_and_yield_to_it_again(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    source = FakeSource(H264)
    source.lost = True
    station = film(source)
    station.start_sink(make_order(tmp_path))
    for _ in range(2):
        reports.camera("unavailable")  # by now its next try is a second away
    asked = time.monotonic()
    station.test_picture(True)
    opened_as(reports, "bars")
    assert time.monotonic() - asked < 0.8
    time.sleep(0.2)
    source.lost = False
    assert source.opened == []
    station.test_picture(False)
    opened_as(reports, "null")
    station.stop_sink("one")
    reports.ended()
    assert [clip.note for clip in reports.clips()] == [STAND_IN, ""]


def test_a_device_without_a_camera_shows_bars(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(NullSource(CameraSpec(camera_id="fake", name="Fake", backend="null")))
    station.test_picture(True)
    station.start_sink(make_order(tmp_path, duration_seconds=0.2))
    reports.ended()
    (clip,) = reports.clips()
    assert clip.note == STAND_IN
    check_clip(tmp_path, clip)


def test_a_preferred_format_of_the_camera_does_not_bind_the_bars(film: Film, reports: Reports) -> None:
    prefer = Format(codec=Codec.MJPEG, width=2592, height=1944, rate=5)
    station = film(FakeSource(prefer), prefer=prefer.model_dump())
    station.test_picture(True)
    station.keep_warm(Ask())
    report = opened_as(reports, "bars")
    assert report.format is not None
    assert (report.format.width, report.format.height) == (1280, 720)


def test_switching_while_nobody_looks_opens_nothing(film: Film, reports: Reports) -> None:
    source = FakeSource(H264)
    station = film(source)
    for on in (True, False, True, False):
        station.test_picture(on)
    station.keep_warm(Ask())
    opened_as(reports, "null")
    assert len(source.opened) == 1


async def test_bars_stay_over_the_end_of_the_host(tmp_path: Path) -> None:
    seen: asyncio.Queue[CameraReport] = asyncio.Queue()

    async def backend_of_next_open() -> str:
        async with asyncio.timeout(20):
            while (report := await seen.get()).state != "open":
                pass
        assert report.info is not None
        return report.info.backend

    client = CameraClient(
        file_camera(tmp_path), tmp_path, on_camera=seen.put_nowait, timing=HostTiming(ready=20.0, first_delay=0.05)
    )
    await client.start()
    try:
        await client.keep_warm(True)
        await client.test_picture(True)
        assert await backend_of_next_open() == "bars"
        assert client.pid is not None
        os.kill(client.pid, signal.SIGKILL)
        assert await backend_of_next_open() == "bars"
        await client.test_picture(False)
        assert await backend_of_next_open() == "file"
    finally:
        await client.stop()
