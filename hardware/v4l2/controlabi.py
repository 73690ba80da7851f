"""The part of linux/videodev2.h and linux/v4l2-controls.h that controls need. As `abi`."""

import ctypes
from enum import IntEnum, IntFlag

_u32, _i32 = ctypes.c_uint32, ctypes.c_int32
_u64, _i64 = ctypes.c_uint64, ctypes.c_int64


class ControlType(IntEnum):
    """`enum v4l2_ctrl_type`, without the compound ones."""

    INTEGER = 1
    BOOLEAN = 2
    MENU = 3
    BUTTON = 4
    INTEGER64 = 5
    CLASS = 6
    STRING = 7
    BITMASK = 8
    INTEGER_MENU = 9


class ControlFlags(IntFlag):
    """`V4L2_CTRL_FLAG_*`. NEXT is asked with a control's number: the one that follows it, compound ones left out."""

    DISABLED = 0x0000_0001
    GRABBED = 0x0000_0002
    READ_ONLY = 0x0000_0004
    UPDATE = 0x0000_0008
    INACTIVE = 0x0000_0010
    WRITE_ONLY = 0x0000_0040
    NEXT = 0x8000_0000


class Cid(IntEnum):
    """The numbers of the controls that are known by meaning (`V4L2_CID_*`)."""

    BRIGHTNESS = 0x0098_0900
    CONTRAST = 0x0098_0901
    SATURATION = 0x0098_0902
    AUTO_WHITE_BALANCE = 0x0098_090C
    AUTOGAIN = 0x0098_0912
    GAIN = 0x0098_0913
    HUE_AUTO = 0x0098_0919
    WHITE_BALANCE_TEMPERATURE = 0x0098_091A
    SHARPNESS = 0x0098_091B
    AUTOBRIGHTNESS = 0x0098_0920
    VIDEO_GOP_SIZE = 0x0099_09CB
    VIDEO_BITRATE_MODE = 0x0099_09CE
    VIDEO_BITRATE = 0x0099_09CF
    VIDEO_HEADER_MODE = 0x0099_09D8
    VIDEO_REPEAT_SEQ_HEADER = 0x0099_09E2
    VIDEO_FORCE_KEY_FRAME = 0x0099_09E5
    H264_I_FRAME_QP = 0x0099_0A5E
    H264_P_FRAME_QP = 0x0099_0A5F
    H264_B_FRAME_QP = 0x0099_0A60
    H264_MIN_QP = 0x0099_0A61
    H264_MAX_QP = 0x0099_0A62
    H264_I_PERIOD = 0x0099_0A66
    H264_LEVEL = 0x0099_0A67
    H264_PROFILE = 0x0099_0A6B
    EXPOSURE_AUTO = 0x009A_0901
    EXPOSURE_ABSOLUTE = 0x009A_0902
    FOCUS_AUTO = 0x009A_090C
    AUTO_EXPOSURE_BIAS = 0x009A_0913
    AUTO_N_PRESET_WHITE_BALANCE = 0x009A_0914
    WIDE_DYNAMIC_RANGE = 0x009A_0915
    ISO_SENSITIVITY_AUTO = 0x009A_0918
    SCENE_MODE = 0x009A_091A


class ControlQuery(ctypes.Structure):
    _fields_ = (
        ("id", _u32),
        ("type", _u32),
        ("name", ctypes.c_char * 32),
        ("minimum", _i64),
        ("maximum", _i64),
        ("step", _u64),
        ("default_value", _i64),
        ("flags", _u32),
        ("elem_size", _u32),
        ("elems", _u32),
        ("nr_of_dims", _u32),
        ("dims", _u32 * 4),
        ("reserved", _u32 * 32),
    )


class _MenuEntry(ctypes.Union):
    _pack_ = 1
    _fields_ = (("name", ctypes.c_char * 32), ("value", _i64))


class MenuQuery(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("id", _u32), ("index", _u32), ("entry", _MenuEntry), ("reserved", _u32))


class _ControlUnion(ctypes.Union):
    _pack_ = 1
    _fields_ = (("value", _i32), ("value64", _i64), ("string", ctypes.c_void_p))


class ControlSetting(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("id", _u32), ("size", _u32), ("reserved2", _u32), ("to", _ControlUnion))


class ControlSettings(ctypes.Structure):
    """`which` 0: the current values."""

    _fields_ = (
        ("which", _u32),
        ("count", _u32),
        ("error_idx", _u32),
        ("request_fd", _i32),
        ("reserved", _u32),
        ("controls", ctypes.POINTER(ControlSetting)),
    )


def alone(setting: ControlSetting) -> ControlSettings:
    """One at a time: a camera that refuses one control still takes the others."""
    return ControlSettings(count=1, controls=ctypes.pointer(setting))
