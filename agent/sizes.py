"""Sizes as people write and read them."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) *([kKMGT]i?B|B)?")
_POWERS = "BkMGT"
_UNITS = ("kB", "MB", "GB", "TB")
_STEP = 1000
RIGHT = 'bytes as a number, or a text such as "500MB", "20 GB", "1.5 GiB"'


def bytes_of(text: str) -> int:
    """Bytes of `20GB` (decimal, as disks are sold) or `20GiB`; without a unit they are bytes. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"give {RIGHT}")
    amount, unit = float(found[1]), found[2] or "B"
    power = _POWERS.index(unit[0].replace("K", "k"))
    return round(amount * float(1024 if "i" in unit else 1000) ** power)


def human_size(size: int) -> str:
    """Bytes as `812 B`, `1.4 MB`: decimal units, as disks are sold."""
    if size < _STEP:
        return f"{size} B"
    amount, unit = size / _STEP, _UNITS[0]
    for bigger in _UNITS[1:]:
        if round(amount, 1) < _STEP:
            break
        amount, unit = amount / _STEP, bigger
    return f"{amount:.1f} {unit}"


def _read(value: object) -> object:
    return bytes_of(str(value)) if isinstance(value, str | bool) else value


Size = Annotated[int, BeforeValidator(_read), Field(ge=0, le=2**53)]
"""Bytes in the settings; 0 is none."""
