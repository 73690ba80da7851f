"""From frames and JPEGs to the pictures that analysers look at and people are shown."""

import av
import cv2
import numpy as np
import pytest

from hardware.sources.file import FOOTAGE
from hardware.vision.colour import bgr_jpeg, bgr_picture, small_jpeg
from hardware.vision.grey import Grey, grey_jpeg, grey_picture


def plain() -> Grey:
    picture = np.full((180, 320), 100, np.uint8)
    picture[60:100, 10:50] = 220
    return picture


@pytest.mark.parametrize("name", ["yuvj422p", "yuv420p", "yuyv422", "nv12", "yuv420p10le", "gray"])
def test_every_format_becomes_grey(name: str) -> None:
    pixels = np.zeros((60, 100, 3), np.uint8)
    pixels[:, 50:] = 200
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    grey = grey_picture(frame.reformat(format=name, threads=1), 50)  # its own threads spoil a few pixels of this width
    assert grey.shape == (30, 50)
    assert grey[:, :24].max() < 30
    assert grey[:, 26:].min() > 170


@pytest.mark.parametrize(
    ("width", "shape"), [(1280, (720, 1280)), (320, (180, 320)), (200, (112, 200)), (4096, (720, 1280))]
)
def test_a_jpeg_is_seen_as_its_frame_is(width: int, shape: tuple[int, int]) -> None:
    with av.open(str(FOOTAGE)) as container:
        frame = next(container.decode(video=0)).reformat(1280, 720, format="bgr24")
    coded, data = cv2.imencode(".jpg", frame.to_ndarray())
    assert coded
    seen = grey_jpeg(data.tobytes(), (1280, 720), width)
    assert seen is not None
    assert seen.shape == shape
    assert np.abs(seen.astype(int) - grey_picture(frame, width).astype(int)).mean() < 3


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff"])
def test_what_is_no_jpeg_is_not_seen(data: bytes) -> None:
    assert grey_jpeg(data, (640, 480), 320) is None


def test_a_small_picture_stays_as_it_is() -> None:
    frame = av.VideoFrame.from_ndarray(plain(), format="gray")
    assert (grey_picture(frame, 4096) == plain()).all()


def test_colours_are_kept() -> None:
    pixels = np.zeros((60, 100, 3), np.uint8)
    pixels[:, 50:] = (200, 30, 60)
    frame = av.VideoFrame.from_ndarray(pixels, format="bgr24").reformat(format="yuv420p", threads=1)
    coded, data = cv2.imencode(".jpg", pixels)
    assert coded
    for seen in (bgr_picture(frame, 50), bgr_jpeg(data.tobytes(), (100, 60), 50)):
        assert seen is not None
        assert seen.shape == (30, 50, 3)
        assert np.abs(seen[:, 30:].astype(int) - (200, 30, 60)).max() < 12


def test_a_picture_for_people_fits_whatever_it_shows() -> None:
    """Noise makes the largest JPEGs."""
    noise = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    for most, width in ((10_000_000, 1280), (350_000, 640)):
        jpeg = small_jpeg(noise, most)
        assert 0 < len(jpeg) <= most
        shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert shown is not None
        assert shown.shape[1] == width
    assert small_jpeg(noise, 1000) == b""


def test_a_damaged_jpeg_has_no_colours() -> None:
    assert bgr_jpeg(b"\xff\xd8\xff", (640, 480), 320) is None
