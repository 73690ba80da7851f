"""Identifiers that stay unique without a database: UUIDv7 (RFC 9562), ordered by time."""

import secrets
import uuid

from presets_store.clock import micros

_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 62
_VERSION = 7
_VARIANT = 0b10
_LATEST = ((1 << 48) - 1) / 1000


def uuid7(now_epoch: float) -> str:
    """A new UUIDv7 in lower-case hyphenated text for wall time `now_epoch` (Unix epoch seconds).

    A time before 1970 counts as 1970: a device with an unset clock still gets unique identifiers, from the random part.
    """
    millisecond = micros(min(max(0.0, now_epoch), _LATEST)) // 1000
    number = millisecond << 80 | _VERSION << 76 | secrets.randbits(_RANDOM_A_BITS) << 64
    number |= _VARIANT << 62 | secrets.randbits(_RANDOM_B_BITS)
    return str(uuid.UUID(int=number))
