"""The format is chosen on purpose."""

from hypothesis import given
from hypothesis import strategies as st

from hardware.models import Codec, Format
from hardware.v4l2 import abi
from hardware.v4l2.choice import choose_modes
from hardware.v4l2.device import CODECS, Mode


def mode(pixel_format: int, width: int, height: int, rate: float) -> Mode:
    return Mode(pixel_format, Format(codec=CODECS[pixel_format], width=width, height=height, rate=rate))


WEBCAM = [
    mode(abi.YUYV, 640, 480, 30),
    mode(abi.YUYV, 1280, 720, 10),
    mode(abi.MJPG, 640, 480, 30),
    mode(abi.MJPG, 1280, 720, 60),
    mode(abi.MJPG, 1280, 720, 30),
    mode(abi.MJPG, 1920, 1080, 30),
    mode(abi.MJPG, 1920, 1080, 5),
    mode(abi.MJPG, 3840, 2160, 30),
]


def wanted(codec: Codec, width: int, height: int, rate: float) -> Format:
    return Format(codec=codec, width=width, height=height, rate=rate)


def test_of_its_own_compressed_large_and_fluent() -> None:
    assert choose_modes(WEBCAM, None) == [mode(abi.MJPG, 1920, 1080, 30), mode(abi.YUYV, 640, 480, 30)]


def test_slow_or_huge_is_taken_when_there_is_nothing_else() -> None:
    assert choose_modes([mode(abi.YUYV, 1280, 720, 10)], None) == [mode(abi.YUYV, 1280, 720, 10)]
    huge = [mode(abi.MJPG, 3840, 2160, 30), mode(abi.MJPG, 2560, 1440, 30)]
    assert choose_modes(huge, None) == [huge[1]]


def test_what_is_wanted_exactly() -> None:
    assert choose_modes(WEBCAM, wanted(Codec.MJPEG, 1280, 720, 60))[0] == mode(abi.MJPG, 1280, 720, 60)
    assert choose_modes(WEBCAM, wanted(Codec.YUYV, 1280, 720, 10))[0] == mode(abi.YUYV, 1280, 720, 10)


def test_the_nearest_by_area_then_by_rate() -> None:
    assert choose_modes(WEBCAM, wanted(Codec.MJPEG, 720, 1280, 25))[0] == mode(abi.MJPG, 1280, 720, 30)
    assert choose_modes(WEBCAM, wanted(Codec.MJPEG, 1080, 1920, 30))[0] == mode(abi.MJPG, 1920, 1080, 30)


def test_a_codec_that_the_camera_has_not() -> None:
    assert choose_modes(WEBCAM, wanted(Codec.H264, 640, 480, 30))[0] == mode(abi.MJPG, 640, 480, 30)


_modes = st.builds(
    mode, st.sampled_from(list(CODECS)), st.integers(1, 8000), st.integers(1, 8000), st.floats(1, 240, allow_nan=False)
)


@given(st.lists(_modes, max_size=20), st.none() | _modes)
def test_one_of_each_pixel_format_whatever_the_order(modes: list[Mode], like: Mode | None) -> None:
    chosen = choose_modes(modes, like.format if like else None)
    assert {it.pixel_format for it in chosen} == {it.pixel_format for it in modes}
    assert len(chosen) == len({it.pixel_format for it in modes})
    assert set(chosen) <= set(modes)
    if like in modes:
        assert chosen[0].format == like.format
