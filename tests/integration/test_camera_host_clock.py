"""The wall clock is set while a camera host films: what begins later is dated anew, what there is keeps its dates."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from fakes.filming import Film, stations
from fakes.hosts import file_camera
from fakes.recording import H264, MJPG, Reports, check_clip, check_photo, make_order, make_photo_order
from fakes.source import FakeSource

from hardware.client import CameraClient, HostTiming
from hardware.models import ClipFile, PhotoOrder, RecordingOrder, SegmentClosed, SetClock, SinkStarted

NS = 1_000_000_000
STEP_NS = 3600 * NS
FAST = HostTiming(ready=20.0, ping_every=0.2, first_delay=0.05, longest_delay=0.2)


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


def stepped(order: RecordingOrder | PhotoOrder, by_ns: int = STEP_NS) -> SetClock:
    """The clock of the order, set by that much."""
    offset_ns = order.wall_offset_ns + by_ns
    return SetClock(wall_offset_ns=offset_ns, clock_quality="upstream", mono_ns=time.monotonic_ns())


def await_segment(folder: Path) -> None:
    """Until the first segment is open."""
    deadline = time.monotonic() + 10
    while not (folder / "one-0.mp4.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def dates(clips: list[ClipFile]) -> list[tuple[int, str]]:
    return [(clip.start_wall_ns - clip.first_mono_ns, clip.clock_quality) for clip in clips]


@pytest.mark.parametrize("by_ns", [STEP_NS, -STEP_NS])
def test_the_open_segment_keeps_its_date_and_the_next_has_the_new_one(
    film: Film, reports: Reports, tmp_path: Path, by_ns: int
) -> None:
    station = film(FakeSource(H264))
    order = make_order(tmp_path, duration_seconds=1.2, segment_seconds=0.35, clock_quality="floor")
    station.start_sink(order)
    await_segment(tmp_path)
    told = stepped(order, by_ns)
    station.set_clock(told)
    ended = reports.ended()
    clips = reports.clips()
    old, new = (order.wall_offset_ns, "floor"), (told.wall_offset_ns, "upstream")
    kept = dates(clips).count(old)
    assert 1 <= kept < len(clips)
    assert dates(clips) == [old] * kept + [new] * (len(clips) - kept)
    for clip in clips:
        times = [frame.time or 0.0 for frame in check_clip(tmp_path, clip)]
        assert all(0 < following - one < 0.1 for one, following in pairwise(times)), "nothing changes inside a segment"
    assert ended.frames == sum(clip.frames for clip in clips) == 60
    for clip, following in pairwise(clips):
        assert following.first_mono_ns == pytest.approx(clip.first_mono_ns + clip.seconds * NS, abs=20_000)
    assert ended.notes == ()


def test_segments_by_the_clock_follow_it(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(H264))
    at_a_full_second = 1_800_000_000 * NS - time.monotonic_ns()
    order = make_order(tmp_path, segment_seconds=1.0, aligned=True, wall_offset_ns=at_a_full_second)
    station.start_sink(order)
    await_segment(tmp_path)
    told = stepped(order, STEP_NS + NS // 2)
    station.set_clock(told)
    for _ in range(2):
        reports.wait_for(SegmentClosed)
    station.stop_sink("one")
    reports.ended()
    first, second, third = reports.clips()[:3]
    assert dates([first, second]) == [
        (order.wall_offset_ns, "synchronised"),
        (told.wall_offset_ns, "upstream"),
    ]
    group_ns = NS // 5
    assert second.seconds == pytest.approx(0.5, abs=0.25), "from a full second of the old clock to one of the new"
    assert third.start_wall_ns % NS <= group_ns


def test_a_clock_from_before_the_order_does_not_count(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(H264))
    station.set_clock(stepped(make_order(tmp_path)))
    order = make_order(tmp_path, duration_seconds=0.2)
    station.start_sink(order)
    reports.ended()
    assert dates(reports.clips()) == [(order.wall_offset_ns, "synchronised")]


def test_photos_are_dated_by_the_newest_clock(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(MJPG))
    order = make_photo_order(tmp_path, interval_seconds=0.5)
    station.start_sink(order)
    first = reports.photo()
    told = stepped(order)
    station.set_clock(told)
    second = reports.photo()
    station.stop_sink("photo")
    assert (first.taken_wall_ns - first.mono_ns, first.clock_quality) == (order.wall_offset_ns, "synchronised")
    assert (second.taken_wall_ns - second.mono_ns, second.clock_quality) == (told.wall_offset_ns, "upstream")
    for photo in (first, second):
        check_photo(tmp_path, photo)


async def test_a_host_that_starts_later_is_told_the_clock(tmp_path: Path) -> None:
    client = CameraClient(file_camera(tmp_path), tmp_path, timing=FAST)
    await client.start()
    try:
        assert await client.ready(20.0)
        order = make_order(tmp_path, duration_seconds=0.4)
        await client.set_clock(told := stepped(order))
        lost = client.pid
        assert lost is not None
        os.kill(lost, signal.SIGKILL)
        async with asyncio.timeout(20):
            while client.pid in (lost, None):  # noqa: ASYNC110 - the client tells nobody
                await asyncio.sleep(0.01)
        reports = [report async for report in await client.record(order)]
    finally:
        await client.stop()
    assert isinstance(reports[0], SinkStarted)
    assert dates([report.clip for report in reports if isinstance(report, SegmentClosed)]) == [
        (told.wall_offset_ns, "upstream")
    ]
