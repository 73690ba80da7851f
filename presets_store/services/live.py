"""What happens, told at once to whoever listens: an in-memory publish/subscribe with bounded queues."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from presets_store.clock import Clock, micros
from presets_store.protocol.live import LiveKind, LiveMessage
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.wakeups import Signal

QUEUE_LIMIT = 256
"""Messages kept for a listener that does not read; beyond it the oldest go and the listener is told how many."""

LISTENER_LIMIT = 64
"""Listeners at once; each holds a connection and a queue."""


class Subscription:
    """One listener's queue. Made by `LiveHub.listening()`."""

    def __init__(self, limit: int, caller: Caller) -> None:
        self.caller = caller
        self._queue: deque[LiveMessage] = deque(maxlen=limit)
        self._ready = Signal()
        self._dropped = 0
        self.closed = False

    def put(self, message: LiveMessage) -> None:
        """Adds `message`; a full queue loses its oldest, because a display needs the newest."""
        if len(self._queue) == self._queue.maxlen:
            self._dropped += 1
        self._queue.append(message)
        self._ready.set()

    def lose(self, count: int) -> None:
        """Notes that messages were lost before they came here."""
        self._dropped += count

    def close(self) -> None:
        """Ends the subscription from the publisher's side."""
        self.closed = True
        self._ready.set()

    def take_dropped(self) -> int:
        """How many messages were lost since the last call; they came before all that `take()` still has."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def take(self) -> LiveMessage | None:
        """The next message, or None when there is none."""
        if self._queue:
            return self._queue.popleft()
        if not self.closed:
            self._ready.clear()
        return None

    @property
    def ready(self) -> Signal:
        """Set while `take()` may have something, and for good when closed."""
        return self._ready


class LiveHub:
    """Publishes to every listener of this process. All methods belong to the event loop's thread."""

    def __init__(self, clock: Clock, *, queue_limit: int = QUEUE_LIMIT, listener_limit: int = LISTENER_LIMIT) -> None:
        self._clock = clock
        self._queue_limit = queue_limit
        self._listener_limit = listener_limit
        self._subscriptions: set[Subscription] = set()
        self._sequence = 0
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether no further listener is taken."""
        return len(self._subscriptions) >= self._listener_limit

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._subscriptions)

    @property
    def listened(self) -> bool:
        """Whether anybody listens, so that a record is worth rendering."""
        return bool(self._subscriptions)

    def publish(self, kind: LiveKind, device_key: int, data: Mapping[str, Any]) -> None:
        """Tells all listeners. `data` is the record in its wire form."""
        self._sequence += 1
        message = LiveMessage(
            sequence=self._sequence,
            kind=kind,
            device_id=device_key,
            date=micros(self._clock.now()),
            data=dict(data),
        )
        for subscription in self._subscriptions:
            subscription.put(message)

    def lost(self, count: int) -> None:
        """Tells all listeners that so many messages, or more, did not come to them."""
        for subscription in self._subscriptions:
            subscription.lose(count)

    @contextmanager
    def listening(self, caller: Caller) -> Iterator[Subscription]:
        """A subscription for as long as the block runs. Raises Forbidden for who may read nothing.

        It has the news of all devices: of which of them the caller may hear is for its reader to ask
        (`DevicesService.reaches`).
        """
        caller.principal.require(Permission.READ)
        subscription = Subscription(self._queue_limit, caller)
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def let_go(self, listener: str) -> None:
        """Ends the subscriptions of one caller: it may listen no more."""
        for subscription in self._subscriptions:
            if subscription.caller.name == listener:
                subscription.close()

    def close(self) -> None:
        """Lets every listener go, now and later: the process is stopping."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
