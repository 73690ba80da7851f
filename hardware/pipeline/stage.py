"""Encode once: a thread that turns pictures into one stream for all sinks that want the same."""

import importlib
import logging
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hardware.models import Codec
from hardware.pipeline.fanout import FanOut
from hardware.pipeline.recipe import Recipe
from hardware.pipeline.ring import Ring
from hardware.pipeline.stream import Stream
from hardware.pipeline.taker import EncoderFailed, Need, Picture

if TYPE_CHECKING:
    from types import ModuleType

    from hardware.pipeline.encoders import Candidate
    from hardware.pipeline.encoding import FrameEncoder

log = logging.getLogger(__name__)

TOO_SLOW = "the encoder did not keep up: the camera's MJPG is passed on from here"
FAILED = "the encoder failed: the camera's MJPG is passed on from here"
NOTHING = "the encoder failed, and what the camera delivers cannot be passed on here: no pictures"

_MOST_FAILURES = 30
"""Pictures in a row that may fail before MJPG is passed on instead."""

RECOVERY_NS = 60_000_000_000
"""After so long without falling behind an encoder that left pictures out is given twice as many."""

HANGS_AFTER = 5.0
"""Seconds after which a hardware encoder that does not return is given up."""

_MOST_WAITING = 4
"""Pictures that wait for the encoder. More wait undecoded, where they are small."""


class EncodeStage:
    """A taker of the camera's pictures and the source of the encoded stream.

    An encoder that fails or hangs is followed by the next that works here, from the pictures on that it still held; a
    new stream says so. When none is left, or they are too slow, those who take MJPG get the camera's own from then on
    (`out`); the others (`strict`), and all those of other cameras, get fewer pictures.
    """

    def __init__(self, recipe: Recipe, ring_seconds: float, name: str) -> None:
        """`name`: the camera's, for overlays."""
        self.recipe = recipe
        self.out = FanOut(Ring(ring_seconds))
        self.strict = FanOut(Ring(ring_seconds))
        self._name = name
        self._queue: deque[Picture | Stream] = deque()
        self._change = threading.Condition()
        self._closed = False
        self._gives_way = False
        self._passing = False
        self._passed_ns = 0
        self._stride = 1
        self._lightened_ns = 0
        self._note = ""
        self._candidates: list[Candidate] = []
        self._encoder: FrameEncoder | None = None
        self._announced = False
        self._failures = 0
        self._mute = False
        self._thread = self._create_thread()
        self._thread.start()

    @property
    def idle(self) -> bool:
        """True without sinks."""
        return self.out.idle and self.strict.idle

    @property
    def need(self) -> Need:
        """See `FrameTaker`."""
        thinning, (width, height) = self.recipe.thinning, self.recipe.scaled
        return Need(thinning.interval_ns if thinning else 0, width, height)

    @property
    def undecoded(self) -> bool:
        """See `FrameTaker`."""
        return self._passing and self.strict.idle

    @property
    def backed_up(self) -> bool:
        """See `FrameTaker`."""
        return len(self._queue) >= _MOST_WAITING - 1

    def renew(self, stream: Stream) -> None:
        """See `FrameTaker`."""
        self._put(stream)

    def take(self, picture: Picture) -> None:
        """See `FrameTaker`. Waits while the encoder has enough to do."""
        self._put(picture)

    def give_way(self) -> None:
        """See `FrameTaker`. One that has not begun yet is not slow: it loads its libraries."""
        encoder = self._encoder
        self._gives_way = encoder is not None and encoder.proven

    def close(self) -> None:
        """Ends the thread."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _put(self, item: Picture | Stream) -> None:
        with self._change:
            while not self._change.wait_for(lambda: self._closed or len(self._queue) < _MOST_WAITING, HANGS_AFTER):
                self._abandon()
            self._queue.append(item)
            self._change.notify_all()

    def _get(self) -> Picture | Stream | None:
        with self._change:
            self._change.wait_for(lambda: self._closed or self._queue or self._is_abandoned())
            if self._closed or self._is_abandoned():
                return None
            item = self._queue.popleft()
            self._change.notify_all()
            return item

    def _create_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="encode", daemon=True)

    def _is_abandoned(self) -> bool:
        """Whether the calling thread came back from an encoder that hung: others do its work now."""
        return self._thread is not threading.current_thread()

    def _abandon(self) -> None:
        """Hardware that does not return keeps its thread; the next encoder gets a new one. Software is just slow."""
        if self._candidates and not self._candidates[0].hardware:
            return
        hung = self._candidates[0].name if self._candidates else "a trial of the hardware encoder"
        self._candidates = self._candidates[1:] or list(_encoders().software(self.recipe.codec))
        self._note = f"{hung} hangs: {self._candidates[0].name} encodes from here"
        log.warning("%s", self._note)
        if self._encoder is not None:
            self._queue.extendleft(reversed(self._encoder.under_way))
        self._encoder = None
        self._announced = False
        self._thread = self._create_thread()
        self._thread.start()

    def _run(self) -> None:
        while (item := self._get()) is not None:
            if isinstance(item, Stream):
                self._begin(item)
            else:
                self._handle(item)

    def _begin(self, stream: Stream) -> None:
        self._encoder = None
        candidates = self._candidates or list(_encoders().candidates(self.recipe.codec))
        if self._is_abandoned():
            return
        self._candidates = candidates
        self._note = stream.note
        self._mute = False
        if self._passing:
            self.out.renew(self._passed(stream.note))
        self._announce()

    def _announce(self) -> None:
        """Tells what is encoded from here on, and by what."""
        stream = Stream(self.recipe.result, encoded=True, note=self._note, encoder=self._candidates[0].name)
        for outlet in self._outlets():
            outlet.renew(stream)
        self._announced = True

    def _outlets(self) -> Sequence[FanOut]:
        """Those who get what is encoded."""
        return (self.strict,) if self._passing else (self.out, self.strict)

    def _handle(self, picture: Picture) -> None:
        if self._gives_way:
            self._gives_way = False
            self._lighten()
            self._lightened_ns = picture.packet.mono_ns
        elif self._stride > 1 and picture.packet.mono_ns - self._lightened_ns > RECOVERY_NS:
            self._stride //= 2
            self._lightened_ns = picture.packet.mono_ns
        if self._passing:
            self._pass(picture)
        if self.undecoded or picture.place % self._stride:
            return
        if picture.frame is None:
            self._fail((picture,), "it does not decode", proven=True)
        else:
            self._encode((picture,))

    def _lighten(self) -> None:
        """The encoder was too slow."""
        if self._passing or self.out.idle:
            self._stride *= 2
            log.warning("the encoder does not keep up: one picture in %d is encoded", self._stride)
        else:
            self._pass_on((), TOO_SLOW)

    def _pass_on(self, pictures: Iterable[Picture], why: str) -> None:
        """From `pictures` on, who takes MJPG gets the camera's."""
        log.warning("%s", why)
        self._passing = True
        self.out.renew(self._passed(why))
        for picture in pictures:
            self._pass(picture)

    def _passed(self, note: str) -> Stream:
        source, thinning = self.recipe.source, self.recipe.thinning
        return Stream(thinning.applied(source) if thinning else source, note=note)

    def _pass(self, picture: Picture) -> None:
        packet = picture.packet
        if packet.mono_ns <= self._passed_ns:  # one that a hung encoder held comes again
            return
        self._passed_ns = packet.mono_ns
        self.out.offer(replace(packet, sequence=picture.place) if self.recipe.thinning else packet)

    def _encode(self, pictures: Sequence[Picture]) -> None:
        waiting = deque(pictures)
        while waiting:
            encoder = self._encoder = self._encoder or self._create()
            try:
                packets = encoder.encode(waiting[0])
            except EncoderFailed as error:
                if self._is_abandoned():
                    return
                self._encoder = None
                waiting = deque((*encoder.under_way, *tuple(waiting)[1:]))
                if not self._replace(error):
                    self._announced = self._announced and not encoder.proven
                    self._fail(waiting, str(error), proven=encoder.proven)
                    return
            else:
                if self._is_abandoned():
                    return
                waiting.popleft()
                self._failures = 0
                for packet in packets:
                    for outlet in self._outlets():
                        outlet.offer(packet)

    def _create(self) -> "FrameEncoder":
        if not self._announced:
            self._announce()
        encoder: FrameEncoder = _encoding().FrameEncoder(self.recipe, self._name, self._candidates[0])
        return encoder

    def _replace(self, error: EncoderFailed) -> bool:
        """The next encoder takes over; False when there is none."""
        if len(self._candidates) == 1:
            return False
        failed = self._candidates.pop(0).name
        log.warning("%s", error)
        self._note = f"{failed} failed: {self._candidates[0].name} encodes from here"
        self._announce()
        return True

    def _fail(self, pictures: Iterable[Picture], reason: str, *, proven: bool) -> None:
        """These pictures are not encoded. `proven`: what failed has worked before."""
        self._failures += 1
        log.log(logging.WARNING if self._failures == 1 else logging.DEBUG, "not encoded: %s", reason)
        gives_up = self._failures >= _MOST_FAILURES or not proven
        if gives_up and not self._passing and self.recipe.source.codec is Codec.MJPEG:
            self._pass_on(pictures, FAILED)
        if gives_up and not self._mute:
            self._mute = True
            for outlet in self._outlets():
                outlet.renew(Stream(self.recipe.result, encoded=True, note=NOTHING))


def _encoding() -> "ModuleType":
    """hardware.pipeline.encoding, loaded with the first picture: OpenCV costs 30 MB that passing on saves."""
    return importlib.import_module("hardware.pipeline.encoding")


def _encoders() -> "ModuleType":
    """hardware.pipeline.encoders, likewise."""
    return importlib.import_module("hardware.pipeline.encoders")
