"""What a recording can be asked for: time before and after, alignment, time-lapse, containers, sound, thumbnails."""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import pytest
from fakes.filming import Film, stations
from fakes.microphone import BEEP_EVERY_NS, FakeMicrophone, beep_starts, sound_seconds
from fakes.recording import H264, MJPG, Reports, check_clip, make_order
from fakes.source import FakeSource

from hardware import station as station_module
from hardware.containers.table import CONTAINERS
from hardware.media import inspect
from hardware.models import ClipFile, Codec, Format
from hardware.sinks.mediafile import MediaFile

NS = 1_000_000_000


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch) -> FakeMicrophone:
    fake = FakeMicrophone()
    monkeypatch.setattr(station_module, "Microphone", fake.create)
    return fake


def test_a_pre_roll_comes_before_the_request_and_beside_the_duration(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(FakeSource(H264), warm=True, ring_seconds=1.5)
    time.sleep(1.6)
    order = make_order(tmp_path, duration_seconds=0.4, pre_roll_seconds=1.0)
    station.start_sink(order)
    started, ended = reports.started(), reports.ended()
    achieved = started.granted.pre_roll_seconds
    assert 1.0 <= achieved <= 1.24  # a group is 10 frames of 20 ms
    assert (order.requested_mono_ns - started.first_mono_ns) / NS == pytest.approx(achieved)
    (clip,) = reports.clips()
    assert clip.pre_roll_seconds == achieved
    assert ended.seconds == clip.seconds == pytest.approx(0.4 + achieved, abs=2e-5)
    assert ended.notes == ()
    check_clip(tmp_path, clip)


@pytest.mark.parametrize(("warm", "note"), [(True, "but no more was kept"), (False, "the camera was not open")])
def test_a_shorter_pre_roll_than_asked_is_told(
    film: Film, reports: Reports, tmp_path: Path, warm: bool, note: str
) -> None:
    station = film(FakeSource(H264), warm=warm, ring_seconds=0.4)
    time.sleep(0.5)
    station.start_sink(make_order(tmp_path, duration_seconds=0.3, pre_roll_seconds=5))
    (told,) = reports.ended().notes
    assert "5 s were asked" in told
    assert note in told


def test_a_post_roll_follows_the_stop_and_a_second_stop_or_the_hosts_end_ends_it(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(FakeSource(H264))
    for sink, stop in (("whole", None), ("cut", "stop"), ("closed", "close")):
        station.start_sink(make_order(tmp_path, sink))
        first_ns = reports.started(sink).first_mono_ns
        station.stop_sink(sink, after_seconds=0.6 if stop is None else 60)
        asked = (time.monotonic_ns() - first_ns) / NS
        if stop == "stop":
            station.stop_sink(sink)
        elif stop == "close":
            assert station.close(2.0)
        ended = reports.ended(sink)
        assert ended.outcome == "stopped"
        assert ended.seconds == pytest.approx(asked + (0.6 if stop is None else 0), abs=0.15)


def test_aligned_segments_begin_at_the_first_key_frame_of_their_time(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    film(FakeSource(H264)).start_sink(make_order(tmp_path, duration_seconds=2.2, segment_seconds=0.7, aligned=True))
    reports.ended()
    clips = reports.clips()
    assert len(clips) >= 3
    for clip in clips[1:]:
        assert clip.start_wall_ns % round(0.7 * NS) <= 0.2 * NS  # a group is 0.2 s
    for clip, following in pairwise(clips):
        assert following.first_mono_ns == pytest.approx(clip.first_mono_ns + clip.seconds * NS, abs=20_000)


@pytest.mark.parametrize("rate", [5e-324, 1e-9])
def test_a_time_lapse_may_be_shown_as_slowly_as_files_can_tell(
    film: Film, reports: Reports, tmp_path: Path, rate: float
) -> None:
    order = make_order(tmp_path, duration_seconds=0.4, lapse_seconds=0.1, rate=rate)
    film(FakeSource(MJPG)).start_sink(order)
    assert reports.ended().outcome == "duration"


@pytest.mark.parametrize("codec", [MJPG, H264])
def test_a_time_lapse_keeps_its_true_times_and_plays_at_its_rate(
    film: Film, reports: Reports, tmp_path: Path, codec: Format
) -> None:
    order = make_order(tmp_path, duration_seconds=1.6, lapse_seconds=0.2, audio=True)
    film(FakeSource(codec)).start_sink(order)
    ended = reports.ended()
    (clip,) = reports.clips()
    assert clip.frames in (7, 8)
    assert (clip.lapse_seconds, clip.rate, clip.dropped) == (0.2, 25.0, 0)
    assert clip.seconds == pytest.approx(clip.frames / 25, abs=1e-3)
    assert ended.seconds == pytest.approx(clip.frames * 0.2)
    times = [frame.time for frame in check_clip(tmp_path, clip)]
    assert [later - one for one, later in pairwise(times)] == pytest.approx([0.04] * (clip.frames - 1), abs=1e-3)
    assert "recorded without sound: a time-lapse has none" in ended.notes


@pytest.mark.parametrize("kind", list(CONTAINERS))
@pytest.mark.parametrize("codec", [MJPG, H264])
def test_each_container_takes_each_camera(
    film: Film, reports: Reports, tmp_path: Path, kind: str, codec: Format
) -> None:
    order = make_order(tmp_path, duration_seconds=1.0, segment_seconds=0.5, container=kind, encoding="copy")
    film(FakeSource(codec)).start_sink(order)
    granted, ended = reports.started().granted, reports.ended()
    encoded = codec.codec not in CONTAINERS[kind].takes
    assert granted.encoded is encoded
    assert any("mjpeg cannot be passed on" in note for note in ended.notes) is encoded
    clips = reports.clips()
    assert [clip.file for clip in clips] == [f"one-{number}.{kind}" for number in range(len(clips))]
    assert sum(clip.frames for clip in clips) == 50
    for clip in clips:
        check_clip(tmp_path, clip)


@pytest.mark.parametrize(("kind", "codec"), [*((kind, H264) for kind in CONTAINERS), ("mp4", MJPG)])
def test_sound_is_in_step_with_the_pictures_of_every_segment(
    film: Film, reports: Reports, tmp_path: Path, microphone: FakeMicrophone, kind: str, codec: Format
) -> None:
    station = film(FakeSource(codec), microphone="hw:1")
    order = make_order(tmp_path, duration_seconds=2.4, segment_seconds=1.1, encoding="copy", container=kind, audio=True)
    station.start_sink(order)
    assert not any("sound" in note for note in reports.ended().notes)
    clips = reports.clips()
    assert len(clips) in (2, 3)
    late = []
    for clip in clips:
        check_clip(tmp_path, clip)
        assert clip.audio
        since_ns = clip.first_mono_ns - clips[0].first_mono_ns
        late += [lateness(clip, start, since_ns) for start in beep_starts(tmp_path / clip.file)]
    assert len(late) >= 3
    assert_in_step(late)
    for clip in clips[1:]:
        assert sound_seconds(tmp_path / clip.file) == pytest.approx(clip.seconds, abs=0.06)


def test_a_microphone_that_is_missing_costs_the_sound_only(
    film: Film, reports: Reports, tmp_path: Path, microphone: FakeMicrophone
) -> None:
    microphone.broken = True
    film(FakeSource(H264), microphone="hw:1").start_sink(make_order(tmp_path, duration_seconds=0.4, audio=True))
    ended = reports.ended()
    assert ended.outcome == "duration"
    (note,) = ended.notes
    assert "recorded without sound from" in note
    assert "microphone 'hw:1' does not work: No such device" in note
    (clip,) = reports.clips()
    assert not clip.audio
    check_clip(tmp_path, clip)


def test_a_microphone_that_is_unplugged_costs_the_sound_from_there_to_its_return(
    film: Film, reports: Reports, tmp_path: Path, microphone: FakeMicrophone
) -> None:
    station = film(FakeSource(H264), microphone="hw:1")
    station.start_sink(make_order(tmp_path, segment_seconds=0.8, audio=True))
    reports.started()
    time.sleep(0.4)
    microphone.broken = True
    time.sleep(1.2)
    microphone.broken = False
    time.sleep(1.2)
    station.stop_sink("one")
    ended = reports.ended()
    assert ended.outcome == "stopped"
    assert any("it was unplugged" in note for note in ended.notes)
    clips = reports.clips()
    assert clips[0].audio
    assert clips[-1].audio
    for clip in clips:
        check_clip(tmp_path, clip)


def test_a_failing_disk_leaves_a_clip_of_mjpg_too(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = MediaFile._write

    def fail(self: MediaFile, parts: Sequence[bytes]) -> None:
        if self.size > 300_000:
            os.write(self._descriptor, parts[0][:100])  # a torn write
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, parts)

    monkeypatch.setattr(MediaFile, "_write", fail)
    film(FakeSource(MJPG)).start_sink(make_order(tmp_path, encoding="copy"))
    ended = reports.ended()
    assert (ended.outcome, ended.error) == ("failed", "storage_full")
    (clip,) = reports.clips()
    assert clip.seconds == ended.seconds >= 0.9
    assert inspect(tmp_path / clip.file).decodable
    check_clip(tmp_path, clip)


def test_sound_without_a_microphone_is_told(film: Film, reports: Reports, tmp_path: Path) -> None:
    film(FakeSource(H264)).start_sink(make_order(tmp_path, duration_seconds=0.2, audio=True))
    (note,) = reports.ended().notes
    assert "no microphone (setting `microphone`)" in note


def test_pre_roll_has_pictures_only_and_the_sound_that_follows_is_at_its_time(
    film: Film, reports: Reports, tmp_path: Path, microphone: FakeMicrophone
) -> None:
    station = film(FakeSource(H264), warm=True, ring_seconds=1.5, microphone="hw:1")
    time.sleep(1.4)
    station.start_sink(make_order(tmp_path, duration_seconds=1.7, pre_roll_seconds=1.0, audio=True))
    reports.ended()
    (clip,) = reports.clips()
    check_clip(tmp_path, clip)
    assert clip.audio
    starts = beep_starts(tmp_path / clip.file)
    assert len(starts) >= 2
    assert all(start > clip.pre_roll_seconds for start in starts)
    assert_in_step([lateness(clip, start, -round(clip.pre_roll_seconds * NS)) for start in starts])


def lateness(clip: ClipFile, start: float, since_ns: int) -> tuple[float, bool]:
    """Seconds by which a beep that starts `start` seconds into the clip is late, and whether the sound had settled.

    The clip begins `since_ns` after the sound does. The first blocks of a microphone that was just opened are placed by
    their arrival alone, so by a thread that this machine may wake late; half a second corrects it (see `SampleClock`).
    """
    away = (clip.first_mono_ns + round(start * NS)) % BEEP_EVERY_NS
    return (away if away < BEEP_EVERY_NS / 2 else away - BEEP_EVERY_NS) / NS, since_ns + start * NS > 0.5 * NS


def assert_in_step(beeps: list[tuple[float, bool]]) -> None:
    """Once settled all are within 0.04 s but one, before which this machine had no time for the microphone's thread."""
    assert all(-0.04 < late < 0.2 for late, _ in beeps), beeps
    assert sum(late >= 0.04 for late, settled in beeps if settled) <= 1, beeps


def thumbnail_of(folder: Path, clip: ClipFile) -> tuple[int, int]:
    """Width and height of the picture."""
    picture = cv2.imread(str(folder / clip.thumbnail))
    assert picture is not None
    return picture.shape[1], picture.shape[0]


@pytest.mark.parametrize("codec", [Codec.MJPEG, Codec.H264])
def test_a_clip_has_a_small_picture_of_its_first_frame(
    film: Film, reports: Reports, tmp_path: Path, codec: Codec
) -> None:
    large = Format(codec=codec, width=1280, height=720, rate=50)
    film(FakeSource(large)).start_sink(make_order(tmp_path, duration_seconds=0.6, encoding="copy"))
    reports.ended()
    (clip,) = reports.clips()
    assert clip.thumbnail == f"{clip.file}.jpg"
    assert thumbnail_of(tmp_path, clip) == (320, 180)


def test_a_first_frame_that_does_not_decode_costs_the_thumbnail_only(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fakes.source.coded_pictures", lambda *_args, **_kwargs: [(b"no picture", True)] * 50)
    film(FakeSource(MJPG)).start_sink(make_order(tmp_path, duration_seconds=0.3, encoding="copy"))
    assert reports.ended().outcome == "duration"
    (clip,) = reports.clips()
    assert (clip.thumbnail, clip.frames) == ("", 15)
    assert not (tmp_path / f"{clip.file}.jpg").exists()
