"""What a fake V4L2 camera delivers: modes, and pictures laid out as the codec wants them, but nothing to be seen."""

from dataclasses import dataclass

from hardware.v4l2 import abi

START_CODE = b"\x00\x00\x00\x01"
SPS, PPS = START_CODE + b"\x67\x42\x00\x1f\x95", START_CODE + b"\x68\xce\x3c\x80"


@dataclass(frozen=True)
class FakeMode:
    """`rates` empty: the driver cannot enumerate them."""

    pixel_format: int
    width: int
    height: int
    rates: tuple[int, ...] = (30,)


MJPG_HD = FakeMode(abi.MJPG, 1280, 720, (30, 15))
MJPG_VGA = FakeMode(abi.MJPG, 640, 480, (30,))
YUYV_HD = FakeMode(abi.YUYV, 1280, 720, (10,))
H264_HD = FakeMode(abi.H264, 1280, 720, (30,))
YUYV_TINY = FakeMode(abi.YUYV, 32, 24, (30, 5))


def jpeg(width: int, height: int, number: int = 0) -> bytes:
    """Not decodable, but laid out as a JPEG: headers, a scan with stuffed bytes, restart markers, the end marker."""
    sof = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x03" + bytes(9)
    scan = b"\xff\xda\x00\x0c\x03" + bytes(9)
    coded = number.to_bytes(4, "big") + b"\x12\xff\x00\x34\xff\xd0\x56\xff\x00" + b"\x77" * 40
    return b"\xff\xd8" + b"\xff\xe0\x00\x06cue\x00" + sof + scan + coded + b"\xff\xd9"


def h264(number: int, gop: int = 10) -> bytes:
    """An access unit: each `gop`-th one is an IDR picture; only the first one brings parameter sets."""
    slice_ = (b"\x65" if number % gop == 0 else b"\x41") + b"\x88" + number.to_bytes(4, "big").replace(b"\0", b"\x01")
    return (SPS + PPS if number == 0 else b"") + START_CODE + slice_ + b"\x80"


def contents(pixel_format: int, size: tuple[int, int], number: int, padding: int) -> list[bytes]:
    """The planes of a buffer: of raw pictures every byte is `number`, and each row is followed by `padding` bytes."""
    width, height = size
    if pixel_format == abi.H264:
        return [h264(number)]
    if pixel_format == abi.YUYV:
        return [_rows(number, width * 2, height, padding)]
    if pixel_format == abi.NV12:
        return [_rows(number, width, height + height // 2, padding)]
    if pixel_format == abi.NV12_TWO_PLANES:
        return [_rows(number, width, height, padding), _rows(number + 1, width, height // 2, padding)]
    return [jpeg(width, height, number)]


def _rows(number: int, row: int, height: int, padding: int) -> bytes:
    return (bytes([number % 256]) * row + b"\xee" * padding) * height
