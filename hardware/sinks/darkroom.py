"""Develops a photo: a picture to the bytes of its file. Loaded by the first photo that needs it, as it loads cv2."""

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.models import Codec, Packet, PhotoOrder
from hardware.pipeline.sizes import reduction
from hardware.sinks.photoplan import final_size, is_turned

if TYPE_CHECKING:
    import av

Picture = NDArray[np.uint8]
"""Blue, green, red: (height, width, 3)."""

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_MIDDLE = 127.5


class Developed(NamedTuple):
    """A file's bytes and the picture's size in pixels."""

    data: bytes
    width: int
    height: int


def decode_jpeg(data: bytes, width: int, height: int, order: PhotoOrder) -> Picture | None:
    """The picture of a JPEG of `width` x `height`, decoded no larger than `order` needs; None when it is damaged."""
    turned_width, turned_height = final_size(order, width, height)
    target = (turned_height, turned_width) if is_turned(order) else (turned_width, turned_height)
    flags = _REDUCED[reduction(width, height, *target)] | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return None if decoded is None else np.asarray(decoded, np.uint8)


def decode_frame(frame: "av.VideoFrame") -> Picture:
    """The picture of a decoded frame."""
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def decode_raw(packet: Packet) -> Picture:
    """The picture of a packet of YUYV or NV12."""
    data = np.frombuffer(packet.data, np.uint8)
    if packet.codec is Codec.NV12:
        rows = data[: packet.height * packet.width * 3 // 2].reshape(packet.height * 3 // 2, packet.width)
        return np.asarray(cv2.cvtColor(rows, cv2.COLOR_YUV2BGR_NV12), np.uint8)
    pairs = data[: packet.height * packet.width * 2].reshape(packet.height, packet.width, 2)
    return np.asarray(cv2.cvtColor(pairs, cv2.COLOR_YUV2BGR_YUYV), np.uint8)


def develop(picture: Picture, order: PhotoOrder, size: tuple[int, int]) -> Developed:
    """Scales to `size` (width, height; of the file, so after turning), turns, adjusts and encodes."""
    width, height = size
    scaled = (height, width) if is_turned(order) else (width, height)
    if scaled != (picture.shape[1], picture.shape[0]):
        picture = np.asarray(cv2.resize(picture, scaled, interpolation=cv2.INTER_AREA), np.uint8)
    picture = _adjust(_turn(picture, order), order)
    options = [cv2.IMWRITE_JPEG_QUALITY, order.quality] if order.encoding == "jpg" else []
    _, coded = cv2.imencode(f".{order.encoding}", picture, options)
    return Developed(coded.tobytes(), width, height)


def _turn(picture: Picture, order: PhotoOrder) -> Picture:
    """Clockwise first, then mirrored: as in recordings."""
    if order.rotation_degrees:
        picture = np.asarray(cv2.rotate(picture, _TURNS[order.rotation_degrees]), np.uint8)
    if order.hflip:
        picture = picture[:, ::-1]
    if order.vflip:
        picture = picture[::-1]
    return np.ascontiguousarray(picture)


def _adjust(picture: Picture, order: PhotoOrder) -> Picture:
    """Sharpness against the blurred picture, saturation against the grey one, then contrast about the middle."""
    if order.sharpness != 1:
        picture = _mix(picture, cv2.GaussianBlur(picture, (0, 0), 1.0), order.sharpness)
    if order.saturation != 1:
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        picture = _mix(picture, grey, order.saturation)
    if order.contrast != 1 or order.brightness != 0:
        levels = (np.arange(256) - _MIDDLE) * order.contrast + _MIDDLE + order.brightness * 255
        picture = np.asarray(cv2.LUT(picture, np.clip(levels.round(), 0, 255).astype(np.uint8)), np.uint8)
    return picture


def _mix(picture: Picture, other: cv2.typing.MatLike, share: float) -> Picture:
    """`other` at 0, `picture` at 1, beyond it at more."""
    return np.asarray(cv2.addWeighted(picture, share, other, 1 - share, 0), np.uint8)
