"""A camera's microphone: open while somebody listens."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from hardware.audio.alsa import open_alsa
from hardware.audio.clock import SampleClock
from hardware.audio.sound import SAMPLE_BYTES, Listener, Sound
from hardware.backoff import retry_delay
from hardware.errors import MicrophoneFailed

log = logging.getLogger(__name__)

OpenSound = Callable[[str], AbstractContextManager[Iterator[bytes]]]
"""Opens a device by its name; gives blocks of samples. Raises MicrophoneFailed."""


class Microphone:
    """Hands what it hears to all who listen; one that fails is opened again and again, less and less often."""

    def __init__(self, device: str, open_sound: OpenSound = open_alsa, *, longest_delay: float = 10.0) -> None:
        self._device = device
        self._open = open_sound
        self._longest_delay = longest_delay
        self._listeners: list[Listener] = []
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def listen(self, listener: Listener) -> None:
        """From now on `listener` hears it, or is told why not."""
        with self._change:
            self._listeners.append(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
                self._thread.start()

    def leave(self, listener: Listener) -> None:
        """`listener` hears no more; harmless when it does not listen. The device is closed after the last one."""
        with self._change:
            self._listeners = [other for other in self._listeners if other is not listener]
            self._change.notify()

    def _run(self) -> None:
        failures = 0
        while self._is_heard():
            try:
                self._hand_on()
                failures = 0
            except MicrophoneFailed as error:
                failures += 1
                log.log(logging.WARNING if failures == 1 else logging.DEBUG, "%s", error)
                for listener in self._heard_by():
                    listener.lose(str(error))
                self._rest(retry_delay(failures, first=0.5, cap=self._longest_delay))

    def _hand_on(self) -> None:
        clock = SampleClock()
        with self._open(self._device) as blocks:
            for block in blocks:
                sound = Sound(block, clock.place(len(block) // SAMPLE_BYTES, time.monotonic_ns()))
                listeners = self._heard_by()
                for listener in listeners:
                    listener.hear(sound)
                if not listeners:
                    return
        raise MicrophoneFailed(device=self._device, reason="it ended")

    def _is_heard(self) -> bool:
        """Whether the thread is to go on."""
        with self._change:
            if not self._listeners:
                self._thread = None
            return self._thread is not None

    def _heard_by(self) -> list[Listener]:
        with self._change:
            return self._listeners

    def _rest(self, seconds: float) -> None:
        with self._change:
            self._change.wait_for(lambda: not self._listeners, seconds)
