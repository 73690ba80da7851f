"""How photos look: size, turning, adjustments, quality; and which format the camera is opened with for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.filming import Film, stations
from fakes.recording import H264, MJPG, Reports, check_photo, make_order, make_photo_order
from fakes.source import RATE, FakeSource, coded_pictures

from hardware.models import Codec, Format
from hardware.pipeline.plan import Ask


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


@pytest.mark.parametrize("quality", [1, 93])
def test_the_cameras_own_jpeg_is_kept_to_the_byte(quality: int, film: Film, reports: Reports, tmp_path: Path) -> None:
    film(FakeSource(MJPG)).start_sink(make_photo_order(tmp_path, quality=quality))
    photo = reports.photo()
    assert photo.copied
    assert (tmp_path / photo.file).read_bytes() in [data for data, _ in coded_pictures(Codec.MJPEG, 320, 240)]


def test_quality_is_that_of_the_encoder_otherwise(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(H264), warm=True)
    sizes = []
    for quality in (5, 50, 95):
        station.start_sink(make_photo_order(tmp_path, f"q{quality}", quality=quality))
        sizes.append(reports.photo(f"q{quality}").size)
    assert sizes == sorted(set(sizes))


SIZES = tuple(Format(codec=Codec.MJPEG, width=w, height=h, rate=RATE) for w, h in ((640, 480), (160, 120), (320, 240)))


@pytest.mark.parametrize(
    ("asked", "opened", "final", "notes"),
    [
        ((0, 0), (640, 480), (640, 480), ()),
        ((160, 120), (160, 120), (160, 120), ()),
        ((120, 160), (160, 120), (160, 120), ()),
        ((300, 225), (320, 240), (300, 225), ()),
        ((1600, 1200), (640, 480), (640, 480), ("asked 1600x1200, the photo is 640x480",)),
        ((320, 320), (320, 240), (320, 240), ("asked 320x320, the photo is 320x240",)),
    ],
)
def test_sizes(
    asked: tuple[int, int],
    opened: tuple[int, int],
    final: tuple[int, int],
    notes: tuple[str, ...],
    film: Film,
    reports: Reports,
    tmp_path: Path,
) -> None:
    source = FakeSource(*SIZES)
    film(source).start_sink(make_photo_order(tmp_path, width=asked[0], height=asked[1]))
    photo = reports.photo()
    check_photo(tmp_path, photo)
    assert [(granted.width, granted.height) for granted in source.opened] == [opened]
    assert (photo.width, photo.height) == final
    assert photo.copied == (opened == final)
    assert reports.ended("photo").notes == notes


def test_a_warm_camera_is_reopened_only_for_a_size_it_has(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(*SIZES)
    station = film(source, warm=True)
    warm = source.opened[0]
    station.start_sink(make_photo_order(tmp_path, "plain"))
    plain = reports.photo("plain")
    assert (plain.width, plain.height) == (warm.width, warm.height)
    assert len(source.opened) == 1
    station.start_sink(make_photo_order(tmp_path, "small", width=160, height=120))
    small = reports.photo("small")
    assert (small.width, small.height, small.copied) == (160, 120, True)
    assert [granted.width for granted in source.opened[1:]] == [160]


def test_a_camera_kept_warm_at_a_size_goes_back_to_it(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(*SIZES)
    station = film(source)
    station.keep_warm(Ask(320, 240))
    assert reports.camera("open").format == SIZES[2]
    station.start_sink(make_photo_order(tmp_path, width=640, height=480))
    assert reports.photo().width == 640
    assert reports.camera("open").format == SIZES[2]
    assert source.opened == [SIZES[2], SIZES[0], SIZES[2]]


def test_a_recording_chooses_the_format_over_photos(film: Film, reports: Reports, tmp_path: Path) -> None:
    source = FakeSource(*SIZES)
    station = film(source)
    station.start_sink(make_photo_order(tmp_path, interval_seconds=0.1))
    assert reports.photo().width == 640
    station.start_sink(make_order(tmp_path, duration_seconds=0.5, width=320, height=240, encoding="copy"))
    reports.ended()
    assert [clip.width for clip in reports.clips()] == [320]
    station.stop_sink("photo")
    reports.ended("photo")
    assert {photo.width for photo in reports.photos()} == {640, 320}


@pytest.mark.parametrize(
    ("changes", "bright"),
    [
        ({"rotation_degrees": 90}, (20, 220)),
        ({"rotation_degrees": 180}, (220, 300)),
        ({"rotation_degrees": 270}, (300, 20)),
        ({"hflip": True}, (20, 300)),
        ({"vflip": True}, (220, 20)),
        ({"rotation_degrees": 90, "hflip": True}, (20, 20)),
    ],
)
def test_turned_and_mirrored_as_recordings_are(
    changes: dict[str, Any], bright: tuple[int, int], film: Film, reports: Reports, tmp_path: Path
) -> None:
    film(FakeSource(MJPG)).start_sink(make_photo_order(tmp_path, **changes))
    picture = check_photo(tmp_path, reports.photo())
    row, column = bright
    assert picture[row, column].mean() > 120
    opposite = picture[picture.shape[0] - 1 - row, picture.shape[1] - 1 - column]
    assert opposite.mean() < 70


def test_adjustments_mean_what_the_order_says(film: Film, reports: Reports, tmp_path: Path) -> None:
    station = film(FakeSource(MJPG), warm=True)

    def taken(name: str, **changes: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        station.start_sink(make_photo_order(tmp_path, name, encoding="png", **changes))
        return check_photo(tmp_path, reports.photo(name)).astype(np.float64)

    plain = taken("plain")
    dark = plain[200:, 200:].mean()  # a flat part that is the same in all pictures
    assert taken("brighter", brightness=0.2)[200:, 200:].mean() == pytest.approx(dark + 51, abs=1)
    assert taken("flat", contrast=0.0).std() < 1
    assert taken("hard", contrast=2.0)[200:, 200:].mean() == pytest.approx(max(0.0, 127.5 + 2 * (dark - 127.5)), abs=1)
    grey = taken("grey", saturation=0.0)
    assert np.ptp(grey, axis=2).max() == 0
    assert sharpest_step(taken("soft", sharpness=0.0)) < sharpest_step(plain)


def sharpest_step(picture: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> float:
    """The largest difference of neighbours across the edge of the bright quarter, over the height of that edge."""
    row = picture[40].mean(axis=1)
    return float(np.abs(np.diff(row)).max() / np.ptp(row))
