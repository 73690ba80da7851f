"""The part of the kernel's interface (linux/videodev2.h) that capture and controls need: structs, constants, ioctls.

For 64-bit Linux with the generic ioctl encoding (x86-64, arm64). The ioctl numbers are computed from the structs'
sizes, and tested with them against a table that a C compiler made.
"""

import ctypes
import struct
from enum import IntEnum, IntFlag
from typing import Final

from hardware.v4l2.controlabi import ControlQuery, ControlSettings, MenuQuery

MAX_PLANES: Final = 8

_u8, _u16, _u32, _i32 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_int32


class Capabilities(IntFlag):
    """What a node is for (`V4L2_CAP_*`)."""

    VIDEO_CAPTURE = 0x0000_0001
    VIDEO_CAPTURE_MPLANE = 0x0000_1000
    META_CAPTURE = 0x0080_0000
    STREAMING = 0x0400_0000
    DEVICE_CAPS = 0x8000_0000


class BufferType(IntEnum):
    """`enum v4l2_buf_type`."""

    CAPTURE = 1
    CAPTURE_MPLANE = 9


class Field(IntEnum):
    """`enum v4l2_field`: which lines of the picture a buffer holds."""

    ANY = 0
    NONE = 1
    TOP = 2
    BOTTOM = 3
    INTERLACED = 4
    SEQUENTIAL_TB = 5
    SEQUENTIAL_BT = 6
    ALTERNATE = 7
    INTERLACED_TB = 8
    INTERLACED_BT = 9


class BufferFlags(IntFlag):
    """`V4L2_BUF_FLAG_*`, as far as capture looks at them."""

    ERROR = 0x0000_0040
    TIMESTAMP_MASK = 0x0000_E000
    TIMESTAMP_MONOTONIC = 0x0000_2000
    TIMESTAMP_COPY = 0x0000_4000


class SizeType(IntEnum):
    """`enum v4l2_frmsizetypes` and `v4l2_frmivaltypes`."""

    DISCRETE = 1
    CONTINUOUS = 2
    STEPWISE = 3


MEMORY_MMAP: Final = 1
CAP_TIMEPERFRAME: Final = 0x1000


def fourcc(code: str) -> int:
    """The number of a four-character pixel format."""
    return int.from_bytes(code.encode("ascii"), "little")


def fourcc_name(number: int) -> str:
    """The four characters of a pixel format, for people; what is not printable is a `?`."""
    letters = (number & 0x7FFF_FFFF).to_bytes(4, "little").decode("ascii", "replace")
    return "".join(letter if letter.isprintable() and letter.isascii() else "?" for letter in letters).rstrip()


MJPG: Final = fourcc("MJPG")
JPEG: Final = fourcc("JPEG")
YUYV: Final = fourcc("YUYV")
NV12: Final = fourcc("NV12")
NV12_TWO_PLANES: Final = fourcc("NM12")
H264: Final = fourcc("H264")
HEVC: Final = fourcc("HEVC")


class Fraction(ctypes.Structure):
    _fields_ = (("numerator", _u32), ("denominator", _u32))


class Capability(ctypes.Structure):
    _fields_ = (
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32),
        ("version", _u32),
        ("capabilities", _u32),
        ("device_caps", _u32),
        ("reserved", _u32 * 3),
    )


class FormatDescription(ctypes.Structure):
    _fields_ = (
        ("index", _u32),
        ("type", _u32),
        ("flags", _u32),
        ("description", ctypes.c_char * 32),
        ("pixelformat", _u32),
        ("mbus_code", _u32),
        ("reserved", _u32 * 3),
    )


class DiscreteSize(ctypes.Structure):
    _fields_ = (("width", _u32), ("height", _u32))


class StepwiseSize(ctypes.Structure):
    _fields_ = (
        ("min_width", _u32),
        ("max_width", _u32),
        ("step_width", _u32),
        ("min_height", _u32),
        ("max_height", _u32),
        ("step_height", _u32),
    )


class _SizeUnion(ctypes.Union):
    _fields_ = (("discrete", DiscreteSize), ("stepwise", StepwiseSize))


class FrameSize(ctypes.Structure):
    _fields_ = (
        ("index", _u32),
        ("pixel_format", _u32),
        ("type", _u32),
        ("size", _SizeUnion),
        ("reserved", _u32 * 2),
    )


class StepwiseInterval(ctypes.Structure):
    _fields_ = (("min", Fraction), ("max", Fraction), ("step", Fraction))


class _IntervalUnion(ctypes.Union):
    _fields_ = (("discrete", Fraction), ("stepwise", StepwiseInterval))


class FrameInterval(ctypes.Structure):
    _fields_ = (
        ("index", _u32),
        ("pixel_format", _u32),
        ("width", _u32),
        ("height", _u32),
        ("type", _u32),
        ("interval", _IntervalUnion),
        ("reserved", _u32 * 2),
    )


class PixelFormat(ctypes.Structure):
    _fields_ = (
        ("width", _u32),
        ("height", _u32),
        ("pixelformat", _u32),
        ("field", _u32),
        ("bytesperline", _u32),
        ("sizeimage", _u32),
        ("colorspace", _u32),
        ("priv", _u32),
        ("flags", _u32),
        ("ycbcr_enc", _u32),
        ("quantization", _u32),
        ("xfer_func", _u32),
    )


class PlaneFormat(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("sizeimage", _u32), ("bytesperline", _u32), ("reserved", _u16 * 6))


class PlanarFormat(ctypes.Structure):
    _pack_ = 1
    _fields_ = (
        ("width", _u32),
        ("height", _u32),
        ("pixelformat", _u32),
        ("field", _u32),
        ("colorspace", _u32),
        ("plane_fmt", PlaneFormat * MAX_PLANES),
        ("num_planes", _u8),
        ("flags", _u8),
        ("ycbcr_enc", _u8),
        ("quantization", _u8),
        ("xfer_func", _u8),
        ("reserved", _u8 * 7),
    )


class _FormatUnion(ctypes.Union):
    # The kernel's union has members with pointers: `pointer` gives ours the same alignment.
    _fields_ = (("pix", PixelFormat), ("pix_mp", PlanarFormat), ("pointer", ctypes.c_void_p), ("raw", _u8 * 200))


class StreamFormat(ctypes.Structure):
    _fields_ = (("type", _u32), ("fmt", _FormatUnion))


class CaptureParameters(ctypes.Structure):
    _fields_ = (
        ("capability", _u32),
        ("capturemode", _u32),
        ("timeperframe", Fraction),
        ("extendedmode", _u32),
        ("readbuffers", _u32),
        ("reserved", _u32 * 4),
    )


class _ParametersUnion(ctypes.Union):
    _fields_ = (("capture", CaptureParameters), ("raw", _u8 * 200))


class StreamParameters(ctypes.Structure):
    _fields_ = (("type", _u32), ("parm", _ParametersUnion))


class RequestBuffers(ctypes.Structure):
    _fields_ = (
        ("count", _u32),
        ("type", _u32),
        ("memory", _u32),
        ("capabilities", _u32),
        ("flags", _u8),
        ("reserved", _u8 * 3),
    )


class _PlaneMemory(ctypes.Union):
    _fields_ = (("mem_offset", _u32), ("userptr", ctypes.c_ulong), ("fd", _i32))


class Plane(ctypes.Structure):
    _fields_ = (
        ("bytesused", _u32),
        ("length", _u32),
        ("m", _PlaneMemory),
        ("data_offset", _u32),
        ("reserved", _u32 * 11),
    )


class TimeValue(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("microseconds", ctypes.c_long))


class TimeCode(ctypes.Structure):
    _fields_ = (
        ("type", _u32),
        ("flags", _u32),
        ("frames", _u8),
        ("seconds", _u8),
        ("minutes", _u8),
        ("hours", _u8),
        ("userbits", _u8 * 4),
    )


class _BufferMemory(ctypes.Union):
    _fields_ = (
        ("offset", _u32),
        ("userptr", ctypes.c_ulong),
        ("planes", ctypes.POINTER(Plane)),
        ("fd", _i32),
    )


class Buffer(ctypes.Structure):
    _fields_ = (
        ("index", _u32),
        ("type", _u32),
        ("bytesused", _u32),
        ("flags", _u32),
        ("field", _u32),
        ("timestamp", TimeValue),
        ("timecode", TimeCode),
        ("sequence", _u32),
        ("memory", _u32),
        ("m", _BufferMemory),
        ("length", _u32),
        ("reserved2", _u32),
        ("request_fd", _i32),
    )


unpack_buffer = struct.Struct("5I2l16xI").unpack_from
"""Its members at once, which costs less than to name them: `index`, `type`, `bytesused`, `flags`, `field`, the two of
`timestamp`, `sequence`."""


_WRITE, _READ = 1, 2


def _request(direction: int, number: int, argument: type[ctypes.Structure | ctypes.c_int]) -> int:
    """The `_IOC` encoding of <asm-generic/ioctl.h>: direction, size, letter, number."""
    return direction << 30 | ctypes.sizeof(argument) << 16 | ord("V") << 8 | number


class Request(IntEnum):
    """The ioctls in use (`VIDIOC_*`)."""

    QUERYCAP = _request(_READ, 0, Capability)
    ENUM_FMT = _request(_READ | _WRITE, 2, FormatDescription)
    G_FMT = _request(_READ | _WRITE, 4, StreamFormat)
    S_FMT = _request(_READ | _WRITE, 5, StreamFormat)
    REQBUFS = _request(_READ | _WRITE, 8, RequestBuffers)
    QUERYBUF = _request(_READ | _WRITE, 9, Buffer)
    QBUF = _request(_READ | _WRITE, 15, Buffer)
    DQBUF = _request(_READ | _WRITE, 17, Buffer)
    STREAMON = _request(_WRITE, 18, ctypes.c_int)
    STREAMOFF = _request(_WRITE, 19, ctypes.c_int)
    G_PARM = _request(_READ | _WRITE, 21, StreamParameters)
    S_PARM = _request(_READ | _WRITE, 22, StreamParameters)
    QUERYMENU = _request(_READ | _WRITE, 37, MenuQuery)
    G_EXT_CTRLS = _request(_READ | _WRITE, 71, ControlSettings)
    S_EXT_CTRLS = _request(_READ | _WRITE, 72, ControlSettings)
    ENUM_FRAMESIZES = _request(_READ | _WRITE, 74, FrameSize)
    ENUM_FRAMEINTERVALS = _request(_READ | _WRITE, 75, FrameInterval)
    QUERY_EXT_CTRL = _request(_READ | _WRITE, 103, ControlQuery)
