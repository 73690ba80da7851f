"""A camera's JPEG as a viewer gets it."""

from fractions import Fraction
from functools import cache

import av
import pytest
from fakes.source import picture

from hardware.sinks.jpeg import USUAL_TABLES, as_file
from hardware.v4l2.pictures import BrokenPicture


@cache
def usual_jpeg() -> bytes:
    """One with the usual Huffman tables, which is what cameras use."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuvj420p"
    encoder.time_base = Fraction(1, 10)
    encoder.options = {"huffman": "default"}
    frame = av.VideoFrame.from_ndarray(picture(3, 320, 240), format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in encoder.encode(frame))


def test_a_whole_jpeg_is_passed_on_without_a_copy() -> None:
    jpeg = as_file(usual_jpeg())
    assert jpeg.data is usual_jpeg()
    assert (jpeg.width, jpeg.height) == (320, 240)


def test_padding_is_left_out() -> None:
    assert as_file(usual_jpeg() + bytes(4000)).data == usual_jpeg()


def test_missing_tables_are_put_in() -> None:
    assert usual_jpeg().count(USUAL_TABLES) == 1
    bare = usual_jpeg().replace(USUAL_TABLES, b"")
    mended = as_file(bare + bytes(100)).data
    assert mended == bare[:2] + USUAL_TABLES + bare[2:]
    decoder = av.CodecContext.create("mjpeg", "r")
    (whole,) = decoder.decode(av.Packet(usual_jpeg()))
    (same,) = decoder.decode(av.Packet(mended))
    assert (whole.to_ndarray() == same.to_ndarray()).all()


@pytest.mark.parametrize("data", [b"", b"no JPEG", usual_jpeg()[:1000]])
def test_what_is_not_whole_is_no_picture(data: bytes) -> None:
    with pytest.raises(BrokenPicture):
        as_file(data)
