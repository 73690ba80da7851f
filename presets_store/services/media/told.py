"""What clips, images and sounds have in common: their device tells of them, they have a time, a status and a file."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection

from presets_store.protocol.base import wire_name
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.statuses import MediaStatus, VideoClipType
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.errors import InvalidInput
from presets_store.services.reach import reached_named
from presets_store.storage.media.files import get_file
from presets_store.storage.media.video_clips import find_by_path_serial
from presets_store.storage.records import Device

SECOND: Final = 1_000_000
MILLISECOND: Final = 1_000
LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999."""


def reached_by_path(connection: Connection, caller: Caller, serial: str) -> Device:
    """The device that reports under this serial number in a path: without its blanks, with one slash more or not.

    Raises DeviceUnknown, Forbidden.
    """
    named = find_by_path_serial(connection, serial) or find_by_path_serial(connection, serial.removesuffix("/"))
    reference = DeviceReference(device_serial=named.serial_number if named else serial)
    return reached_named(connection, caller, Permission.REPORT, reference)


def began(column: ColumnElement[int], start: int, end: int) -> list[ColumnElement[bool]]:
    """The conditions of a query: what began from `start` to `end`, epoch seconds, inclusive; 0 is open."""
    conditions = []
    if start:
        conditions.append(column >= _bounded(start) * SECOND)
    if end:
        conditions.append(column < (_bounded(end) + 1) * SECOND)
    return conditions


def since(start: int, minutes: int, now: int) -> int:
    """The later of `start` and `minutes` (0: open) before `now`, in epoch seconds; `now` in microseconds."""
    return max(start, now // SECOND - 60 * minutes) if minutes else start


def span(start: int, end: int) -> tuple[int, int]:
    """Epoch seconds in microseconds; an `end` of 0 is open."""
    return _bounded(start) * SECOND, _bounded(end or LAST_SECOND) * SECOND


def moment(seconds: int, milliseconds: int, name: str) -> int:
    """Microseconds. Raises InvalidInput, which names the member."""
    if not 0 <= seconds <= LAST_SECOND:
        raise InvalidInput(reason=f"{wire_name(name)} is not a Unix time in seconds, 0 to {LAST_SECOND}.")
    if not 0 <= milliseconds < MILLISECOND:
        raise InvalidInput(reason=f"{wire_name(name + '_ms')} is not a number of milliseconds, 0 to 999.")
    return seconds * SECOND + milliseconds * MILLISECOND


def length(given: float, end: int, start: int, before: float) -> float:
    """Seconds: as they are `given`, else what lies between `start` and `end` (microseconds), else `before`."""
    if given:
        if not 0 < given <= LAST_SECOND:
            raise InvalidInput(reason=f"clipLengthInSeconds is not a number of seconds, 0 to {LAST_SECOND}.")
        return given
    return max(0, end - start) / SECOND if end else before


def one_of(kind: type[MediaStatus] | type[VideoClipType], name: str, value: int) -> Any:
    """The member of `kind`. Raises InvalidInput, which names all."""
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(f"{int(each)} ({each.wire_name})" for each in kind)
        raise InvalidInput(reason=f"{wire_name(name)} is not one of {known}.") from None


def require_not_negative(given: dict[str, Any]) -> None:
    """Raises InvalidInput, which names the member. `given`: values by attribute; texts are none."""
    for name in sorted(given):
        if not isinstance(given[name], str) and given[name] < 0:
            raise InvalidInput(reason=f"{wire_name(name)} cannot be negative.")


def require_file_of(connection: Connection, device_key: int, name: str, key: int) -> None:
    """Raises InvalidInput unless the device has that file."""
    file = get_file(connection, key)
    if file is None or file.device_key != device_key:
        raise InvalidInput(reason=f"{wire_name(name)}: device {device_key} has no file {key}.")


def _bounded(epoch: int) -> int:
    return max(-LAST_SECOND, min(epoch, LAST_SECOND))
