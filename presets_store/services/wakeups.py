"""Waking those who wait for news of a device: long-polls, the dispatcher, the pump of reports."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from presets_store.clock import Clock


class Wakeups:
    """Signals per device, within this process: set after each durable change of one of its events.

    All methods belong to the event loop's thread.
    """

    def __init__(self) -> None:
        self._listeners: dict[int, set[asyncio.Event]] = {}
        self.closed = False

    def wake(self, device_key: int) -> None:
        """Wakes all who listen for `device_key`."""
        for signal in self._listeners.get(device_key, ()):
            signal.set()

    @contextmanager
    def listening(self, device_key: int) -> Iterator[asyncio.Event]:
        """A signal that is set by every wake-up from now on.

        Listen first and look second, so that nothing falls between; clear the signal before each look.
        """
        signal = asyncio.Event()
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

    def close(self) -> None:
        """Wakes everyone, now and later: the process is stopping."""
        self.closed = True
        for listeners in self._listeners.values():
            for signal in listeners:
                signal.set()


async def signalled(signal: asyncio.Event, clock: Clock, seconds: float) -> bool:
    """Waits until `signal` is set or `seconds` have passed by `clock`; True when it was set."""
    return await any_signalled((signal,), clock, seconds)


async def any_signalled(signals: Sequence[asyncio.Event], clock: Clock, seconds: float) -> bool:
    """As `signalled`, for the first of several."""
    if seconds > 0 and not any(signal.is_set() for signal in signals):
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(signal.wait()) for signal in signals]
        waiting.append(asyncio.ensure_future(clock.sleep(seconds)))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waiting:
                future.cancel()
    return any(signal.is_set() for signal in signals)
