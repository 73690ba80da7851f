"""The named time zone of this computer: what hours without an offset mean."""

import io
import os
import struct
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCALTIME: Final = Path("/etc/localtime")
_MARK: Final = "zoneinfo/"
_UTC_FILE: Final = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbB", 0, 0, 0) + b"UTC\0"

UTC_ZONE: Final = ZoneInfo.from_file(io.BytesIO(_UTC_FILE), key="UTC")
"""Also on a computer without zone files."""


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name, which there is; for "" that of this computer. Reads files."""
    return (zone_named(name) if name else None) or local_zone()


def local_zone(localtime: Path = _LOCALTIME) -> ZoneInfo:
    """The zone that `TZ` names, else the one to which `localtime` is a link, else UTC."""
    for name in (os.environ.get("TZ", "").removeprefix(":"), os.path.realpath(localtime).partition(_MARK)[2]):
        if name and (zone := zone_named(name)) is not None:
            return zone
    return UTC_ZONE


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of that name (`Europe/Berlin`), None when this computer knows none. Reads files."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
