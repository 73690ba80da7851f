"""Links: for browsers and players, which cannot sign. One opens the pictures of one camera for a while."""

import hashlib
import hmac
import secrets

from presets_store.api.errors import LinkRefused
from presets_store.clock import Clock

LONGEST = 24 * 3600
"""Seconds that a link may be good for."""

_KEY_BYTES = 32


class Links:
    """Makes and checks the tokens of links. They end with the process: its key is made at its start, and kept nowhere.

    A token is `<end>.<hex>`: the monotonic second at which it ends, and HMAC-SHA256 of that and of what it opens.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(_KEY_BYTES)

    def token(self, camera: str, seconds: float) -> str:
        """A token that opens `camera`, as paths name it, for `seconds`."""
        end = str(round(self._clock.monotonic() + seconds))
        return f"{end}.{self._code(camera, end)}"

    def check(self, camera: str, token: str) -> float:
        """For how many seconds more `token` opens `camera`. Raises LinkRefused."""
        end, _, code = token.partition(".")
        if not hmac.compare_digest(code.encode(), self._code(camera, end).encode()):
            raise LinkRefused
        left = int(end) - self._clock.monotonic()  # a number: it was made here
        if left <= 0:
            raise LinkRefused
        return left

    def _code(self, camera: str, end: str) -> str:
        # Tokens are made for a camera's id, which holds no line feed: no two texts below are the same by chance.
        return hmac.new(self._key, f"view\n{end}\n{camera}".encode(), hashlib.sha256).hexdigest()
