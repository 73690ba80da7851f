"""Whole pictures are measured, broken ones are refused with the reason that is counted."""

import cv2
import numpy as np
import pytest
from fakes.v4l2_pictures import jpeg
from hypothesis import given
from hypothesis import strategies as st

from hardware.v4l2.pictures import BrokenPicture, JpegExtent, JpegRuler, measure_jpeg, pack_rows

WHOLE = jpeg(640, 480)


def reason_of(data: bytes) -> str:
    with pytest.raises(BrokenPicture) as broken:
        measure_jpeg(data)
    return broken.value.reason


@pytest.mark.parametrize(
    "settings",
    [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]],
    ids=["baseline", "progressive", "restart markers"],
)
def test_real_jpegs_are_whole_and_every_cut_is_seen(settings: list[int]) -> None:
    picture = np.random.default_rng(7).integers(0, 256, (48, 64, 3), np.uint8)
    data = cv2.imencode(".jpg", picture, settings)[1].tobytes()
    assert measure_jpeg(data) == JpegExtent(64, 48, len(data), has_tables=True)
    for end in range(len(data)):
        assert reason_of(data[:end]) in ("empty", "start", "truncated")


@given(st.integers(1, 65535), st.integers(1, 65535), st.binary(max_size=300))
def test_padding_behind_the_end_marker_is_not_the_picture(width: int, height: int, padding: bytes) -> None:
    data = jpeg(width, height)
    padding = padding.replace(b"\xd9", b"")
    assert measure_jpeg(data + padding) == JpegExtent(width, height, len(data), has_tables=False)


@given(st.binary(max_size=400), st.integers(0, len(WHOLE)))
def test_any_bytes_are_measured_or_refused(noise: bytes, kept: int) -> None:
    for data in (noise, b"\xff\xd8" + noise, WHOLE[:kept] + noise):
        try:
            extent = measure_jpeg(data)
        except BrokenPicture:
            continue
        assert extent.length <= len(data)
        assert data[: extent.length].endswith(b"\xff\xd9")


def test_reasons() -> None:
    assert reason_of(b"") == "empty"
    assert reason_of(WHOLE[2:]) == "start"
    assert reason_of(WHOLE[:-1]) == "truncated"
    assert reason_of(jpeg(0, 480)) == "header"
    assert reason_of(b"\xff\xd8\x00\x00\x00\x00") == "header"


def test_fill_bytes_and_lone_markers_between_segments() -> None:
    data = WHOLE[:2] + b"\xff\xff\xff\x01" + WHOLE[2:]
    assert measure_jpeg(data) == JpegExtent(640, 480, len(data), has_tables=False)
    assert reason_of(WHOLE[:2] + b"\xff\xe0\x00\x01" + WHOLE[2:]) == "header"


def test_an_end_marker_of_a_thumbnail_does_not_count() -> None:
    thumbnail = jpeg(16, 16)
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    data = WHOLE[:2] + segment + WHOLE[2:]
    assert measure_jpeg(data) == JpegExtent(640, 480, len(data), has_tables=False)
    assert reason_of(data[:-2]) == "truncated"


def _noted(note: bytes, picture: bytes) -> bytes:
    return picture[:2] + b"\xff\xfe" + (2 + len(note)).to_bytes(2, "big") + note + picture[2:]


pictures = st.builds(_noted, st.binary(max_size=4), st.sampled_from([WHOLE, jpeg(64, 48), jpeg(640, 480, number=7)]))
"""With a comment in front of what tells their size."""


@given(st.lists(st.builds(lambda data, cut: data[: len(data) - cut], pictures, st.integers(0, 700)), max_size=8))
def test_a_ruler_says_of_each_picture_what_it_is_by_itself(stream: list[bytes]) -> None:
    ruler = JpegRuler()
    for data in stream:
        try:
            extent = measure_jpeg(data)
        except BrokenPicture as broken:
            with pytest.raises(BrokenPicture, match=broken.reason):
                ruler.measure(data)
        else:
            assert ruler.measure(data) == extent


@given(st.integers(1, 40), st.integers(0, 16), st.integers(1, 12), st.booleans())
def test_rows_are_packed(row: int, padding: int, height: int, last_row_padded: bool) -> None:
    rows = [bytes([number]) * row for number in range(height)]
    data = b"".join(line + b"\xee" * padding for line in rows)
    if not last_row_padded and padding:
        data = data[:-padding]
    assert pack_rows(data, row, row + padding, height) == b"".join(rows)
    with pytest.raises(BrokenPicture):
        pack_rows(data[: (row + padding) * (height - 1) + row - 1], row, row + padding, height)


def test_no_stride_means_packed() -> None:
    assert pack_rows(b"abcdef", 3, 0, 2) == b"abcdef"
