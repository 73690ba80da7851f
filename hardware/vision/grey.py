"""Pictures to what analysers look at. Loads numpy and cv2; av (20 MB) with the first frame that needs it."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.pipeline.sizes import reduction

if TYPE_CHECKING:
    import av

cv2.setNumThreads(1)  # a pool of threads costs more than it gains on small pictures

Pixels = NDArray[np.uint8]
"""A picture: (height, width), or (height, width, 3) in the order blue, green, red."""

Grey = Pixels
"""Brightness: (height, width)."""

_BRIGHTNESS_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}


_REDUCED = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


def grey_jpeg(data: bytes, size: tuple[int, int], width: int) -> Grey | None:
    """The brightness of a JPEG of `size` (width, height), `width` pixels wide or as wide as it is; None when damaged.

    Its colours are not decoded, which saves a quarter of the work.
    """
    flags = _REDUCED[reduction(*size, width, 1)] | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    return None if decoded is None else _shrunk(np.asarray(decoded, np.uint8), width)


def grey_picture(frame: "av.VideoFrame", width: int) -> Grey:
    """The frame's brightness, `width` pixels wide or as wide as it is; a copy that the caller may keep."""
    return _shrunk(_luma(frame), width)


def _shrunk(luma: Grey, width: int) -> Grey:
    if luma.shape[1] <= width:
        return np.ascontiguousarray(luma)
    height = max(1, round(luma.shape[0] * width / luma.shape[1]))
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _luma(frame: "av.VideoFrame") -> Grey:
    """Not copied where the format has the brightness by itself, in bytes."""
    if frame.format.name == "yuyv422":
        return _rows(frame)[:, : frame.width * 2 : 2]
    if frame.format.name not in _BRIGHTNESS_FIRST:
        from av.video.reformatter import VideoReformatter

        # The frame's own reformatter is shared with other threads.
        frame = VideoReformatter().reformat(frame, format="gray", threads=1)
    return _rows(frame)[:, : frame.width]


def _rows(frame: "av.VideoFrame") -> Grey:
    plane = frame.planes[0]
    rows: Grey = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    return rows[: frame.height]
