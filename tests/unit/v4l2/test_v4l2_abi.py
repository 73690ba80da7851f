"""Our structs and ioctl numbers against what a C compiler makes of linux/videodev2.h (x86-64; arm64 has the same)."""

import ctypes

import pytest

from hardware.v4l2 import abi, controlabi
from hardware.v4l2.abi import Request

SIZES = {
    abi.Capability: 104,
    abi.FormatDescription: 64,
    abi.FrameSize: 44,
    abi.FrameInterval: 52,
    abi.PixelFormat: 48,
    abi.PlanarFormat: 192,
    abi.PlaneFormat: 20,
    abi.StreamFormat: 208,
    abi.CaptureParameters: 40,
    abi.StreamParameters: 204,
    abi.RequestBuffers: 20,
    abi.Plane: 64,
    abi.Buffer: 88,
    controlabi.ControlQuery: 232,
    controlabi.MenuQuery: 44,
    controlabi.ControlSetting: 20,
    controlabi.ControlSettings: 32,
}

OFFSETS = [
    (abi.Capability, "device_caps", 88),
    (abi.FormatDescription, "pixelformat", 44),
    (abi.FrameSize, "size", 12),
    (abi.FrameInterval, "interval", 20),
    (abi.StreamFormat, "fmt", 8),
    (abi.PlanarFormat, "plane_fmt", 20),
    (abi.PlanarFormat, "num_planes", 180),
    (abi.StreamParameters, "parm", 4),
    (abi.CaptureParameters, "timeperframe", 8),
    (abi.Plane, "m", 8),
    (abi.Plane, "data_offset", 16),
    (abi.Buffer, "timestamp", 24),
    (abi.Buffer, "sequence", 56),
    (abi.Buffer, "memory", 60),
    (abi.Buffer, "m", 64),
    (abi.Buffer, "length", 72),
    (controlabi.ControlQuery, "minimum", 40),
    (controlabi.ControlQuery, "flags", 72),
    (controlabi.ControlQuery, "elem_size", 76),
    (controlabi.MenuQuery, "entry", 8),
    (controlabi.ControlSetting, "to", 12),
    (controlabi.ControlSettings, "count", 4),
    (controlabi.ControlSettings, "error_idx", 8),
    (controlabi.ControlSettings, "controls", 24),
]

REQUESTS = {
    "QUERYCAP": 0x80685600,
    "ENUM_FMT": 0xC0405602,
    "G_FMT": 0xC0D05604,
    "S_FMT": 0xC0D05605,
    "REQBUFS": 0xC0145608,
    "QUERYBUF": 0xC0585609,
    "QBUF": 0xC058560F,
    "DQBUF": 0xC0585611,
    "STREAMON": 0x40045612,
    "STREAMOFF": 0x40045613,
    "G_PARM": 0xC0CC5615,
    "S_PARM": 0xC0CC5616,
    "QUERYMENU": 0xC02C5625,
    "G_EXT_CTRLS": 0xC0205647,
    "S_EXT_CTRLS": 0xC0205648,
    "ENUM_FRAMESIZES": 0xC02C564A,
    "ENUM_FRAMEINTERVALS": 0xC034564B,
    "QUERY_EXT_CTRL": 0xC0E85667,
}


@pytest.mark.parametrize(("struct", "size"), SIZES.items(), ids=lambda value: getattr(value, "__name__", value))
def test_struct_sizes(struct: type[ctypes.Structure], size: int) -> None:
    assert ctypes.sizeof(struct) == size


@pytest.mark.parametrize(("struct", "member", "offset"), OFFSETS)
def test_member_offsets(struct: type[ctypes.Structure], member: str, offset: int) -> None:
    assert getattr(struct, member).offset == offset


def test_request_numbers() -> None:
    assert {request.name: request.value for request in Request} == REQUESTS


def test_pixel_format_codes() -> None:
    assert (abi.MJPG, abi.JPEG, abi.YUYV) == (0x47504A4D, 0x4745504A, 0x56595559)
    assert (abi.H264, abi.HEVC) == (0x34363248, 0x43564548)
    assert (abi.NV12, abi.NV12_TWO_PLANES) == (0x3231564E, 0x32314D4E)
    assert [abi.fourcc_name(code) for code in (abi.MJPG, abi.fourcc("Y16 "), 0x00FF4241)] == ["MJPG", "Y16", "AB??"]


def test_a_buffers_members_are_unpacked_as_they_are_named() -> None:
    buffer = abi.Buffer(1, 2, 3, 4, 5, abi.TimeValue(6, 7), sequence=8)
    assert abi.unpack_buffer(buffer) == (1, 2, 3, 4, 5, 6, 7, 8)
