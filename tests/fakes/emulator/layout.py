"""The emulator's shared state as `state.h` lays it out."""

import ctypes

MAX_SLOTS, MAX_MODES, MAX_RATES, MAX_CONTROLS, MAX_MENU = 8, 16, 4, 32, 8

CAPTURE, PLANAR, METADATA = 0, 1, 2
"""`enum kind`."""

_u32, _i32, _i64 = ctypes.c_uint32, ctypes.c_int32, ctypes.c_int64


class ModeState(ctypes.Structure):
    _fields_ = (
        ("pixel_format", _u32),
        ("width", _u32),
        ("height", _u32),
        ("rates", _u32 * MAX_RATES),
        ("frames", ctypes.c_char * 48),
    )


class ControlState(ctypes.Structure):
    _fields_ = (
        ("id", _u32),
        ("type", _u32),
        ("flags", _u32),
        ("inactive_with", _u32),
        ("minimum", _i64),
        ("maximum", _i64),
        ("step", _i64),
        ("standard", _i64),
        ("value", _i64),
        ("inactive_at", _i64),
        ("menu_values", _i64 * MAX_MENU),
        ("name", ctypes.c_char * 32),
        ("menu", (ctypes.c_char * 32) * MAX_MENU),
    )


class Faults(ctypes.Structure):
    _fields_ = (
        ("stall", _i32),
        ("io_error", _i32),
        ("truncate", _i32),
        ("flag", _i32),
        ("gap", _i32),
        ("busy", _i32),
        ("open_error", _i32),
        ("hang", _i32),
        ("granted_width", _u32),
        ("granted_height", _u32),
        ("frame_width", _u32),
        ("frame_height", _u32),
    )


class Slot(ctypes.Structure):
    _fields_ = (
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus", ctypes.c_char * 32),
        ("kind", _u32),
        ("generation", _u32),
        ("present", _u32),
        ("force_key", _u32),
        ("mode", _u32),
        ("rate", _u32),
        ("modes_used", _u32),
        ("controls_used", _u32),
        ("faults", Faults),
        ("modes", ModeState * MAX_MODES),
        ("controls", ControlState * MAX_CONTROLS),
    )


class State(ctypes.Structure):
    _fields_ = (("journal", _u32), ("reserved", _u32), ("slots", Slot * MAX_SLOTS))
