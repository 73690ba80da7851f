"""Parameter sets in front of key pictures, with pictures that an encoder made."""

import time
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import Codec
from hardware.sources.annexb import ParameterSets, units
from hardware.sources.sizes import picture_size

SETS = {Codec.H264: {7, 8}, Codec.HEVC: {32, 33, 34}}


def coded(codec: Codec, width: int = 64, height: int = 48, *, delimiters: bool = False) -> bytes:
    """A key picture with its parameter sets."""
    encoder = av.CodecContext.create("libx264" if codec is Codec.H264 else "libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    parameters = "x265-params" if codec is Codec.HEVC else "x264-params"
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        parameters: f"log-level=none:aud={int(delimiters)}" if codec is Codec.HEVC else f"aud={int(delimiters)}",
    }
    frame = av.VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 90, np.uint8), "yuv420p")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def without_sets(codec: Codec, picture: bytes) -> bytes:
    return b"".join(picture[unit.start : unit.end] for unit in units(codec, picture) if unit.kind not in SETS[codec])


@pytest.mark.parametrize("delimiters", [False, True])
@pytest.mark.parametrize("codec", [Codec.H264, Codec.HEVC])
def test_missing_sets_are_put_in_front(codec: Codec, delimiters: bool) -> None:
    whole = coded(codec, delimiters=delimiters)
    bare = without_sets(codec, whole)
    assert picture_size(codec, bare) is None
    sets = ParameterSets(codec)
    assert sets.in_front_of(whole) == whole
    mended = sets.in_front_of(bare)
    assert picture_size(codec, mended) == (64, 48)
    assert [unit.kind for unit in units(codec, mended)] == [unit.kind for unit in units(codec, whole)]


@pytest.mark.parametrize("codec", [Codec.H264, Codec.HEVC])
def test_sets_of_the_description_serve_until_there_are_newer_ones(codec: Codec) -> None:
    first, second = coded(codec), coded(codec, 128, 96)
    sets = ParameterSets(codec, known=first)
    assert picture_size(codec, sets.in_front_of(without_sets(codec, first))) == (64, 48)
    before = sets.size_set
    sets.in_front_of(second)
    assert sets.size_set != before
    assert picture_size(codec, sets.in_front_of(without_sets(codec, second))) == (128, 96)


def test_a_picture_stays_as_it_is_when_no_sets_are_known() -> None:
    bare = without_sets(Codec.H264, coded(Codec.H264))
    assert ParameterSets(Codec.H264).in_front_of(bare) == bare


@given(st.binary(max_size=200), st.sampled_from([Codec.H264, Codec.HEVC]))
def test_units_never_overlap_whatever_the_bytes(data: bytes, codec: Codec) -> None:
    at = 0
    for unit in units(codec, data):
        assert at <= unit.start < unit.end <= len(data)
        assert data[unit.start : unit.end].lstrip(b"\0").startswith(b"\1")
        at = unit.end
    ParameterSets(codec).in_front_of(data)


def test_very_many_sets_cost_no_more_than_their_bytes_and_are_not_kept() -> None:
    sets = ParameterSets(Codec.H264)
    many = b"\0\0\1\x67" * 400_000 + b"\0\0\1\x65\x80"
    began = time.process_time()
    assert sets.in_front_of(many) == many
    assert time.process_time() - began < 3.0  # it took a minute
    assert sets.size_set == b""
