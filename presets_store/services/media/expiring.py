"""Tokens that allow one thing for a while. Nothing is stored: whoever has the same seal key checks all of them."""

import hashlib
import hmac
import re
from typing import Final

from presets_store.clock import Clock

_TOKEN: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")


class ExpiringTokens:
    """A token is `<end>.<hex>`: the Unix second at which it ends, and HMAC-SHA256 of the purpose, that and the name.

    `purpose` must hold no line feed, and `name` may hold anything: no two of the texts that are signed are the same.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def make(self, purpose: str, name: str, end: int) -> str:
        """A token that allows `purpose` on `name` until the Unix second `end`."""
        return f"{end}.{self._code(purpose, name, str(end))}"

    def allows(self, token: str, purpose: str, name: str) -> bool:
        """Whether the token was made for that, and is not over."""
        parts = _TOKEN.fullmatch(token)
        if parts is None or not hmac.compare_digest(parts[2], self._code(purpose, name, parts[1])):
            return False
        return int(parts[1]) > self._clock.now()

    def _code(self, purpose: str, name: str, end: str) -> str:
        return hmac.new(self._key, f"{purpose}\n{end}\n{name}".encode(), hashlib.sha256).hexdigest()
