"""Signed addresses of files: for one purpose, for a while. Whoever has one needs no key."""

from enum import StrEnum
from urllib.parse import quote

from presets_store.clock import Clock
from presets_store.sealing import Seals
from presets_store.services.media.errors import AddressRefused, AddressUnknown
from presets_store.services.media.expiring import ExpiringTokens

TOKEN = "token"  # noqa: S105 - the name of one
"""The parameter of an address that holds its token."""

_PATH = "/v1/file/content/"


class Purpose(StrEnum):
    """What an address allows."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


class Addresses:
    """Makes and checks addresses that this API serves. All stores with the same seal key take each other's.

    `root` is where the store is reached, without a slash at its end; "" until that is known.
    """

    def __init__(self, seals: Seals, clock: Clock, root: str = "") -> None:
        self._tokens = ExpiringTokens(seals.derive("addresses of files"), clock)
        self._clock = clock
        self.root = root.rstrip("/")

    def make(self, purpose: Purpose, guid: str, seconds: float) -> str:
        """An absolute address that allows `purpose` for `seconds`. Raises AddressUnknown."""
        if not self.root:
            raise AddressUnknown
        token = self._tokens.make(purpose, guid, round(self._clock.now() + seconds))
        return f"{self.root}{_PATH}{quote(guid)}?{TOKEN}={token}"

    def allows(self, purpose: Purpose, guid: str, token: str) -> bool:
        """Whether `token` allows `purpose` on the file, now."""
        return self._tokens.allows(token, purpose, guid)

    def check(self, purpose: Purpose, guid: str, token: str) -> None:
        """Raises AddressRefused unless `token` allows `purpose` on the file, now."""
        if not self.allows(purpose, guid, token):
            raise AddressRefused
