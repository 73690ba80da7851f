"""Pictures for somebody who looks now and then: the newest one only."""

import threading

from hardware.models import Codec
from hardware.pipeline.stream import Stream
from hardware.pipeline.taker import Need, Picture


class Sampler:
    """A taker that keeps the newest picture until its looker, in a thread of its own, comes for it.

    One that was not fetched is replaced: a slow looker sees fewer pictures, and nobody waits for it. JPEGs come without
    a frame, unless others need one too.
    """

    def __init__(self, rate: float, width: int) -> None:
        """At most `rate` pictures a second, at least `width` pixels wide (as far as the camera's are)."""
        self.need = Need(round(1e9 / rate), width)
        self.undecoded = False
        self.backed_up = False
        self.missed = 0
        self._stream: Stream | None = None
        self._newest: Picture | None = None
        self._closed = False
        self._news = threading.Condition()

    def renew(self, stream: Stream) -> None:
        """See `FrameTaker`."""
        with self._news:
            self._stream, self._newest = stream, None
            self.undecoded = stream.format.codec is Codec.MJPEG

    def take(self, picture: Picture) -> None:
        """See `FrameTaker`."""
        damaged = picture.frame.is_corrupt if picture.frame is not None else not self.undecoded
        if damaged:
            return
        with self._news:
            self.missed += self._newest is not None
            self._newest = picture
            self._news.notify_all()

    def give_way(self) -> None:
        """See `FrameTaker`: it never holds anybody up."""

    def fetch(self, timeout: float | None = None) -> tuple[Stream, Picture] | None:
        """Waits for a picture that was not fetched before; None after `close`, or `timeout` seconds."""
        with self._news:
            self._news.wait_for(lambda: self._newest is not None or self._closed, timeout)
            picture, self._newest = self._newest, None
            if picture is None or self._stream is None or self._closed:
                return None
            return self._stream, picture

    def close(self) -> None:
        """Whoever waits in `fetch` gets None."""
        with self._news:
            self._closed = True
            self._news.notify_all()
