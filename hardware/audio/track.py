"""A recording's sound: what the microphone heard, encoded, to be taken up to the moment of a picture."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hardware.audio.encoding import SoundEncoder
from hardware.audio.microphone import Microphone
from hardware.audio.sound import NS, RATE, SAMPLE_BYTES, Sound, SoundPacket, length_ns
from hardware.containers.table import Container

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

_PATIENCE_NS = NS // 2
"""How long a picture waits for the sound of its moment; after that it is written without."""

_MUTE_NS = 2 * NS
"""After so long without sound a microphone that says nothing of it counts as failed."""

_SLACK = RATE // 50
"""Samples by which sound and its time may differ: 20 ms, below what anybody notices."""

_LONGEST_SILENCE = RATE
"""Samples of silence that fill a gap; after a longer one the sound begins anew, at its own time."""

_MOST_WAITING = 60 * RATE * SAMPLE_BYTES
"""Bytes that wait while there are no pictures; older ones are forgotten."""


class SoundTrack:
    """Listens from the beginning. The microphone's thread calls `hear` and `lose`, the recorder's the rest."""

    def __init__(self, microphone: Microphone, container: Container) -> None:
        self._microphone = microphone
        self._container = container
        self._change = threading.Condition()
        self._waiting: deque[Sound] = deque()
        self._waiting_bytes = 0
        self._heard = False
        self._reason: str | None = None
        self._told = ""
        self._encoder: SoundEncoder | None = None
        self._packets: deque[SoundPacket] = deque()
        self._encoded_ns = 0
        microphone.listen(self)

    def news(self) -> str:
        """Why nothing is heard, once for each time that it changes; empty when something is, or nothing is new."""
        reason = self._reason or ""
        changed = reason != self._told
        self._told = reason
        return reason if changed else ""

    @property
    def stream(self) -> "AudioStream | None":
        """What a file's audio track is made of; None while nothing is heard."""
        if self._reason is not None:
            return None
        self._encode_waiting()
        return self._encoder.stream if self._encoder else None

    def hear(self, sound: Sound) -> None:
        """See `Listener`."""
        with self._change:
            self._waiting.append(sound)
            self._waiting_bytes += len(sound.samples)
            while self._waiting_bytes > _MOST_WAITING:
                self._waiting_bytes -= len(self._waiting.popleft().samples)
            self._heard = True
            self._reason = None
            self._change.notify()

    def lose(self, reason: str) -> None:
        """See `Listener`."""
        with self._change:
            self._reason = reason
            self._change.notify()

    def await_first(self, seconds: float) -> None:
        """Waits until something is heard, or known to be not."""
        with self._change:
            if not self._change.wait_for(lambda: self._heard or self._reason is not None, seconds):
                self._reason = "the microphone gives nothing"

    def take(self, until_ns: int) -> Iterator[SoundPacket]:
        """The packets before `until_ns`, for which it may wait half a second after that moment."""
        deadline_ns = until_ns + _PATIENCE_NS
        self._encode_waiting()
        while self._encoded_ns < until_ns and (left_ns := deadline_ns - time.monotonic_ns()) > 0:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._reason is not None, left_ns / NS)
                if not self._waiting:
                    break
            self._encode_waiting()
        with self._change:
            if self._encoded_ns and until_ns - self._encoded_ns > _MUTE_NS and not (self._waiting or self._reason):
                self._reason = "the microphone gives nothing any more"
        while self._packets and self._packets[0].mono_ns < until_ns:
            yield self._packets.popleft()

    def close(self) -> None:
        """Listens no more."""
        self._microphone.leave(self)

    def _encode_waiting(self) -> None:
        with self._change:
            sounds = list(self._waiting)
            self._waiting.clear()
            self._waiting_bytes = 0
        for sound in sounds:
            for packet in self._encode(sound):
                self._packets.append(packet)
                self._encoded_ns = packet.mono_ns + length_ns(packet.count)

    def _encode(self, sound: Sound) -> Iterator[SoundPacket]:
        """Keeps the sound where its time is: fills gaps with silence, leaves out what is too much."""
        gap = 0 if self._encoder is None else round((sound.mono_ns - self._encoder.end_ns) * RATE / NS)
        if self._encoder is not None and gap > _LONGEST_SILENCE:
            yield from self._encoder.finish()
            self._encoder = None
        if self._encoder is None:
            self._encoder = SoundEncoder(self._container, sound.mono_ns)
            gap = 0
        if gap > _SLACK:
            yield from self._encoder.encode(bytes(gap * SAMPLE_BYTES))
        surplus = -gap if gap < -_SLACK else 0
        yield from self._encoder.encode(sound.samples[surplus * SAMPLE_BYTES :])
