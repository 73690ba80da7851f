"""Pictures in colour: for analysers that need it, and for people. Loads numpy and cv2; av with the first frame."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from hardware.pipeline.sizes import fit, reduction
from hardware.vision.grey import Pixels

if TYPE_CHECKING:
    import av

_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}

LONGEST_SIDE = 1280
"""Pixels of a picture for people."""

_SIZES = ((LONGEST_SIDE, 80), (640, 60))
"""Longest side and quality of their JPEG; the second when the first takes too many bytes."""


def bgr_jpeg(data: bytes, size: tuple[int, int], width: int) -> Pixels | None:
    """A JPEG of `size` (width, height) as blue, green, red: `width` pixels wide or as wide as it is; None when damaged.

    Answers (height, width, 3).
    """
    flags = _REDUCED[reduction(*size, width, 1)] | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    return None if decoded is None else _shrunk(np.asarray(decoded, np.uint8), width)


def bgr_picture(frame: "av.VideoFrame", width: int) -> Pixels:
    """The frame as blue, green, red, `width` pixels wide or as wide as it is: (height, width, 3), a copy."""
    from av.video.reformatter import VideoReformatter

    wide = min(width, frame.width)
    high = max(1, round(frame.height * wide / frame.width))
    # The frame's own reformatter is shared with other threads.
    small = VideoReformatter().reformat(frame, wide, high, "bgr24", interpolation="AREA", threads=1)
    return np.asarray(small.to_ndarray(), np.uint8)


def small_jpeg(picture: Pixels, most_bytes: int) -> bytes:
    """The picture as a JPEG for people, in at most so many bytes; empty when that cannot be."""
    for side, quality in _SIZES:
        width, _ = fit(picture.shape[1], picture.shape[0], side, side)
        _, data = cv2.imencode(".jpg", _shrunk(picture, width), (cv2.IMWRITE_JPEG_QUALITY, quality))
        if data.size <= most_bytes:
            return data.tobytes()
    return b""


def _shrunk(picture: Pixels, width: int) -> Pixels:
    if picture.shape[1] <= width:
        return picture
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
