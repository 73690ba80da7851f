"""Encode once: a thread that turns one stream into another for all sinks that want the same."""

import logging
import threading

from hardware.models import Codec, Packet
from hardware.pipeline.backlog import Backlog
from hardware.pipeline.fanout import FanOut
from hardware.pipeline.plan import Recipe
from hardware.pipeline.ring import Ring
from hardware.pipeline.stream import Stream
from hardware.pipeline.transcode import Transcoder

log = logging.getLogger(__name__)

LONGEST_LAG_NS = 2_000_000_000
"""How far the encoder may fall behind the camera before MJPG is passed on instead."""

TOO_SLOW = "the encoder did not keep up: the camera's MJPG is passed on from here"
FAILED = "the encoder failed: the camera's MJPG is passed on from here"

_MOST_FAILURES = 30
"""Pictures in a row that may fail before MJPG is passed on instead."""


class EncodeStage:
    """A sink of the camera's stream and the source (`out`) of the encoded one.

    When the encoder falls behind or fails, MJPG is passed on from then on (a new stream on `out`); of other formats
    whole groups of pictures are dropped.
    """

    def __init__(self, recipe: Recipe, ring_seconds: float) -> None:
        self.recipe = recipe
        self.out = FanOut(Ring(ring_seconds))
        self._backlog = Backlog()
        self._transcoder: Transcoder | None = None
        self._passing = False
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="encode", daemon=True)
        self._thread.start()

    def renew(self, stream: Stream) -> None:
        """The camera's stream begins (anew)."""
        self._backlog.put(stream)

    def offer(self, packet: Packet) -> None:
        """The camera's next packet."""
        self._backlog.put(packet)

    def close(self) -> None:
        """Ends the thread after what waits."""
        self._backlog.close()

    def _run(self) -> None:
        while (item := self._backlog.get()) is not None:
            if isinstance(item, Stream):
                self._begin(item)
            elif self._passing:
                self.out.offer(item)
            elif self._is_late(item):
                self._pass_on(item, TOO_SLOW)
            else:
                self._encode(item)

    def _begin(self, stream: Stream) -> None:
        if self._passing:
            self.out.renew(stream)
            return
        self._transcoder = None
        self.out.renew(Stream(self.recipe.result, encoded=True, note=stream.note))

    def _is_late(self, packet: Packet) -> bool:
        if packet.codec is not Codec.MJPEG:
            return False
        return self._backlog.waiting_since(packet.mono_ns) > LONGEST_LAG_NS

    def _pass_on(self, packet: Packet, why: str) -> None:
        self._passing = True
        self._transcoder = None
        log.warning("%s", why)
        self.out.renew(Stream(self.recipe.source, note=why))
        self.out.offer(packet)

    def _encode(self, packet: Packet) -> None:
        import av

        if self._transcoder is None and not packet.key:
            return
        try:
            self._transcoder = self._transcoder or Transcoder(self.recipe)
            results = self._transcoder.convert(packet)
        except av.FFmpegError as error:
            self._failures += 1
            log.log(logging.WARNING if self._failures == 1 else logging.DEBUG, "picture %d: %s", packet.sequence, error)
            if packet.codec is Codec.MJPEG and self._failures >= _MOST_FAILURES:
                self._pass_on(packet, FAILED)
            return
        self._failures = 0
        for result in results:
            self.out.offer(result)
