"""The controls of a fake V4L2 camera: listed, read and set as the kernel's control framework does."""

import ctypes
import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hardware.v4l2.abi import Request
from hardware.v4l2.controlabi import (
    Cid,
    ControlFlags,
    ControlQuery,
    ControlSetting,
    ControlSettings,
    ControlType,
    MenuQuery,
)


@dataclass
class FakeControl:
    """`menu` by number; `governed` are the numbers of controls that are inactive while this one has a value of `rules`.

    `fails`: errno of every write.
    """

    number: int
    label: str
    type: ControlType = ControlType.INTEGER
    minimum: int = 0
    maximum: int = 255
    step: int = 1
    default: int = 0
    value: int | str = 0
    menu: dict[int, str | int] = field(default_factory=dict)
    flags: int = 0
    governed: tuple[int, ...] = ()
    rules: tuple[int, ...] = (1,)
    fails: int = 0


def uvc_controls() -> list[FakeControl]:
    """What a common USB camera has."""
    exposures: dict[int, str | int] = {1: "Manual Mode", 3: "Aperture Priority Mode"}
    return [
        FakeControl(Cid.BRIGHTNESS, "Brightness", minimum=-64, maximum=64),
        FakeControl(Cid.CONTRAST, "Contrast", maximum=64, default=32, value=32),
        FakeControl(Cid.SATURATION, "Saturation", maximum=128, default=64, value=64),
        FakeControl(
            Cid.AUTO_WHITE_BALANCE,
            "White Balance, Automatic",
            ControlType.BOOLEAN,
            maximum=1,
            default=1,
            value=1,
            governed=(Cid.WHITE_BALANCE_TEMPERATURE,),
        ),
        FakeControl(Cid.GAIN, "Gain", maximum=100, default=10, value=10),
        FakeControl(
            Cid.WHITE_BALANCE_TEMPERATURE, "White Balance Temperature", minimum=2800, maximum=6500, step=10, value=4600
        ),
        FakeControl(Cid.SHARPNESS, "Sharpness", minimum=1, maximum=7, default=1, value=1),
        FakeControl(
            Cid.EXPOSURE_AUTO, "Auto Exposure", ControlType.MENU, 0, 3, default=3, value=3, menu=exposures,
            governed=(Cid.EXPOSURE_ABSOLUTE,), rules=(0, 3),
        ),
        FakeControl(Cid.EXPOSURE_ABSOLUTE, "Exposure Time, Absolute", minimum=3, maximum=2047, default=250, value=250),
    ]  # fmt: skip


def encoder_controls() -> list[FakeControl]:
    """What a camera with an H.264 encoder has besides."""
    profiles: dict[int, str | int] = {0: "Baseline", 2: "Main", 4: "High"}
    return [
        FakeControl(Cid.VIDEO_BITRATE, "Video Bitrate", maximum=25_000_000, step=1000, value=5_000_000),
        FakeControl(Cid.H264_I_PERIOD, "H264 I-Frame Period", maximum=600, value=60),
        FakeControl(Cid.H264_PROFILE, "H264 Profile", ControlType.MENU, 0, 4, value=2, menu=profiles),
    ]


class ControlPanel:
    """The four ioctls. `written` tells the order of the writes that were accepted, by label."""

    def __init__(self, controls: Sequence[FakeControl]) -> None:
        self._controls = sorted(controls, key=lambda control: control.number)
        self.written: list[tuple[str, int | str]] = []
        self.is_streaming: Callable[[], bool] = lambda: False
        self.streaming_at_writes: list[bool] = []
        self.calls: Mapping[Request, Callable[[Any], None]] = {
            Request.QUERY_EXT_CTRL: self.query,
            Request.QUERYMENU: self.menu,
            Request.G_EXT_CTRLS: self.get,
            Request.S_EXT_CTRLS: self.set,
        }

    def query(self, query: ControlQuery) -> None:
        wanted = query.id & ~ControlFlags.NEXT
        if query.id & ControlFlags.NEXT:
            control = next((it for it in self._controls if it.number > wanted), None)
        else:
            control = self._find(wanted)
        if control is None:
            raise _error(errno.EINVAL)
        query.id, query.type, query.name = control.number, control.type, control.label.encode()
        query.minimum, query.maximum, query.step = control.minimum, control.maximum, control.step
        query.default_value, query.flags = control.default, self._flags(control)

    def menu(self, query: MenuQuery) -> None:
        control = self._find(query.id)
        if query.index not in control.menu:
            raise _error(errno.EINVAL)
        entry = control.menu[query.index]
        if isinstance(entry, int):
            query.entry.value = entry
        else:
            query.entry.name = entry.encode()

    def get(self, settings: ControlSettings) -> None:
        setting, control = self._alone(settings)
        if isinstance(control.value, str):
            text = control.value.encode() + b"\0"
            if setting.size < len(text):
                raise _error(errno.ENOSPC)
            ctypes.memmove(setting.to.string, text, len(text))
        elif control.type == ControlType.INTEGER64:
            setting.to.value64 = control.value
        else:
            setting.to.value = control.value

    def set(self, settings: ControlSettings) -> None:
        setting, control = self._alone(settings)
        if control.fails or control.flags & ControlFlags.READ_ONLY:
            raise _error(control.fails or errno.EACCES)
        value: int | str = setting.to.value
        if control.type == ControlType.STRING:
            value = ctypes.string_at(setting.to.string).decode()
        elif control.type == ControlType.INTEGER64:
            value = setting.to.value64
        ranged = control.type in (ControlType.INTEGER, ControlType.INTEGER64)
        if ranged and not control.minimum <= int(value) <= control.maximum:
            raise _error(errno.ERANGE)
        control.value = value
        self.written.append((control.label, value))
        self.streaming_at_writes.append(self.is_streaming())

    def set_directly(self, label: str, value: int) -> None:
        """As another program would."""
        next(control for control in self._controls if control.label == label).value = value

    def _alone(self, settings: ControlSettings) -> tuple[ControlSetting, FakeControl]:
        assert (settings.which, settings.count) == (0, 1)
        setting = settings.controls[0]
        return setting, self._find(setting.id)

    def _find(self, number: int) -> FakeControl:
        for control in self._controls:
            if control.number == number:
                return control
        raise _error(errno.EINVAL)

    def _flags(self, control: FakeControl) -> int:
        masters = [it for it in self._controls if control.number in it.governed]
        governed = any(master.value in master.rules for master in masters)
        return control.flags | (ControlFlags.INACTIVE if governed else 0)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
