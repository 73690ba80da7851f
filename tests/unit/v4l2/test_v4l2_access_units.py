"""H.264 and H.265 out of a camera's buffers: pictures that decode from each key frame on."""

import time
from fractions import Fraction

import av
import pytest
from fakes.source import coded_pictures
from fakes.v4l2_pictures import PPS, SPS, START_CODE, h264
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import Codec
from hardware.v4l2.accessunits import UnitJoiner
from hardware.v4l2.pictures import BrokenPicture

IDR, DELTA, AUD, SEI = (START_CODE + unit for unit in (b"\x65\x88\x80", b"\x41\x9a\x80", b"\x09\x10", b"\x06\x01\x80"))


def units(codec: Codec, data: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")[1:]]


def test_pictures_are_passed_on_untouched_and_key_frames_known() -> None:
    joiner = UnitJoiner(Codec.H264)
    pictures = [SPS + PPS + IDR, DELTA, AUD + DELTA, AUD + SPS + PPS + SEI + IDR, b"\0\0\1" + DELTA[4:]]
    taken = [joiner.take(picture) for picture in pictures]
    assert taken == list(zip(pictures, [True, False, False, True, False], strict=True))


def test_a_key_frame_without_parameter_sets_gets_the_last_ones() -> None:
    joiner = UnitJoiner(Codec.H264)
    newer = START_CODE + b"\x68\xce\x3c\x81"
    joiner.take(SPS + PPS + IDR)
    joiner.take(newer + DELTA)
    for bare, whole in [
        (IDR, SPS + newer + IDR),
        (AUD + IDR, AUD + SPS + newer + IDR),
        (SEI + IDR, SPS + newer + SEI + IDR),
    ]:
        picture = joiner.take(bare)
        assert picture is not None
        assert picture.key
        assert units(Codec.H264, picture.data) == units(Codec.H264, whole)


def test_a_buffer_without_a_picture_is_joined_to_the_next() -> None:
    joiner = UnitJoiner(Codec.H264)
    assert joiner.take(SPS + PPS) is None
    assert joiner.take(SEI) is None
    assert joiner.take(IDR) == (SPS + PPS + SEI + IDR, True)
    assert joiner.take(DELTA) == (DELTA, False)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\x00\x00\x00\x10" + IDR[4:], "start"),
        (b"\x12" + DELTA, "start"),
        (bytes(40), "start"),
        (START_CODE + b"\xe5\x88\x80", "header"),
        (START_CODE, "header"),
        (IDR, "parameterless"),
        (SEI + bytes(70_000), "pictureless"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, reason: str) -> None:
    joiner = UnitJoiner(Codec.H264)
    with pytest.raises(BrokenPicture) as broken:
        joiner.take(data)
    assert broken.value.reason == reason
    assert joiner.take(DELTA) == (DELTA, False)


@given(st.lists(st.one_of(st.sampled_from([SPS, PPS, IDR, DELTA, AUD, SEI, b""]), st.binary(max_size=20)), max_size=8))
def test_any_bytes_are_a_picture_or_a_named_failure(parts: list[bytes]) -> None:
    for codec in (Codec.H264, Codec.HEVC):
        joiner = UnitJoiner(codec)
        for data in (b"".join(parts), *parts):
            try:
                picture = joiner.take(data)
            except BrokenPicture:
                continue
            assert picture is None or picture.data.endswith(data)


def coded(codec: Codec) -> list[tuple[bytes, bool]]:
    """Thirty pictures of a real encoder, a key frame every ten, whose parameter sets come once."""
    if codec is Codec.H264:
        return coded_pictures(codec, 320, 240, count=30)
    encoder = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x265-params": "keyint=10:min-keyint=10:bframes=0:repeat-headers=1:log-level=none:pools=1:frame-threads=1",
    }
    packets = []
    for number in range(30):
        frame = av.VideoFrame(320, 240, "yuv420p")
        frame.pts = number
        packets += [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(frame)]
    return packets + [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(None)]


@pytest.mark.parametrize("codec", [Codec.H264, Codec.HEVC])
def test_a_real_stream_decodes_from_each_key_frame_on(codec: Codec) -> None:
    sets = {Codec.H264: (7, 8), Codec.HEVC: (32, 33, 34)}[codec]

    def kind(unit: bytes) -> int:
        return unit[0] & 31 if codec is Codec.H264 else unit[0] >> 1 & 63

    joiner = UnitJoiner(codec)
    taken = []
    for number, (data, key) in enumerate(coded(codec)):
        if number:
            data = b"".join(START_CODE + unit for unit in units(codec, data) if kind(unit) not in sets)
        picture = joiner.take(data)
        assert picture is not None
        assert picture.key == key
        taken.append(picture.data)
    decoder = av.CodecContext.create("h264" if codec is Codec.H264 else "hevc", "r")
    frames = [frame for data in taken[20:] for frame in decoder.decode(av.Packet(data))]
    frames += decoder.decode(None)
    assert len(frames) == 10
    assert not any(frame.is_corrupt for frame in frames)


def test_the_fake_camera_speaks_it() -> None:
    joiner = UnitJoiner(Codec.H264)
    assert [picture.key for number in range(12) if (picture := joiner.take(h264(number)))] == [
        number % 10 == 0 for number in range(12)
    ]


def test_very_many_sets_cost_no_more_than_their_bytes_and_are_not_kept() -> None:
    joiner = UnitJoiner(Codec.H264)
    began = time.process_time()
    assert joiner.take(SPS * 100_000 + PPS + IDR) is not None
    assert time.process_time() - began < 3.0
    with pytest.raises(BrokenPicture, match="parameterless"):
        joiner.take(IDR)
