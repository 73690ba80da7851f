"""Photos from a station in this process: real threads, codecs and files; scripted, played, drawn and driver cameras."""

import errno
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import cv2
import pytest
from fakes.filming import Film, stations
from fakes.footage import mjpeg_footage
from fakes.recording import H264, MJPG, YUYV, Reports, check_clip, check_photo, make_order, make_photo_order
from fakes.source import RATE, FakeSource
from fakes.v4l2 import FakeCamera, LiveSystem
from fakes.v4l2_pictures import YUYV_TINY

from hardware.camera import Source
from hardware.durable import write_durably
from hardware.models import CameraSpec, Format, Packet, PhotoFile
from hardware.registry import create_source
from hardware.sinks.photos import Photographer
from hardware.sources.picture import read_frame_number
from hardware.sources.v4l2 import V4l2Source

NODE = "/dev/video0"
FRAME_NS = round(1e9 / RATE)


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


def source_of(backend: str, address: str = "") -> Source:
    if backend == "v4l2":
        spec = CameraSpec(camera_id="fake", name="Fake", backend="v4l2", address=NODE)
        return V4l2Source(spec, LiveSystem({NODE: FakeCamera(modes=(YUYV_TINY,))}))
    return create_source(
        CameraSpec.model_validate({"camera_id": "fake", "name": "Fake", "backend": backend, "address": address})
    )


class Cutting(FakeSource):
    """Delivers JPEGs without their end while `cutting`."""

    cutting = True

    def read(self, timeout: float) -> Packet | None:
        packet = super().read(timeout)
        return replace(packet, data=packet.data[:-200]) if packet and self.cutting else packet


class Gappy(FakeSource):
    """Loses the fourth picture of each group of ten, as a driver does that has no free buffer."""

    def __init__(self, granted: Format) -> None:
        super().__init__(granted)
        self.sequence_at: dict[int, int] = {}

    def read(self, timeout: float) -> Packet | None:
        packet = super().read(timeout)
        if packet and packet.sequence % 10 == 3:
            packet = super().read(timeout)
        if packet:
            self.sequence_at[packet.mono_ns] = packet.sequence
        return packet


@pytest.mark.parametrize(
    ("backend", "frame_seconds"), [("v4l2", 1 / 30), ("file", 0.1), ("mjpeg file", 0.1), ("bars", 1 / 30)]
)
def test_a_photo_of_a_warm_camera_is_the_next_frame(
    backend: str, frame_seconds: float, film: Film, reports: Reports, tmp_path: Path
) -> None:
    address = str(mjpeg_footage()) if backend == "mjpeg file" else ""
    station = film(source_of(backend.removeprefix("mjpeg "), address), warm=True)
    time.sleep(0.35)  # the ring is full of older frames, for H.264 in the middle of a group
    order = make_photo_order(tmp_path)
    station.start_sink(order)
    ended = reports.ended("photo")
    (photo,) = reports.photos()
    assert (ended.outcome, ended.frames, ended.dropped, ended.seconds) == ("duration", 1, 0, 0)
    assert 0 <= photo.mono_ns - order.requested_mono_ns <= (frame_seconds + 0.02) * 1e9
    assert photo.taken_wall_ns == photo.mono_ns + order.wall_offset_ns
    assert photo.context == {"event": "e1"}
    assert photo.copied == (backend == "mjpeg file")
    check_photo(tmp_path, photo)


def test_the_picture_is_that_of_the_time_stamp(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(source_of("bars"), warm=True)
    numbers: list[tuple[int, int]] = []
    for name in ("a", "b", "c"):
        station.start_sink(make_photo_order(tmp_path, name))
        photo = reports.photo(name)
        number = read_frame_number(check_photo(tmp_path, photo))
        assert number is not None
        numbers.append((number, photo.mono_ns))
    for (number, at_ns), (following, following_ns) in pairwise(numbers):
        assert following > number
        assert following_ns - at_ns == pytest.approx((following - number) * 1e9 / 30, abs=2)


@pytest.mark.parametrize("granted", [H264, MJPG, YUYV])
def test_a_cold_camera_is_opened_for_a_photo_and_closed_after(
    granted: Format, film: Film, reports: Reports, tmp_path: Path
) -> None:
    source = FakeSource(granted)
    station = film(source)
    order = make_photo_order(tmp_path)
    station.start_sink(order)
    photo = reports.photo()
    reports.ended("photo")
    reports.camera("closed")
    picture = check_photo(tmp_path, photo)
    assert photo.mono_ns >= order.requested_mono_ns
    assert picture[20, 20].mean() > 120
    assert picture[20, 300].mean() < 70
    assert source.notes == [("photo/1/0", "start"), ("photo/1/0", "end")]


def test_a_cut_short_jpeg_is_never_a_photo(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = Cutting(MJPG)
    station = film(source, warm=True)
    station.start_sink(make_photo_order(tmp_path))
    time.sleep(0.2)
    assert list(tmp_path.glob("*.jpg")) == []
    whole_ns = time.monotonic_ns()
    source.cutting = False
    photo = reports.photo()
    assert photo.mono_ns > whole_ns - 3 * FRAME_NS
    check_photo(tmp_path, photo)


def test_a_jpeg_without_its_tables_is_made_whole(film: Film, reports: Reports, tmp_path: Path) -> None:
    class Bare(FakeSource):
        def read(self, timeout: float) -> Packet | None:
            packet = super().read(timeout)
            return replace(packet, data=without_tables(packet.data)) if packet else None

    film(Bare(MJPG)).start_sink(make_photo_order(tmp_path))
    photo = reports.photo()
    assert not photo.copied
    assert b"\xff\xc4" in (tmp_path / photo.file).read_bytes()
    assert check_photo(tmp_path, photo)[20, 20].mean() > 120


def without_tables(data: bytes) -> bytes:
    """The JPEG without its (usual) Huffman tables, as some cameras send it."""
    while (start := data.find(b"\xff\xc4")) >= 0:
        data = data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]
    return data


def test_what_follows_a_gap_is_no_photo_before_the_next_key_frame(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = Gappy(H264)
    film(source).start_sink(make_photo_order(tmp_path, interval_seconds=0.07, duration_seconds=1.0))
    reports.ended("photo")
    sequences = [source.sequence_at[photo.mono_ns] for photo in reports.photos()]
    assert len(sequences) >= 4
    assert {sequence % 10 for sequence in sequences} <= {0, 1, 2}


def test_one_photo_per_interval_on_a_steady_grid(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(MJPG))
    station.start_sink(make_photo_order(tmp_path, interval_seconds=0.1, duration_seconds=0.75))
    ended = reports.ended("photo")
    taken = reports.photos()
    assert (ended.outcome, ended.frames, ended.dropped) == ("duration", 8, 0)
    assert [photo.file for photo in taken] == [f"photo-{index}.jpg" for index in range(8)]
    for place, photo in enumerate(taken):
        assert photo.mono_ns - taken[0].mono_ns == pytest.approx(place * 1e8, abs=FRAME_NS)
        check_photo(tmp_path, photo)
    assert ended.seconds == pytest.approx(0.7, abs=FRAME_NS / 1e9)


def test_places_that_pass_in_a_stall_are_left_out_not_made_up(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(MJPG)
    film(source).start_sink(make_photo_order(tmp_path, interval_seconds=0.1, duration_seconds=1.0))
    reports.photo()
    reports.photo()
    source.stalled = True
    time.sleep(0.33)
    source.stalled = False
    ended = reports.ended("photo")
    taken = reports.photos()
    assert ended.dropped >= 2
    assert ended.frames + ended.dropped == 10
    assert min(b.mono_ns - a.mono_ns for a, b in pairwise(taken)) >= 5e7


def test_a_duration_ends_without_frames_too(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(MJPG)
    film(source).start_sink(make_photo_order(tmp_path, interval_seconds=0.1, duration_seconds=0.3))
    reports.photo()
    source.stalled = True
    ended = reports.ended("photo")
    assert ended.outcome == "duration"
    assert ended.frames + ended.dropped == 3


def test_a_stop_ends_photos_at_once(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(H264))
    station.start_sink(make_photo_order(tmp_path, interval_seconds=60.0))
    reports.photo()
    began = time.monotonic()
    station.stop_sink("photo")
    assert reports.ended("photo").outcome == "stopped"
    assert time.monotonic() - began < 0.5
    reports.camera("closed")


def test_a_photo_that_never_comes_can_be_stopped(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(H264)
    source.lost = True
    station = film(source)
    station.start_sink(make_photo_order(tmp_path))
    reports.camera("unavailable")
    station.stop_sink("photo")
    ended = reports.ended("photo")
    assert (ended.outcome, ended.frames) == ("stopped", 0)
    assert source.notes == []


def test_a_photo_waits_for_a_camera_that_is_away(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(H264)
    source.lost = True
    station = film(source)
    station.start_sink(make_photo_order(tmp_path))
    reports.camera("unavailable")
    back_ns = time.monotonic_ns()
    source.lost = False
    assert reports.photo().mono_ns > back_ns


def test_photos_beside_a_recording_cost_it_nothing(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(H264)
    station = film(source)
    station.start_sink(make_order(tmp_path, duration_seconds=1.0, width=320, height=240))
    reports.started()
    station.start_sink(make_photo_order(tmp_path, interval_seconds=0.2, width=160, height=120))
    ended = reports.ended()
    station.stop_sink("photo")
    reports.ended("photo")
    (clip,) = reports.clips()
    check_clip(tmp_path, clip)
    assert (ended.dropped, clip.frames) == (0, 50)
    assert len(source.opened) == 1
    assert len(reports.photos()) >= 4
    assert {(photo.width, photo.height) for photo in reports.photos()} == {(160, 120)}


def test_between_photos_nothing_is_looked_at(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[int] = []
    take = Photographer.offer

    def count(photographer: Photographer, packet: Packet) -> None:
        offered.append(packet.sequence)
        take(photographer, packet)

    monkeypatch.setattr(Photographer, "offer", count)
    film(FakeSource(MJPG)).start_sink(make_photo_order(tmp_path, interval_seconds=0.4, duration_seconds=1.3))
    ended = reports.ended("photo")
    assert ended.frames == 4
    assert len(offered) <= 4 * 3  # of more than 60 that the camera delivered


def test_what_is_there_is_never_overwritten(film: Film, reports: Reports, tmp_path: Path) -> None:
    (tmp_path / "photo-0.jpg").write_bytes(b"precious")
    film(FakeSource(MJPG)).start_sink(make_photo_order(tmp_path))
    photo = reports.photo()
    assert (photo.file, photo.index) == ("photo-1.jpg", 1)
    assert (tmp_path / "photo-0.jpg").read_bytes() == b"precious"


@pytest.mark.parametrize("full_at", [0, 1])
def test_a_full_disk_ends_the_photos_and_leaves_no_half_one(
    full_at: int, film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def full(path: Path, data: bytes) -> None:
        if path.name == f"photo-{full_at}.jpg":
            refuse()
        write_durably(path, data)

    def refuse() -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hardware.sinks.photos.write_durably", full)
    source = FakeSource(MJPG)
    film(source).start_sink(make_photo_order(tmp_path, interval_seconds=0.1))
    ended = reports.ended("photo")
    assert (ended.outcome, ended.error, ended.frames) == ("failed", "storage_full", full_at)
    assert sorted(path.name for path in tmp_path.glob("photo*")) == ["photo-0.jpg", "photo-0.jpg.json"][: 2 * full_at]
    assert source.notes == [("photo/1/0", "start"), ("photo/1/0", "end")]


def test_a_photo_is_refused_like_a_recording(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(MJPG))
    station.start_sink(make_photo_order(tmp_path / "none"))
    assert "is no folder" in reports.refused().message
    station.start_sink(make_photo_order(tmp_path, interval_seconds=1.0))
    station.start_sink(make_order(tmp_path, "photo"))
    assert "a sink of that id runs" in reports.refused().message


def test_the_sidecar_is_there_before_the_photo(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def note(path: Path, data: bytes) -> None:
        written.append(path.name)
        write_durably(path, data)

    monkeypatch.setattr("hardware.sinks.photos.write_durably", note)
    film(FakeSource(MJPG)).start_sink(make_photo_order(tmp_path))
    assert isinstance(reports.photo(), PhotoFile)
    assert written == ["photo-0.jpg.json", "photo-0.jpg"]
    assert cv2.imread(str(tmp_path / "photo-0.jpg")) is not None
