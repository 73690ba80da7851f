"""The controls of an open camera: what there is, read and set by name."""

import ctypes
import errno
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from hardware.models import Control, ControlValue
from hardware.v4l2.abi import Request
from hardware.v4l2.controlabi import (
    Cid,
    ControlFlags,
    ControlQuery,
    ControlSetting,
    ControlType,
    MenuQuery,
    alone,
)
from hardware.v4l2.system import Argument, System, camera_error

_Kind = Literal["integer", "boolean", "menu", "integer_menu", "button", "integer64", "bitmask", "string"]

_KINDS: Mapping[int, _Kind] = {
    ControlType.INTEGER: "integer",
    ControlType.BOOLEAN: "boolean",
    ControlType.MENU: "menu",
    ControlType.INTEGER_MENU: "integer_menu",
    ControlType.BUTTON: "button",
    ControlType.INTEGER64: "integer64",
    ControlType.BITMASK: "bitmask",
    ControlType.STRING: "string",
}

_AUTOMATICS = frozenset(
    {
        Cid.AUTO_WHITE_BALANCE,
        Cid.AUTO_N_PRESET_WHITE_BALANCE,
        Cid.AUTOGAIN,
        Cid.HUE_AUTO,
        Cid.AUTOBRIGHTNESS,
        Cid.EXPOSURE_AUTO,
        Cid.FOCUS_AUTO,
        Cid.ISO_SENSITIVITY_AUTO,
        Cid.VIDEO_BITRATE_MODE,
    }
)
"""They say whether others are active. Drivers flag such controls too, but not all drivers all of them."""

_MOST_CONTROLS, _MOST_ENTRIES, _LONGEST_STRING = 1024, 256, 4096
_GONE = (errno.ENODEV, errno.ENXIO)
_REFUSALS = {
    errno.EBUSY: "the camera refuses it while it films",
    errno.EACCES: "it is read only now",
    errno.ERANGE: "the driver finds it out of range",
    errno.EINVAL: "the driver refuses the value",
}


class BadValue(ValueError):
    """A control cannot be set to a value; the text says what would be right."""


def snake_case(label: str) -> str:
    """The label `White Balance, Automatic` as the name `white_balance_automatic`."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def coded(control: Control, value: ControlValue) -> int | str:
    """`value` as the driver takes it: a number, for a string its text. Raises BadValue."""
    match control.kind:
        case "boolean":
            return _coded_flag(value)
        case "button":
            if value is not True:
                raise BadValue(f"{value!r}; true presses it")
            return 0
        case "menu" | "integer_menu":
            return _coded_entry(control, value)
        case "string":
            return _coded_text(control, value)
        case "integer" | "integer64" | "bitmask":
            return _coded_number(control, value)


def _coded_flag(value: ControlValue) -> int:
    if value not in (0, 1):
        raise BadValue(f"{value!r} is neither true nor false")
    return int(value)


def _coded_number(control: Control, value: ControlValue) -> int:
    if isinstance(value, bool | str):
        raise BadValue(f"{value!r} is no whole number")
    if control.kind == "bitmask":
        if value < 0 or value & ~control.maximum:
            raise BadValue(f"{value:#x} has bits outside {control.maximum:#x}")
        return value
    if not control.minimum <= value <= control.maximum:
        raise BadValue(f"{value} is not within {control.minimum} to {control.maximum}")
    if control.step > 1 and (value - control.minimum) % control.step:
        raise BadValue(f"{value} is not on a step of {control.step} from {control.minimum}")
    return value


def _coded_entry(control: Control, value: ControlValue) -> int:
    """A menu's entry by name or number; an integer menu's by what it says, as a number would be another thing."""
    if not isinstance(value, bool):
        if control.kind == "menu" and value in control.menu:
            return int(value)
        wanted = str(value) if control.kind == "integer_menu" else snake_case(str(value))
        for number, name in control.menu.items():
            if name == wanted:
                return number
    raise BadValue(f"{value!r} is none of: {', '.join(control.menu.values())}")


def _coded_text(control: Control, value: ControlValue) -> str:
    if not isinstance(value, str):
        raise BadValue(f"{value!r} is no text")
    length = len(value.encode())
    if not control.minimum <= length <= control.maximum or (length - control.minimum) % max(control.step, 1):
        raise BadValue(f"{value!r} has {length} bytes; {control.minimum} to {control.maximum} can be")
    return value


@dataclass(frozen=True, slots=True)
class _Known:
    number: int
    type: int
    flags: ControlFlags
    control: Control


class Board:
    """The controls of one open node; `camera` names it in errors. Compound ones (arrays, structures) are left out.

    Raises CameraUnavailable, whatever is called, when the device is gone.
    """

    def __init__(self, system: System, descriptor: int, camera: str) -> None:
        """Asks the driver what there is."""
        self._system = system
        self._descriptor = descriptor
        self._camera = camera
        self._known: dict[str, _Known] = {}
        for query in self._enumerate():
            known = self._describe(query)
            self._known[known.control.name] = known

    @property
    def by_number(self) -> Mapping[int, Control]:
        """The controls by the kernel's number, without their values."""
        return {known.number: known.control for known in self._known.values()}

    def read(self) -> tuple[Control, ...]:
        """All of them with their values as they are now."""
        return tuple(self._current(known) for known in self._known.values())

    def value(self, name: str) -> ControlValue | None:
        """The value now of the control `name`; None when it has none, or the driver does not tell."""
        return self._value(self._known[name])

    def set(self, values: Mapping[str, ControlValue], *, as_read: bool = False) -> dict[str, str]:
        """Sets them, automatics before what they govern; answers by name why some could not be set.

        `as_read`: they are what `value` told. Cameras have numbers that their own ranges and steps do not allow.
        """
        failures: dict[str, str] = {}
        for name in sorted(values, key=lambda name: not self.is_automatic(name)):
            try:
                self._set(name, values[name], as_read=as_read)
            except BadValue as error:
                failures[name] = str(error)
        return failures

    def same(self, name: str, one: ControlValue, other: ControlValue) -> bool:
        """Whether two values of the control `name`, of which `other` was set, mean the same; also an entry's number."""
        known = self._known.get(name)
        try:
            return one == other or (known is not None and coded(known.control, one) == coded(known.control, other))
        except BadValue:
            return False

    def is_automatic(self, name: str) -> bool:
        """Whether the control may say if others are active."""
        known = self._known.get(name)
        return known is not None and (known.number in _AUTOMATICS or ControlFlags.UPDATE in known.flags)

    def _set(self, name: str, value: ControlValue, *, as_read: bool) -> None:
        known = self._known.get(name)
        if known is None:
            raise BadValue(f"there is no such control; there are: {', '.join(self._known) or 'none'}")
        if known.control.read_only:
            raise BadValue("it is read only")
        number = value if as_read and type(value) is int else coded(known.control, value)
        if self._flags(known) & ControlFlags.INACTIVE:
            raise BadValue("it has no effect now, as another control (an automatic) has the say")
        setting = ControlSetting(id=known.number)
        text = ctypes.create_string_buffer(number.encode()) if isinstance(number, str) else None
        if text is not None:
            setting.size, setting.to.string = len(text), ctypes.addressof(text)
        elif known.type == ControlType.INTEGER64:
            setting.to.value64 = number
        else:
            setting.to.value = number
        refusal = self._call(Request.S_EXT_CTRLS, alone(setting))
        if refusal is not None:
            raise BadValue(_REFUSALS.get(refusal.errno or 0) or refusal.strerror or str(refusal))

    def _enumerate(self) -> Iterator[ControlQuery]:
        number = 0
        for _ in range(_MOST_CONTROLS):
            query = ControlQuery(id=number | ControlFlags.NEXT)
            if self._call(Request.QUERY_EXT_CTRL, query) is not None or query.id <= number:
                return
            number = query.id
            if query.type in _KINDS and not query.flags & ControlFlags.DISABLED:
                yield query

    def _describe(self, query: ControlQuery) -> _Known:
        label = bytes(query.name).decode("utf-8", "replace").strip() or f"control {query.id:#x}"
        flags = ControlFlags(query.flags)
        control = Control(
            name=self._free_name(snake_case(label) or f"control_{query.id:#x}"),
            label=label,
            kind=_KINDS[query.type],
            minimum=query.minimum,
            maximum=query.maximum,
            step=query.step,
            default=query.default_value,
            menu=self._menu(query),
            inactive=ControlFlags.INACTIVE in flags,
            read_only=ControlFlags.READ_ONLY in flags,
        )
        return _Known(number=query.id, type=query.type, flags=flags, control=control)

    def _free_name(self, name: str) -> str:
        """`name`, or with a number behind it when another control has the same label."""
        names = [name, *(f"{name}_{number}" for number in range(2, _MOST_CONTROLS + 2))]
        return next(name for name in names if name not in self._known)

    def _menu(self, query: ControlQuery) -> dict[int, str]:
        menu: dict[int, str] = {}
        if query.type not in (ControlType.MENU, ControlType.INTEGER_MENU):
            return menu
        lowest = max(0, query.minimum)
        for index in range(lowest, min(query.maximum, lowest + _MOST_ENTRIES) + 1):
            entry = MenuQuery(id=query.id, index=index)
            if self._call(Request.QUERYMENU, entry) is None:  # a menu may have holes
                numeric = query.type == ControlType.INTEGER_MENU
                name = snake_case(bytes(entry.entry.name).decode("utf-8", "replace"))
                menu[index] = str(entry.entry.value) if numeric else name or f"entry_{index}"
        return menu

    def _current(self, known: _Known) -> Control:
        inactive = bool(self._flags(known) & ControlFlags.INACTIVE)
        return known.control.model_copy(update={"value": self._value(known), "inactive": inactive})

    def _flags(self, known: _Known) -> int:
        """The driver's flags now: a control becomes active when its automatic is switched off."""
        query = ControlQuery(id=known.number)
        return int(query.flags) if self._call(Request.QUERY_EXT_CTRL, query) is None else int(known.flags)

    def _value(self, known: _Known) -> ControlValue | None:
        if known.type == ControlType.BUTTON or ControlFlags.WRITE_ONLY in known.flags:
            return None
        setting = ControlSetting(id=known.number)
        text = ctypes.create_string_buffer(min(known.control.maximum, _LONGEST_STRING) + 1)
        if known.type == ControlType.STRING:
            setting.size, setting.to.string = len(text), ctypes.addressof(text)
        if self._call(Request.G_EXT_CTRLS, alone(setting)) is not None:
            return None
        match known.control.kind:
            case "string":
                return text.value.decode("utf-8", "replace")
            case "integer64":
                return int(setting.to.value64)
            case "boolean":
                return bool(setting.to.value)
            case "menu" | "integer_menu":
                return known.control.menu.get(setting.to.value, int(setting.to.value))
            case "bitmask":
                return int(setting.to.value) & 0xFFFF_FFFF
        return int(setting.to.value)

    def _call(self, request: Request, argument: Argument) -> OSError | None:
        """None when the driver did it. Raises CameraUnavailable when the device is gone."""
        try:
            self._system.ioctl(self._descriptor, request, argument)
        except OSError as error:
            if error.errno in _GONE:
                raise camera_error(self._camera, "setting controls", error) from error
            return error
        return None
