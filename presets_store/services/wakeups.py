"""Waking those who wait for news of a device: long-polls, the dispatcher, the pump of reports."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

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
    if signal.is_set() or seconds <= 0:
        return signal.is_set()
    waiting = asyncio.ensure_future(signal.wait())
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        timer.cancel()
    return signal.is_set()
