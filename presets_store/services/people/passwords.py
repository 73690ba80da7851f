"""Passwords: kept as scrypt hashes, checked in threads, a few at a time, as long for no user as for any."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Final

from presets_store.services.people.errors import TooManySignIns

AT_ONCE: Final = 2
WAITING: Final = 32
"""Passwords that are hashed at the same moment, each in 32 MiB and on a core of its own, and those that may wait."""

_SCHEME: Final = "scrypt"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """Of scrypt: `log_n` (memory and time, 1 KiB times r), `r`, `p` (time). The default takes 32 MiB."""

    log_n: int = 15
    r: int = 8
    p: int = 3


COST: Final = Cost()


class Passwords:
    """Hashes and checks. `cost` is that of new hashes; each hash tells its own."""

    def __init__(self, cost: Cost = COST) -> None:
        self._cost = cost
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asked: set[asyncio.Task[bytes]] = set()
        self._nobody = _told(cost, bytes(16), secrets.token_bytes(_BYTES))

    async def hashed(self, password: str) -> str:
        """What to keep of a password: `scrypt$log_n$r$p$salt$hash`. Raises TooManySignIns."""
        salt = secrets.token_bytes(16)
        return _told(self._cost, salt, await self._derived(password, salt, self._cost))

    async def fits(self, password: str, kept: str) -> bool:
        """Whether it is the password that `kept` was made of; no password fits "". Raises TooManySignIns."""
        cost, salt, expected = _read(kept or self._nobody)
        same = hmac.compare_digest(await self._derived(password, salt, cost), expected)
        return same and bool(kept)

    async def _derived(self, password: str, salt: bytes, cost: Cost) -> bytes:
        if len(self._asked) >= AT_ONCE + WAITING:
            raise TooManySignIns
        # A task of its own: who asks and goes away leaves a thread behind, which keeps its slot until it is done.
        task = asyncio.ensure_future(self._in_a_slot(password, salt, cost))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return await asyncio.shield(task)

    async def _in_a_slot(self, password: str, salt: bytes, cost: Cost) -> bytes:
        async with self._slots:
            return await asyncio.to_thread(_scrypt, password, salt, cost)


def _scrypt(password: str, salt: bytes, cost: Cost) -> bytes:
    text = unicodedata.normalize("NFC", password).encode()
    n = 1 << cost.log_n
    return hashlib.scrypt(text, salt=salt, n=n, r=cost.r, p=cost.p, maxmem=256 * n * cost.r, dklen=_BYTES)


def _told(cost: Cost, salt: bytes, derived: bytes) -> str:
    numbers = (str(number) for number in (cost.log_n, cost.r, cost.p))
    return "$".join([_SCHEME, *numbers, base64.b64encode(salt).decode(), base64.b64encode(derived).decode()])


def _read(kept: str) -> tuple[Cost, bytes, bytes]:
    _, log_n, r, p, salt, derived = kept.split("$")
    return Cost(int(log_n), int(r), int(p)), base64.b64decode(salt), base64.b64decode(derived)
