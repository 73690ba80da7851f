"""What an emulated camera films: the bundled street as files of frames, each with room for its sequence number."""

import functools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import cv2
import numpy as np
from fakes.emulator.library import FOLDER

from hardware.sources.file import FOOTAGE

DIGITS = b"0000000000"
_SEI_MARK = b"cuelight sequence"[:16]
_JPEG_QUALITY = 45
_GOP = 30
_ENTRY = struct.Struct("=QIIq")


@dataclass(frozen=True)
class Mode:
    """A pixel format by its four characters, a size, and the rates offered for it, the usual one first."""

    pixel_format: str
    width: int
    height: int
    rates: tuple[int, ...] = (30, 15)


@dataclass(frozen=True)
class _Picture:
    data: bytes
    key: bool
    number_at: int


def number_of(data: bytes) -> int:
    """The sequence number that the driver wrote into a frame of any codec; raises ValueError when there is none."""
    if data.startswith(b"\xff\xd8"):
        return int(data[6:16])
    at = data.find(_SEI_MARK)
    return int(data[at + len(_SEI_MARK) :][: len(DIGITS)]) if at >= 0 else int(data[: len(DIGITS)])


@functools.cache
def frames_file(pixel_format: str, width: int, height: int) -> Path:
    """A file as streaming.c plays it, made at first use; it must not be changed."""
    path = FOLDER / f"{pixel_format}-{width}x{height}"
    pictures = list(_MAKERS[pixel_format](width, height))
    offset = 8 + len(pictures) * _ENTRY.size
    index, body = b"", b""
    for picture in pictures:
        index += _ENTRY.pack(offset + len(body), len(picture.data), picture.key, picture.number_at)
        body += picture.data
    path.write_bytes(struct.pack("=Q", len(pictures)) + index + body)
    return path


def _street(width: int, height: int, count: int) -> Iterator[Any]:
    """BGR pictures of the footage in that size."""
    with av.open(str(FOOTAGE)) as container:
        for frame, _ in zip(container.decode(video=0), range(count), strict=False):
            yield cv2.resize(frame.to_ndarray(format="bgr24"), (width, height), interpolation=cv2.INTER_LINEAR)


def _mjpg(width: int, height: int) -> Iterator[_Picture]:
    """As USB cameras send it, 4:2:2; the number is in a comment behind the start marker."""
    comment = b"\xff\xfe" + (2 + len(DIGITS)).to_bytes(2, "big") + DIGITS
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
    for image in _street(width, height, 30):
        _, coded = cv2.imencode(".jpg", image, options)
        yield _Picture(b"\xff\xd8" + comment + coded.tobytes()[2:], key=True, number_at=6)


def _yuyv(width: int, height: int) -> Iterator[_Picture]:
    """The number takes the place of the first five pixels."""
    for image in _street(width, height, 5):
        yuv = cv2.cvtColor(image, cv2.COLOR_BGR2YUV)
        packed = np.empty((height, width, 2), np.uint8)
        packed[:, :, 0] = yuv[:, :, 0]
        packed[:, 0::2, 1] = yuv[:, 0::2, 1]
        packed[:, 1::2, 1] = yuv[:, 0::2, 2]
        yield _Picture(packed.tobytes(), key=True, number_at=0)


def _coded(
    encoder_name: Literal["libx264", "libx265"], options: dict[str, str], width: int, height: int
) -> Iterator[tuple[bytes, bool]]:
    encoder = av.CodecContext.create(encoder_name, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(30), Fraction(1, 30)
    encoder.gop_size, encoder.max_b_frames = _GOP, 0
    encoder.options = options
    for image in [*_street(width, height, 2 * _GOP), None]:
        frame = None if image is None else av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        yield from ((bytes(packet), packet.is_keyframe) for packet in encoder.encode(frame))


def _with_number(data: bytes, sei_header: bytes, is_picture: Any) -> tuple[bytes, int]:
    """An SEI message with room for the number, before the first NAL unit of a picture; and where the number is."""
    at = next(at for at in _nal_units(data) if is_picture(data[at + 3]))
    at -= at > 0 and data[at - 1] == 0
    payload = bytes([5, len(_SEI_MARK) + len(DIGITS)]) + _SEI_MARK + DIGITS + b"\x80"
    start = b"\x00\x00\x00\x01" + sei_header
    return data[:at] + start + payload + data[at:], at + len(start) + 2 + len(_SEI_MARK)


def _nal_units(data: bytes) -> Iterator[int]:
    at = data.find(b"\x00\x00\x01")
    while at >= 0:
        yield at
        at = data.find(b"\x00\x00\x01", at + 3)


def _h264(width: int, height: int) -> Iterator[_Picture]:
    """Annex B with parameter sets before each key frame, one a second at 30 frames a second."""
    options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "26", "profile": "baseline"}
    for data, key in _coded("libx264", options, width, height):
        numbered, number_at = _with_number(data, b"\x06", lambda header: header & 0x1F in (1, 5))
        yield _Picture(numbered, key, number_at)


def _hevc(width: int, height: int) -> Iterator[_Picture]:
    options = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none:repeat-headers=1"}
    for data, key in _coded("libx265", options, width, height):
        numbered, number_at = _with_number(data, b"\x4e\x01", lambda header: header >> 1 & 0x3F < 32)
        yield _Picture(numbered, key, number_at)


_MAKERS = {"MJPG": _mjpg, "YUYV": _yuyv, "H264": _h264, "HEVC": _hevc}
