"""Sizes as people write them."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) *([kKMGT]i?B|B)?")
_POWERS = "BkMGT"
RIGHT = 'bytes as a number, or a text such as "500MB", "20 GB", "1.5 GiB"'


def bytes_of(text: str) -> int:
    """Bytes of `20GB` (decimal, as disks are sold) or `20GiB`; without a unit they are bytes. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"give {RIGHT}")
    amount, unit = float(found[1]), found[2] or "B"
    power = _POWERS.index(unit[0].replace("K", "k"))
    return round(amount * float(1024 if "i" in unit else 1000) ** power)


def _read(value: object) -> object:
    return bytes_of(str(value)) if isinstance(value, str | bool) else value


Size = Annotated[int, BeforeValidator(_read), Field(ge=0, le=2**53)]
"""Bytes in the settings; 0 is none."""
