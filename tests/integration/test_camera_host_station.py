"""A station in this process: a scripted camera, real threads, codecs and files."""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fakes.encoders import slow_encoder
from fakes.filming import Film, stations
from fakes.recording import H264, MJPG, YUYV, Reports, check_clip, make_order
from fakes.source import FakeSource

from hardware.lock import CameraLock
from hardware.models import CameraSpec, Codec, Format
from hardware.pipeline import decodestage, encoders, stage
from hardware.pipeline.plan import Ask
from hardware.sinks import mediafile
from hardware.station import Station


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


def test_a_cold_camera_is_opened_for_the_recording_and_closed_after(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    source = FakeSource(H264)
    station = film(source)
    assert source.opened == []
    station.start_sink(make_order(tmp_path, duration_seconds=0.6))
    started = reports.started()
    assert not started.granted.encoded
    ended = reports.ended()
    assert (ended.outcome, ended.dropped) == ("duration", 0)
    reports.camera("closed")
    (clip,) = reports.clips()
    check_clip(tmp_path, clip)
    assert clip.context == {"event": "e1"}
    assert source.notes == [("one/1/0", "start"), ("one/1/0", "end")]


def test_a_duration_is_exact_by_capture_time(film: Film, reports: Reports, tmp_path: Path) -> None:
    film(FakeSource(H264)).start_sink(make_order(tmp_path, duration_seconds=0.73))
    ended = reports.ended()
    (clip,) = reports.clips()
    assert ended.seconds == clip.seconds == pytest.approx(0.73, abs=2e-5)
    assert clip.frames == 37  # 50 a second: the last one begins at 0.72 s
    last = check_clip(tmp_path, clip)[-1]
    assert last.time == pytest.approx(0.72, abs=2e-5)


def test_a_warm_camera_gives_the_moment_of_the_request(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(H264), warm=True)
    time.sleep(0.7)
    order = make_order(tmp_path, duration_seconds=0.3)
    station.start_sink(order)
    started = reports.started()
    lead = (order.requested_mono_ns - started.first_mono_ns) / 1e9
    assert 0 <= lead <= 0.24  # a group is 10 frames of 20 ms
    ended = reports.ended()
    assert ended.seconds == pytest.approx(0.3 + lead, abs=2e-5)
    assert station.last_frame_ns > 0  # still warm


def test_segments_are_cut_at_key_frames_without_a_gap(film: Film, reports: Reports, tmp_path: Path) -> None:
    film(FakeSource(H264)).start_sink(make_order(tmp_path, duration_seconds=1.1, segment_seconds=0.35, first_index=4))
    ended = reports.ended()
    clips = reports.clips()
    assert [clip.file for clip in clips] == ["one-4.mp4", "one-5.mp4", "one-6.mp4"]
    for clip, following in pairwise(clips):
        assert clip.seconds == pytest.approx(0.4, abs=1e-3)
        assert following.first_mono_ns == pytest.approx(clip.first_mono_ns + clip.seconds * 1e9, abs=20_000)
    for clip in clips:
        check_clip(tmp_path, clip)
    assert ended.frames == sum(clip.frames for clip in clips) == 55


def test_a_file_that_is_there_is_never_overwritten(film: Film, reports: Reports, tmp_path: Path) -> None:
    (tmp_path / "one-0.mp4").write_bytes(b"precious")
    film(FakeSource(H264)).start_sink(make_order(tmp_path, duration_seconds=0.2))
    reports.ended()
    assert (tmp_path / "one-0.mp4").read_bytes() == b"precious"
    assert [clip.index for clip in reports.clips()] == [1]


@pytest.mark.parametrize("granted", [MJPG, YUYV])
def test_pictures_become_h264(granted: Format, film: Film, reports: Reports, tmp_path: Path) -> None:
    film(FakeSource(granted)).start_sink(make_order(tmp_path, duration_seconds=0.8, gop=20))
    assert reports.started().granted.encoded
    ended = reports.ended()
    (clip,) = reports.clips()
    frames = check_clip(tmp_path, clip)
    assert (clip.codec, clip.encoded, ended.dropped) == (Codec.H264, True, 0)
    assert [number for number, frame in enumerate(frames) if frame.key_frame] == [0, 20]
    pixels = frames[0].to_ndarray(format="rgb24")
    assert pixels[20, 20].mean() > 120
    assert pixels[20, 300].mean() < 70


def test_copy_forces_passing_on(film: Film, reports: Reports, tmp_path: Path) -> None:
    film(FakeSource(MJPG)).start_sink(make_order(tmp_path, duration_seconds=0.4, encoding="copy"))
    reports.ended()
    (clip,) = reports.clips()
    assert (clip.codec, clip.encoded) == (Codec.MJPEG, False)
    check_clip(tmp_path, clip)


@pytest.mark.parametrize(
    ("changes", "bright"),
    [
        ({"rotation_degrees": 90}, (20, 220)),
        ({"rotation_degrees": 180}, (220, 300)),
        ({"rotation_degrees": 270}, (300, 20)),
        ({"hflip": True}, (20, 300)),
        ({"vflip": True}, (220, 20)),
    ],
)
def test_turned_pictures(
    changes: dict[str, Any], bright: tuple[int, int], film: Film, reports: Reports, tmp_path: Path
) -> None:
    film(FakeSource(H264)).start_sink(make_order(tmp_path, duration_seconds=0.2, **changes))
    assert "encoded: rotating or flipping needs it" in reports.started().granted.notes
    reports.ended()
    (clip,) = reports.clips()
    pixels = check_clip(tmp_path, clip)[0].to_ndarray(format="rgb24")
    assert pixels.shape[:2] == ((320, 240) if "rotation_degrees" in changes and bright != (220, 300) else (240, 320))
    row, column = bright
    assert pixels[row, column].mean() > 120
    assert pixels[-1 - row, -1 - column].mean() < 70


def test_a_slow_encoder_gives_way_to_the_cameras_pictures(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "CANDIDATES", (slow_encoder(0.1),))
    monkeypatch.setattr(decodestage, "LONGEST_LAG_NS", 300_000_000)
    film(FakeSource(MJPG)).start_sink(make_order(tmp_path, duration_seconds=1.5))
    ended = reports.ended()
    first, second = reports.clips()
    assert (first.codec, first.encoded) == (Codec.H264, True)
    assert (second.codec, second.encoded) == (Codec.MJPEG, False)
    assert stage.TOO_SLOW in ended.notes
    assert ended.dropped == 0
    assert first.frames + second.frames == 75
    check_clip(tmp_path, first)
    check_clip(tmp_path, second)


def test_two_sinks_at_once_share_camera_and_encoder(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(MJPG)
    station = film(source, warm=True)
    station.start_sink(make_order(tmp_path, "one", duration_seconds=1.0))
    reports.started("one")
    time.sleep(0.3)
    order = make_order(tmp_path, "two", duration_seconds=0.3)
    station.start_sink(order)
    second = reports.started("two")
    assert second.first_mono_ns <= order.requested_mono_ns
    station.start_sink(make_order(tmp_path, "three", duration_seconds=0.2, encoding="copy"))
    for sink_id in ("one", "two", "three"):
        assert reports.ended(sink_id).dropped == 0
        (clip,) = reports.clips(sink_id)
        check_clip(tmp_path, clip)
    assert len(source.opened) == 1


def test_a_stall_is_noticed_and_the_recording_goes_on_in_a_new_segment(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    source = FakeSource(H264, MJPG)
    station = film(source)
    station.start_sink(make_order(tmp_path))
    reports.started()
    time.sleep(0.3)
    source.stalled = True
    began = time.monotonic()
    assert "no frame" in reports.camera("stalled").reason
    assert 1.5 < time.monotonic() - began < 3.0
    source.stalled = False
    assert reports.camera("open").format == MJPG
    time.sleep(0.5)
    station.stop_sink("one")
    assert reports.ended().outcome == "stopped"
    first, second = reports.clips()
    assert (first.encoded, second.encoded) == (False, True)
    check_clip(tmp_path, first)
    check_clip(tmp_path, second)


def test_an_unplugged_camera_is_waited_for(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(H264)
    source.lost = True
    station = film(source)
    station.start_sink(make_order(tmp_path, duration_seconds=0.2))
    assert "unplugged" in reports.camera("unavailable").reason
    source.lost = False
    reports.camera("open")
    ended = reports.ended()
    assert ended.outcome == "duration"
    assert ended.seconds == pytest.approx(0.2, abs=1e-4)


def test_a_recording_without_any_frame_can_be_stopped(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(H264)
    source.lost = True
    station = film(source)
    station.start_sink(make_order(tmp_path))
    reports.camera("unavailable")
    station.stop_sink("one")
    ended = reports.ended()
    assert (ended.outcome, ended.frames) == ("stopped", 0)
    assert source.notes == []
    assert list(tmp_path.glob("*.mp4*")) == []


def test_a_recording_that_is_stopped_before_its_encoder_is_loaded_has_what_the_camera_gave(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = encoders.candidates

    def loaded_slowly(codec: Codec) -> Sequence[encoders.Candidate]:
        time.sleep(2.0)
        return known(codec)

    monkeypatch.setattr(encoders, "candidates", loaded_slowly)
    station = film(FakeSource(MJPG), warm=True)
    station.start_sink(make_order(tmp_path))
    time.sleep(0.5)
    station.stop_sink("one")
    assert reports.ended().outcome == "stopped"
    (clip,) = reports.clips()
    assert clip.seconds == pytest.approx(0.5, abs=0.1)


def test_lost_frames_are_counted(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(H264)
    station = film(source)
    station.start_sink(make_order(tmp_path))
    reports.started()
    source._sequence += 7
    time.sleep(0.2)
    station.stop_sink("one")
    assert reports.ended().dropped == 7
    assert reports.clips()[0].dropped == 7


def test_another_size_reopens_a_camera_that_is_only_kept_warm(film: Film, reports: Reports, tmp_path: Path) -> None:
    small = H264.model_copy(update={"width": 160, "height": 120})
    source = FakeSource(H264, small)
    station = film(source, warm=True)
    station.start_sink(make_order(tmp_path, width=160, height=120, duration_seconds=0.2))
    granted = reports.started().granted
    assert (granted.width, granted.height) == (160, 120)
    reports.ended()
    (clip,) = reports.clips()
    check_clip(tmp_path, clip)
    assert source.opened[:2] == [H264, small]


def test_orders_that_cannot_be_done_are_refused(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(H264))
    station.start_sink(make_order(tmp_path / "absent"))
    assert reports.refused().code == "sink_refused"
    station.start_sink(make_order(tmp_path, stem="../escape"))
    assert "no file name" in reports.refused().message
    station.start_sink(make_order(tmp_path))
    station.start_sink(make_order(tmp_path))
    assert "runs" in reports.refused().message
    station.stop_sink("one")
    reports.ended()


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "storage_full"), (errno.EIO, "storage_failed")])
def test_a_failing_disk_ends_the_recording_and_leaves_a_clip(
    number: int,
    code: str,
    film: Film,
    reports: Reports,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = mediafile.MediaFile._write

    def fail(self: mediafile.MediaFile, parts: Sequence[bytes]) -> None:
        if self.size > 20_000:
            os.write(self._descriptor, parts[0][:100])  # a torn write
            raise OSError(number, os.strerror(number))
        write(self, parts)

    monkeypatch.setattr(mediafile.MediaFile, "_write", fail)
    film(FakeSource(H264)).start_sink(make_order(tmp_path))
    ended = reports.ended()
    assert (ended.outcome, ended.error) == ("failed", code)
    (clip,) = reports.clips()
    check_clip(tmp_path, clip)
    assert clip.seconds == ended.seconds >= 0.9


def test_the_lock_of_a_camera_is_exclusive_and_ends_with_its_holder(tmp_path: Path) -> None:
    first, second = CameraLock(tmp_path, "fake"), CameraLock(tmp_path, "fake")
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_a_station_waits_for_its_predecessor(film: Film, reports: Reports, tmp_path: Path) -> None:
    holder = CameraLock(tmp_path, "fake")
    assert holder.acquire()
    station = Station(
        CameraSpec(camera_id="fake", name="Fake", backend="null"), tmp_path, lambda _: FakeSource(H264), reports.put
    )
    station.start()
    assert "another host" in reports.camera("unavailable").reason
    holder.release()
    reports.camera("closed")
    assert station.close(2.0)


class SlowToOpen(FakeSource):
    def open(self, wanted: Format | None) -> Format:
        time.sleep(0.3)
        return super().open(wanted)


@pytest.mark.parametrize("first", [Ask(320, 240), Ask()])
def test_a_recording_that_comes_while_the_camera_opens_for_another_size_begins_in_its_own(
    film: Film, reports: Reports, tmp_path: Path, first: Ask
) -> None:
    large = MJPG.model_copy(update={"width": 640, "height": 480})
    station = film(SlowToOpen(MJPG, large))
    station.keep_warm(first)
    reports.camera("opening")
    station.start_sink(make_order(tmp_path, width=640, height=480, encoding="copy", duration_seconds=0.3))
    assert reports.ended().notes == ()
    assert [(clip.width, clip.height) for clip in reports.clips()] == [(640, 480)]
