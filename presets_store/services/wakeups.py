"""Waking those who wait for news of a device: long-polls, the dispatcher, the pump of reports."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from presets_store.clock import Clock
from presets_store.services.errors import TooManyPolls


@dataclass(frozen=True, slots=True, kw_only=True)
class PollLimits:
    """How many long-polls may wait in this process: in all, and for one device."""

    total: int = 10_000
    per_device: int = 8


class Signal:
    """An asyncio.Event whose waiters are plain futures: thousands wait at once, and none of them needs a task."""

    __slots__ = ("_set", "_waiters")

    def __init__(self) -> None:
        self._set = False
        self._waiters: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        """Wakes all who wait, and whoever comes until `clear`."""
        self._set = True
        for waiter in self._waiters:
            _finish(waiter)

    def clear(self) -> None:
        self._set = False

    async def wait(self) -> None:
        """Returns once it is set."""
        if not self._set:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.tell(waiter)
            try:
                await waiter
            finally:
                self.spare(waiter)

    def tell(self, waiter: "asyncio.Future[None]") -> None:
        """Has `waiter` finished at each `set`, until `spare`."""
        self._waiters.append(waiter)

    def spare(self, waiter: "asyncio.Future[None]") -> None:
        self._waiters.remove(waiter)


class Wakeups:
    """Signals per device, within this process: set after each durable change of one of its events.

    All methods belong to the event loop's thread. `woken` is told how long each change took to reach a long-poll (s).
    """

    def __init__(self, limits: PollLimits | None = None, *, woken: Callable[[float], None] | None = None) -> None:
        self._limits = limits or PollLimits()
        self._listeners: dict[int, set[Signal]] = {}
        self._polls: dict[int, int] = {}
        self.woken = woken or (lambda _seconds: None)
        self.polls_waiting = 0
        self.closed = False
        self.deliveries = Signal()
        """Set after each durable change that makes something to be delivered."""

    @property
    def polled(self) -> Collection[int]:
        """The devices for which long-polls wait."""
        return self._polls.keys()

    def wake(self, device_key: int) -> None:
        """Wakes all who listen for `device_key`."""
        for signal in self._listeners.get(device_key, ()):
            signal.set()

    @contextmanager
    def listening(self, device_key: int) -> Iterator[Signal]:
        """A signal that is set by every wake-up from now on.

        Listen first and look second, so that nothing falls between; clear the signal before each look.
        """
        signal = Signal()
        if self.closed:
            signal.set()
        self._listeners.setdefault(device_key, set()).add(signal)
        try:
            yield signal
        finally:
            listeners = self._listeners[device_key]
            listeners.discard(signal)
            if not listeners:
                del self._listeners[device_key]

    @contextmanager
    def polling(self, device_key: int) -> Iterator[Signal]:
        """As `listening`, for a long-poll, of which there is a limited number. Raises TooManyPolls."""
        of_device = self._polls.get(device_key, 0)
        if self.polls_waiting >= self._limits.total:
            raise TooManyPolls(what="this server", limit=self._limits.total)
        if device_key and of_device >= self._limits.per_device:
            raise TooManyPolls(what=f"device {device_key}", limit=self._limits.per_device)
        self._count(device_key, 1)
        try:
            with self.listening(device_key) as signal:
                yield signal
        finally:
            self._count(device_key, -1)

    def _count(self, device_key: int, more: int) -> None:
        self.polls_waiting += more
        of_device = self._polls.get(device_key, 0) + more
        if of_device:
            self._polls[device_key] = of_device
        else:
            del self._polls[device_key]

    def close(self) -> None:
        """Wakes everyone, now and later: the process is stopping."""
        self.closed = True
        for listeners in self._listeners.values():
            for signal in listeners:
                signal.set()


def signalled(signal: Signal, clock: Clock, seconds: float) -> Coroutine[Any, Any, bool]:
    """Waits until `signal` is set or `seconds` have passed by `clock`; True when it was set."""
    return any_signalled((signal,), clock, seconds)


async def any_signalled(signals: Sequence[Signal], clock: Clock, seconds: float) -> bool:
    """As `signalled`, for the first of several."""
    if seconds > 0 and not any(signal.is_set() for signal in signals):
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = clock.call_later(seconds, lambda: _finish(waiter))
        for signal in signals:
            signal.tell(waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            for signal in signals:
                signal.spare(waiter)
    return any(signal.is_set() for signal in signals)


def _finish(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
