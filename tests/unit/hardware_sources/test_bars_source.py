"""The bars source: a picture that tells its number and time, coded like a camera's."""

import av
import cv2
import numpy as np
import pytest
from fakes.footage import FakeClock
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import FormatUnsupported
from hardware.models import CameraSpec, Codec, Format, Packet
from hardware.sources.bars import BarsSource
from hardware.sources.pacing import Pacer
from hardware.sources.picture import BarsPicture, read_frame_number, time_code

SPEC = CameraSpec(camera_id="bars", name="Bars", backend="bars")
SMALL = Format(codec=Codec.MJPEG, width=321, height=180, rate=12.5)


def paced() -> tuple[BarsSource, FakeClock]:
    clock = FakeClock()
    return BarsSource(SPEC, Pacer(clock.monotonic_ns, clock.sleep), wall_ns=lambda: clock.now_ns), clock


def take(source: BarsSource, count: int) -> list[Packet]:
    packets = [source.read(1.0) for _ in range(count)]
    return [packet for packet in packets if packet is not None]


def pictures(packets: list[Packet]) -> list[np.ndarray]:
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    return [frame.to_ndarray(format="bgr24") for frame in frames + decoder.decode(None)]


def test_its_own_best_is_720p_at_30() -> None:
    source, _ = paced()
    granted = source.open(None)
    assert (granted.codec, granted.width, granted.height, granted.rate) == (Codec.H264, 1280, 720, 30.0)
    assert source.probe().formats[0] == granted
    packets = take(source, 3)
    assert [read_frame_number(picture) for picture in pictures(packets)] == [0, 1, 2]


def test_what_is_wanted_is_granted_as_even_h264() -> None:
    source, clock = paced()
    start_ns = clock.now_ns
    assert source.open(SMALL) == Format(codec=Codec.H264, width=320, height=180, rate=12.5)
    packets = take(source, 40)
    assert [packet.mono_ns - start_ns for packet in packets] == [number * 80_000_000 for number in range(40)]
    assert [packet.sequence for packet in packets if packet.key] == [0, 12, 24, 36]
    assert [read_frame_number(picture) for picture in pictures(packets)] == list(range(40))
    assert [read_frame_number(picture) for picture in pictures(packets[24:])] == list(range(24, 40))


def test_too_much_is_refused() -> None:
    with pytest.raises(FormatUnsupported, match="1920x1080"):
        paced()[0].open(Format(codec=Codec.H264, width=3840, height=2160, rate=30))


def test_nothing_comes_early_and_a_late_reader_gets_all() -> None:
    source, clock = paced()
    source.open(SMALL)
    take(source, 1)
    assert source.read(0.05) is None
    clock.now_ns += 1_000_000_000
    assert [packet.sequence for packet in take(source, 5)] == [1, 2, 3, 4, 5]


def test_closing_twice_and_opening_again() -> None:
    source, _ = paced()
    for _ in range(3):
        source.open(SMALL)
        assert take(source, 2)[0].key
        source.close()
        source.close()


@given(st.integers(0, 2**24 - 1), st.sampled_from([(320, 180), (640, 360), (768, 576)]))
def test_the_number_is_read_back_in_any_size(number: int, size: tuple[int, int]) -> None:
    drawn = BarsPicture(640, 480).draw(number, "12:34:56:07")
    grey = cv2.resize(drawn[:480], size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert read_frame_number(grey) == number


def test_a_picture_without_the_strip_has_no_number() -> None:
    assert read_frame_number(np.zeros((480, 640), np.uint8)) is None
    assert read_frame_number(np.full((480, 640), 255, np.uint8)) is None
    drawn = BarsPicture(640, 480).draw(77, "").copy()[:480]
    assert read_frame_number(drawn[::-1]) is None
    assert read_frame_number(drawn[:, ::-1]) is None
    assert read_frame_number(drawn[::-1][::-1]) == 77


def test_the_time_code_runs_in_frames() -> None:
    base = 1_795_392_000 * 1_000_000_000
    assert time_code(base, 30) == "00:00:00:00"
    assert time_code(base + 999_999_999, 30) == "00:00:00:29"
    assert time_code(base + 3_723_500_000_000, 30) == "01:02:03:15"
