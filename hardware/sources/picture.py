"""The test picture: colour bars, a running time code, and the frame number for machines."""

from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_BARS_BGR = (
    (191, 191, 191),
    (0, 191, 191),
    (191, 191, 0),
    (0, 191, 0),
    (191, 0, 191),
    (0, 0, 191),
    (191, 0, 0),
)
_BLACK, _WHITE = 16, 235
"""Luma of black and white in limited range."""

_FONT = cv2.FONT_HERSHEY_DUPLEX

_NUMBER_BITS, _CHECK_BITS = 24, 8
_BLOCKS = 2 + _NUMBER_BITS + _CHECK_BITS
"""The strip: white, black, then number and checksum, most significant bit first; white is 1."""

_STRIP_SHARE = 18
"""The strip is the lowest eighteenth of the picture."""

_NS = 1_000_000_000


def time_code(wall_ns: int, rate: float) -> str:
    """`HH:MM:SS:FF` in UTC; FF is the picture's place within its second."""
    moment = datetime.fromtimestamp(wall_ns // _NS, UTC)
    return f"{moment:%H:%M:%S}:{int(wall_ns % _NS * rate) // _NS:02d}"


class BarsPicture:
    """Draws pictures of `width` x `height` (even) as planar YUV 4:2:0, luma first: what an encoder takes."""

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._height = height
        self._strip = height - height // _STRIP_SHARE
        self._scale = width / 640
        self._planes = self._background()

    def _background(self) -> Picture:
        picture = np.zeros((self._height, self._width, 3), np.uint8)
        edges = np.linspace(0, self._width, len(_BARS_BGR) + 1).round().astype(int)
        for colour, left, right in zip(_BARS_BGR, edges[:-1], edges[1:], strict=True):
            picture[: self._height * 3 // 4, left:right] = colour
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)

    def draw(self, number: int, text: str) -> Picture:
        """The picture with `text` and frame `number`: an array of height * 3/2 rows, overwritten by the next call."""
        luma = self._planes[: self._height]
        luma[self._height * 3 // 4 :] = _BLACK
        thickness = max(1, round(self._scale * 2))
        (text_width, _), _ = cv2.getTextSize(text, _FONT, self._scale * 1.6, thickness)
        origin = ((self._width - text_width) // 2, round(self._height * 0.88))
        cv2.putText(luma, text, origin, _FONT, self._scale * 1.6, _WHITE, thickness)
        blocks = np.repeat(_encode(number), np.diff(_edges(self._width)))
        luma[self._strip :] = blocks
        return self._planes


def read_frame_number(picture: Picture) -> int | None:
    """The frame number (modulo 2**24) in a picture drawn by `BarsPicture`, None when there is none to be read.

    `picture` is grey (height, width) or BGR (height, width, 3), in any size that leaves the blocks a few pixels.
    """
    grey = picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    height, width = grey.shape
    middle = height - height // (2 * _STRIP_SHARE)
    edges = _edges(width)
    centres = (edges[:-1] + edges[1:]) // 2
    bits = grey[middle - 1 : middle + 1, centres].mean(axis=0) > (_BLACK + _WHITE) / 2
    if not bits[0] or bits[1]:
        return None
    value = int("".join("1" if bit else "0" for bit in bits[2:]), 2)
    number, check = value >> _CHECK_BITS, value & (2**_CHECK_BITS - 1)
    return number if check == _checksum(number) else None


def _edges(width: int) -> NDArray[np.int_]:
    return np.linspace(0, width, _BLOCKS + 1).round().astype(int)


def _encode(number: int) -> Picture:
    number %= 2**_NUMBER_BITS
    value = number << _CHECK_BITS | _checksum(number)
    bits = [True, False, *(bool(value >> place & 1) for place in reversed(range(_NUMBER_BITS + _CHECK_BITS)))]
    return np.where(bits, _WHITE, _BLACK).astype(np.uint8)


def _checksum(number: int) -> int:
    """Eight bits that a black, a white and a shifted strip all fail."""
    return (sum(number.to_bytes(4, "big")) ^ 0x5A) & 0xFF
