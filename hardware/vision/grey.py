"""Decoded frames to what analysers look at. Loads av, numpy and cv2."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av

cv2.setNumThreads(1)  # a pool of threads costs more than it gains on small pictures

Grey = NDArray[np.uint8]
"""Brightness: (height, width)."""

_BRIGHTNESS_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}


def grey_picture(frame: "av.VideoFrame", width: int) -> Grey:
    """The frame's brightness, `width` pixels wide or as wide as it is; a copy that the caller may keep."""
    luma = _luma(frame)
    if luma.shape[1] <= width:
        return np.ascontiguousarray(luma)
    height = max(1, round(luma.shape[0] * width / luma.shape[1]))
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _luma(frame: "av.VideoFrame") -> Grey:
    """Not copied where the format has the brightness by itself, in bytes."""
    if frame.format.name == "yuyv422":
        return _rows(frame)[:, : frame.width * 2 : 2]
    if frame.format.name not in _BRIGHTNESS_FIRST:
        # The frame's own reformatter is shared with other threads.
        frame = VideoReformatter().reformat(frame, format="gray", threads=1)
    return _rows(frame)[:, : frame.width]


def _rows(frame: "av.VideoFrame") -> Grey:
    plane = frame.planes[0]
    rows: Grey = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    return rows[: frame.height]
