"""Which sink is fed by what: the camera's own packets, or an encoder that it shares with others like it."""

import functools
import threading
from collections.abc import Callable

from hardware.models import Codec, Format, Packet
from hardware.pipeline.decodestage import DecodeStage
from hardware.pipeline.fanout import FanOut
from hardware.pipeline.haste import Haste
from hardware.pipeline.plan import Plan, Wish, plan_packets
from hardware.pipeline.recipe import Recipe
from hardware.pipeline.ring import Ring
from hardware.pipeline.stage import EncodeStage
from hardware.pipeline.stream import PacketSink, Stream
from hardware.pipeline.taker import FrameTaker
from hardware.pipeline.thinning import ThinSink

NoteTaker = Callable[[tuple[str, ...]], None]


class _Route:
    """One sink and what feeds it (None while the camera is not open)."""

    def __init__(self, wish: Wish, sink: PacketSink, inform: NoteTaker) -> None:
        self.wish = wish
        self.sink = sink
        self.inform = inform
        self.plan: Plan | None = None
        self.outlet: FanOut | None = None
        self.attached = sink

    @property
    def recipe(self) -> Recipe | None:
        """How it is encoded; None when packets are passed on."""
        return self.plan.recipe if self.plan else None

    def follows(self, plan: Plan) -> bool:
        """Whether it is fed as `plan` says."""
        return self.plan is not None and (plan.recipe, plan.thinning) == (self.plan.recipe, self.plan.thinning)

    def attach(self, outlet: FanOut, since_ns: int | None) -> None:
        """Feeds the sink from `outlet`."""
        thinning = self.plan.thinning if self.plan else None
        self.attached = ThinSink(thinning, self.sink) if thinning else self.sink
        self.outlet = outlet
        outlet.attach(self.attached, since_ns)


class Router:
    """Connects sinks with the camera's stream as soon as its format is known, and anew when that changes.

    `renew`, `offer` and `pause` are called by the capture thread, the rest by any.
    """

    def __init__(self, ring_seconds: float, camera_name: str = "") -> None:
        self._ring_seconds = ring_seconds
        self._camera_name = camera_name
        self._raw = FanOut(Ring(ring_seconds))
        self._lock = threading.Lock()
        self._routes: dict[str, _Route] = {}
        self._stages: dict[Recipe, EncodeStage] = {}
        self._decoder: DecodeStage | None = None
        self._watchers: dict[str, FrameTaker] = {}
        self._waiting: list[PacketSink] = []
        self._taps: list[PacketSink] = []
        self.haste = Haste.RESTING
        """That of whoever is in the greatest hurry."""

    def add(
        self, sink_id: str, wish: Wish, sink: PacketSink, inform: NoteTaker, since_ns: int | None, *, at_next_open: bool
    ) -> None:
        """Feeds `sink` as it wishes; `inform` gets notes for people before the packets that they are about.

        When the camera is open it begins at the last key frame at or before `since_ns` (CLOCK_MONOTONIC) that the ring
        has; None: with what comes from now on. `at_next_open`: what flows now is not for it, because the camera is
        about to be reopened.
        """
        route = _Route(wish, sink, inform)
        with self._lock:
            self._routes[sink_id] = route
            self._find_haste()
            if self._raw.stream is not None and not at_next_open:
                self._connect(route, self._raw.stream.format, since_ns)

    def remove(self, sink_id: str) -> None:
        """Feeds that sink no more; harmless when it is not there."""
        with self._lock:
            route = self._routes.pop(sink_id, None)
            self._find_haste()
            if route is not None:
                self._disconnect(route)

    def _find_haste(self) -> None:
        if self._taps or not all(route.wish.patient for route in self._routes.values()):
            self.haste = Haste.LIVE
        else:
            self.haste = Haste.RECORDING if self._routes else Haste.RESTING

    def watch(self, sink_id: str, taker: FrameTaker) -> None:
        """Gives `taker` the pictures that it needs from now on, whenever the camera is open."""
        with self._lock:
            self._watchers[sink_id] = taker
            self._join(taker, None)

    def unwatch(self, sink_id: str) -> None:
        """Gives that taker no more; harmless when it is not there."""
        with self._lock:
            taker = self._watchers.pop(sink_id, None)
            if taker is not None:
                self._leave(taker)

    def tap(self, sink: PacketSink, since_ns: int, *, at_next_open: bool = False) -> None:
        """Feeds `sink` with the camera's own packets from the key frame before `since_ns` on, as far as they are kept.

        `at_next_open` as in `add`.
        """
        with self._lock:
            self._taps.append(sink)
            self._find_haste()
            if at_next_open and self._raw.stream is not None:
                self._waiting.append(sink)
            else:
                self._raw.attach(sink, since_ns)

    def connect_waiting(self) -> None:
        """The camera is not reopened after all: those who waited for that get what flows now."""
        with self._lock:
            if self._raw.stream is not None:
                self._attach_waiting()
                for route in self._routes.values():
                    if route.outlet is None:
                        self._connect(route, self._raw.stream.format, None)

    def untap(self, sink: PacketSink) -> None:
        """Feeds that sink no more; harmless when it is not fed."""
        with self._lock:
            self._waiting = [other for other in self._waiting if other is not sink]
            self._taps = [other for other in self._taps if other is not sink]
            self._find_haste()
            self._raw.detach(sink)

    def offer(self, packet: Packet) -> None:
        """The camera's next packet."""
        self._raw.offer(packet)

    def pause(self) -> None:
        """The camera is closed or lost; sinks wait for it."""
        with self._lock:
            self._raw.pause()

    def renew(self, granted: Format, note: str) -> None:
        """The camera was opened and delivers `granted`; `note` as in `Stream`."""
        with self._lock:
            self._raw.renew(Stream(granted, note=note))
            self._attach_waiting()
            for route in self._routes.values():
                plan = plan_packets(route.wish, granted)
                if route.outlet is None or not route.follows(plan):
                    self._disconnect(route)
                    # Without pre-roll: an encoder that was shared may still hold what was before.
                    self._connect(route, granted, None)

    def _attach_waiting(self) -> None:
        for sink in self._waiting:
            self._raw.attach(sink, None)
        self._waiting.clear()

    def _connect(self, route: _Route, granted: Format, since_ns: int | None) -> None:
        plan = route.plan = plan_packets(route.wish, granted)
        route.inform(plan.notes)
        if plan.recipe is None:
            route.attach(self._raw, since_ns)
            return
        stage = self._stages.get(plan.recipe)
        is_new = stage is None
        if stage is None:
            stage = self._stages[plan.recipe] = EncodeStage(plan.recipe, self._ring_seconds, self._camera_name)
        route.attach(stage.out if Codec.MJPEG in route.wish.takes else stage.strict, since_ns)
        if is_new:
            self._join(stage, since_ns)

    def _disconnect(self, route: _Route) -> None:
        if route.outlet is None:
            return
        route.outlet.detach(route.attached)
        route.outlet = None
        stage = self._stages.get(route.recipe) if route.recipe else None
        if stage is not None and stage.idle:
            del self._stages[stage.recipe]
            stage.close()
            self._leave(stage)

    def _join(self, taker: FrameTaker, since_ns: int | None) -> None:
        """The camera's packets are decoded while anybody takes pictures."""
        decoder = self._decoder
        if decoder is None:
            decoder = self._decoder = DecodeStage(self._inform_encoded)
            self._raw.attach(decoder, None)
        self._raw.recall(since_ns, functools.partial(decoder.join, taker))

    def _inform_encoded(self, note: str) -> None:
        """Called in the decoder's thread."""
        with self._lock:
            encoded = [route for route in self._routes.values() if route.recipe is not None]
        for route in encoded:
            route.inform((note,))

    def _leave(self, taker: FrameTaker) -> None:
        if self._decoder is None:
            return
        self._decoder.leave(taker)
        if self._decoder.idle:
            self._raw.detach(self._decoder)
            self._decoder.close()
            self._decoder = None
