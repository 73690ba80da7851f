"""Signed addresses of files: for one purpose, for a while. Whoever has one needs no key."""

import hashlib
import hmac
import re
from enum import StrEnum
from urllib.parse import quote

from presets_store.clock import Clock
from presets_store.sealing import Seals
from presets_store.services.media.errors import AddressRefused, AddressUnknown

TOKEN = "token"  # noqa: S105 - the name of one
"""The parameter of an address that holds its token."""

_PATH = "/v1/file/content/"
_TOKEN = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")


class Purpose(StrEnum):
    """What an address allows."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


class Addresses:
    """Makes and checks addresses that this API serves. All stores with the same seal key take each other's.

    A token is `<end>.<hex>`: the Unix second at which it ends, and HMAC-SHA256 of the purpose, the file and that.
    `root` is where the store is reached, without a slash at its end; "" until that is known.
    """

    def __init__(self, seals: Seals, clock: Clock, root: str = "") -> None:
        self._key = seals.derive("addresses of files")
        self._clock = clock
        self.root = root.rstrip("/")

    def make(self, purpose: Purpose, guid: str, seconds: float) -> str:
        """An absolute address that allows `purpose` for `seconds`. Raises AddressUnknown."""
        if not self.root:
            raise AddressUnknown
        end = str(round(self._clock.now() + seconds))
        return f"{self.root}{_PATH}{quote(guid)}?{TOKEN}={end}.{self._code(purpose, guid, end)}"

    def check(self, purpose: Purpose, guid: str, token: str) -> None:
        """Raises AddressRefused unless `token` allows `purpose` on the file, now."""
        parts = _TOKEN.fullmatch(token)
        if parts is None or not hmac.compare_digest(parts[2], self._code(purpose, guid, parts[1])):
            raise AddressRefused
        if int(parts[1]) <= self._clock.now():
            raise AddressRefused

    def _code(self, purpose: Purpose, guid: str, end: str) -> str:
        # Neither a purpose nor a number holds a line feed: no two texts below are the same by chance.
        return hmac.new(self._key, f"{purpose}\n{end}\n{guid}".encode(), hashlib.sha256).hexdigest()
