"""Which bytes pass for a JPEG, judged by real ones and by broken ones."""

import cv2
import numpy as np
import pytest
from fakes.inbound import jpeg
from hypothesis import given
from hypothesis import strategies as st

from presets_store.protocol.scripts.jpeg import jpeg_problem


def encoded(*options: int, shape: tuple[int, ...] = (48, 64, 3)) -> bytes:
    picture = np.random.default_rng(7).integers(0, 255, shape, np.uint8)
    return bytes(cv2.imencode(".jpg", picture, list(options))[1])


@pytest.mark.parametrize(
    "picture",
    [
        encoded(),
        encoded(cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        encoded(shape=(48, 64)),
        encoded(cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
        encoded() + b"\0" * 500,
        jpeg(10_000, 5_000),
    ],
    ids=["colour", "progressive", "grey", "restarts", "filled up", "fifty megapixels"],
)
def test_pictures_pass(picture: bytes) -> None:
    assert jpeg_problem(picture) == ""


@given(st.binary(max_size=400))
def test_any_bytes_are_judged(data: bytes) -> None:
    assert jpeg_problem(data)
    jpeg_problem(b"\xff\xd8" + data + b"\xff\xd9")


@given(st.data())
def test_a_cut_or_changed_picture_is_judged_by_its_size(data: st.DataObject) -> None:
    """Whatever is changed in it: what passes says that it has at most fifty megapixels, where a decoder would look."""
    picture = bytearray(encoded())
    for _ in range(data.draw(st.integers(1, 4))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    if jpeg_problem(bytes(picture)) == "":
        shown = cv2.imdecode(np.frombuffer(bytes(picture), np.uint8), cv2.IMREAD_UNCHANGED)
        assert shown is None or shown.shape[0] * shown.shape[1] <= 50_000_000
