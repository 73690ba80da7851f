"""What encoders are given: scaled, turned, written on, in limited range; and what they are told."""

from typing import Any

import av
import cv2
import numpy as np
import pytest
from fakes.source import picture
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.models import Codec, Format, Packet
from hardware.pipeline.encoders import candidates
from hardware.pipeline.encoding import FrameEncoder
from hardware.pipeline.overlay import Overlay
from hardware.pipeline.recipe import Recipe, Thinning
from hardware.pipeline.shaping import Shaper
from hardware.pipeline.taker import Picture

NS = 1_000_000_000
FORMATS = ("yuvj422p", "yuvj420p", "yuv420p", "yuvj444p", "yuyv422", "nv12", "yuv420p10le")


def recipe(*size: int, **changes: Any) -> Recipe:
    width, height = size or (320, 240)
    source = Format(codec=Codec.MJPEG, width=width, height=height, rate=30)
    values: dict[str, Any] = {"bitrate": 0, "gop": 30, "rotation": 0, "hflip": False, "vflip": False}
    return Recipe(source, **values | changes)


def frame_of(pixels: "np.ndarray[Any, np.dtype[np.uint8]]", name: str) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=name, threads=1)


def rgb(planes: "np.ndarray[Any, np.dtype[np.uint8]]") -> "np.ndarray[Any, np.dtype[np.int_]]":
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420), int)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_keeps_its_picture(name: str) -> None:
    pixels = picture(9, 320, 240)
    shaped = Shaper(recipe(), "").shape(frame_of(pixels, name), 0)
    assert shaped.planes.shape == (360, 320)
    difference = np.abs(rgb(shaped.planes) - pixels)
    assert np.percentile(difference, 95) <= 5


def test_full_range_becomes_limited() -> None:
    steps = np.repeat(np.linspace(0, 255, 16).astype(np.uint8), 16 * 3).reshape(1, 256, 3)
    frame = frame_of(np.repeat(steps, 64, axis=0), "yuvj422p")
    luma = Shaper(recipe(256, 64), "").shape(frame, 0).planes[:64]
    assert (luma.min(), luma.max()) == (16, 235)
    assert np.abs(luma[0, ::16].astype(float) - np.linspace(16, 235, 16)).max() <= 1


@pytest.mark.parametrize(
    ("changes", "bright"),
    [
        ({}, (0.1, 0.1)),
        ({"rotation": 90}, (0.1, 0.9)),
        ({"rotation": 180}, (0.9, 0.9)),
        ({"rotation": 270}, (0.9, 0.1)),
        ({"hflip": True}, (0.1, 0.9)),
        ({"vflip": True}, (0.9, 0.1)),
        ({"rotation": 90, "vflip": True}, (0.9, 0.9)),
    ],
)
@pytest.mark.parametrize("name", ["yuvj422p", "yuv420p"])
def test_turned(name: str, changes: dict[str, Any], bright: tuple[float, float]) -> None:
    shaped = rgb(Shaper(recipe(**changes), "").shape(frame_of(picture(0, 320, 240), name), 0).planes)
    height, width = shaped.shape[:2]
    assert (width, height) == ((240, 320) if "rotation" in changes and changes["rotation"] != 180 else (320, 240))
    row, column = round(bright[0] * height), round(bright[1] * width)
    assert shaped[row, column, 0] > 200
    assert shaped[height - row, width - column, 0] < 70


@settings(deadline=None, max_examples=40)
@given(
    st.integers(16, 130), st.integers(16, 130), st.integers(0, 140), st.integers(0, 140),
    st.sampled_from([0, 90]), st.sampled_from(FORMATS[:5]),
)  # fmt: skip
def test_any_size_becomes_the_promised_one(
    width: int, height: int, wide: int, high: int, rotation: int, name: str
) -> None:
    source = Format(codec=Codec.MJPEG, width=width, height=height, rate=30)
    wanted = Recipe(source, 0, 30, rotation, hflip=False, vflip=False, width=wide, height=high)
    frame = av.VideoFrame(width & ~1 if name == "yuyv422" else width, height, name)
    shaped = Shaper(wanted, "").shape(frame, 0)
    assert shaped.planes.shape == (wanted.result.height * 3 // 2, wanted.result.width)


def test_the_overlay_shows_the_pictures_own_second_and_the_name() -> None:
    def draw(template: str, mono_ns: int, name: str = "Front door") -> "np.ndarray[Any, np.dtype[np.uint8]]":
        luma = np.full((240, 320), 100, np.uint8)
        colours = [np.full((120, 160), 50, np.uint8) for _ in range(2)]
        Overlay(template, name, 1_700_000_000 * NS).draw([luma, *colours], mono_ns)
        assert (colours[0] == 128).sum() > 100
        return luma

    shown = draw("{time} {name}", 5 * NS)
    assert (shown[:200] == 100).all()
    assert (shown[-20:] > 200).sum() > 100
    assert (shown == draw("{time} {name}", 6 * NS - 1)).all()
    assert (shown != draw("{time} {name}", 6 * NS)).any()
    assert (shown == draw("2023-11-14 22:13:25 UTC Front door", 0)).all()
    assert (draw("{name}", 0, "Küche") == draw("Kuche", 0)).all()


@pytest.mark.parametrize(("width", "height"), [(320, 240), (160, 120), (64, 48), (1280, 720), (16, 16)])
def test_a_long_overlay_stays_inside(width: int, height: int) -> None:
    wanted = recipe(width, height, overlay="{time} {name} and a good deal more than fits")
    shaped = Shaper(wanted, "Front door").shape(frame_of(picture(0, width, height), "yuvj420p"), 0)
    assert shaped.planes.shape == (height * 3 // 2, width)
    assert (shaped.planes[:height] == 32).any()


def coded(wanted: Recipe, count: int = 3, noise: bool = False) -> list[Packet]:
    (candidate,) = candidates(wanted.codec)
    encoder = FrameEncoder(wanted, "", candidate)
    random = np.random.default_rng(4)
    drawn = [
        random.integers(0, 255, (240, 320, 3), np.uint8) if noise else picture(number, 320, 240)
        for number in range(count)
    ]
    frames = [frame_of(pixels, "yuvj420p") for pixels in drawn]
    pictures = [
        Picture(Packet(b"", Codec.MJPEG, 320, 240, 10**9 + number * 33_333_333, number, key=True), frame, number)
        for number, frame in enumerate(frames)
    ]
    return [packet for shown in pictures for packet in encoder.encode(shown)]


@pytest.mark.parametrize(
    ("parameters", "profile", "level"),
    [
        ({"h264_profile": 0, "h264_level": 8}, 66, 30),
        ({"h264_profile": 2, "h264_level": 11}, 77, 40),
        ({"h264_profile": 4, "h264_level": 14}, 100, 50),
        ({}, 66, 13),
    ],
)
def test_profile_and_level_as_asked(parameters: dict[str, int], profile: int, level: int) -> None:
    sets = coded(recipe(parameters=tuple(parameters.items())))[0].data
    start = sets.index(b"\x00\x00\x01\x67") + 4
    assert (sets[start], sets[start + 2]) == (profile, level)


def test_quantiser_bounds_bound_the_size() -> None:
    fine = coded(recipe(parameters=(("h264_maximum_qp_value", 10),)), noise=True)
    coarse = coded(recipe(parameters=(("h264_minimum_qp_value", 45),)), noise=True)
    assert sum(len(packet.data) for packet in fine) > 5 * sum(len(packet.data) for packet in coarse)


def test_a_constant_bit_rate_is_kept_where_a_variable_one_is_not() -> None:
    sizes = [
        [
            len(packet.data)
            for packet in coded(recipe(bitrate=400_000, parameters=(("video_bitrate_mode", mode),)), 60, True)
        ]
        for mode in (0, 1)
    ]
    assert max(sum(sizes[1][at : at + 30]) for at in range(30)) * 8 < 650_000
    assert sizes[0] != sizes[1]


def test_a_decoder_learns_the_colours() -> None:
    decoder = av.CodecContext.create("h264", "r")
    frame = decoder.decode(av.Packet(coded(recipe())[0].data))[0]
    assert frame.colorspace == 5  # the matrix of JPEG
    assert frame.color_range in (0, 1)


def test_the_bit_rate_of_a_time_lapse_is_that_of_the_film() -> None:
    """One picture a minute at 2 Mbit/s must not become 15 MB each."""
    noise = np.random.default_rng(4)
    wanted = recipe(bitrate=500_000, thinning=Thinning(60 * NS, 30.0))
    (candidate,) = candidates(Codec.H264)
    encoder = FrameEncoder(wanted, "", candidate)
    sizes = []
    for place in range(60):
        frame = frame_of(noise.integers(0, 255, (240, 320, 3), np.uint8), "yuvj420p")
        packet = Packet(b"", Codec.MJPEG, 320, 240, 10**9 + place * 60 * NS, place, key=True)
        sizes += [len(out.data) for out in encoder.encode(Picture(packet, frame, place))]
    assert sum(sizes[30:]) * 8 < 2 * 500_000


def test_times_come_back_to_the_nanosecond() -> None:
    assert [packet.mono_ns for packet in coded(recipe())] == [10**9 + number * 33_333_333 for number in range(3)]
