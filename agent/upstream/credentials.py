"""The key pair that requests to an upstream are signed with. It may be replaced while the agent runs."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An access key, which is public, and its secret."""

    access_key: str
    secret: str = field(repr=False)


class Credentials:
    """Holds the pair of now. A request that an upstream refuses while the pair is replaced, is signed once more."""

    def __init__(self, access_key: str, secret: str) -> None:
        self._current = KeyPair(access_key, secret)
        self.on_change: list[Callable[[], None]] = []
        """Called after each replacement."""

    @property
    def current(self) -> KeyPair:
        """The pair that the next request is signed with."""
        return self._current

    @current.setter
    def current(self, pair: KeyPair) -> None:
        self._current = pair
        for tell in self.on_change:
            tell()
