"""What the other processes on the same database are told of this one's writes."""

from typing import Protocol

from presets_store.protocol.base import WireModel
from presets_store.protocol.live import LiveKind
from presets_store.rules.event import Event


class Relay(Protocol):
    """Called in the event loop after each commit; passes on what it is given without waiting."""

    def changed(self, kind: LiveKind, event: Event) -> None:
        """An event is as given."""
        ...

    def told(self, kind: LiveKind, device_key: int, record: WireModel) -> None:
        """Live listeners are to have the record."""
        ...

    def let_go(self, listener: str) -> None:
        """The live listener of this name is to be let go."""
        ...


class NobodyElse:
    """The relay of a process that has its database to itself."""

    def changed(self, kind: LiveKind, event: Event) -> None:
        pass

    def told(self, kind: LiveKind, device_key: int, record: WireModel) -> None:
        pass

    def let_go(self, listener: str) -> None:
        pass
