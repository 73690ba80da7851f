"""Which sink is fed by what: the camera's own packets, or an encoder that it shares with others like it."""

import threading
from collections.abc import Callable

from hardware.models import Format, Packet
from hardware.pipeline.fanout import FanOut
from hardware.pipeline.plan import Recipe, Wish, plan_packets
from hardware.pipeline.ring import Ring
from hardware.pipeline.stage import EncodeStage
from hardware.pipeline.stream import PacketSink, Stream

NoteTaker = Callable[[tuple[str, ...]], None]


class _Route:
    """One sink and what feeds it (None while the camera is not open)."""

    def __init__(self, wish: Wish, sink: PacketSink, inform: NoteTaker) -> None:
        self.wish = wish
        self.sink = sink
        self.inform = inform
        self.outlet: FanOut | None = None
        self.recipe: Recipe | None = None


class Router:
    """Connects sinks with the camera's stream as soon as its format is known, and anew when that changes.

    `renew`, `offer` and `pause` are called by the capture thread, the rest by any.
    """

    def __init__(self, ring_seconds: float) -> None:
        self._ring_seconds = ring_seconds
        self._raw = FanOut(Ring(ring_seconds))
        self._lock = threading.Lock()
        self._routes: dict[str, _Route] = {}
        self._stages: dict[Recipe, EncodeStage] = {}
        self._waiting: list[PacketSink] = []

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
            if self._raw.stream is not None and not at_next_open:
                self._connect(route, self._raw.stream.format, since_ns)

    def remove(self, sink_id: str) -> None:
        """Feeds that sink no more; harmless when it is not there."""
        with self._lock:
            route = self._routes.pop(sink_id, None)
            if route is not None:
                self._disconnect(route)

    def tap(self, sink: PacketSink, since_ns: int, *, at_next_open: bool = False) -> None:
        """Feeds `sink` with the camera's own packets from the key frame before `since_ns` on, as far as they are kept.

        `at_next_open` as in `add`.
        """
        with self._lock:
            if at_next_open and self._raw.stream is not None:
                self._waiting.append(sink)
            else:
                self._raw.attach(sink, since_ns)

    def connect_waiting(self) -> None:
        """The camera is not reopened after all: those who waited for that get what flows now."""
        with self._lock:
            if self._raw.stream is not None:
                self._attach_waiting()

    def untap(self, sink: PacketSink) -> None:
        """Feeds that sink no more; harmless when it is not fed."""
        with self._lock:
            self._waiting = [other for other in self._waiting if other is not sink]
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
                if route.outlet is None or plan.recipe != route.recipe:
                    self._disconnect(route)
                    # Without pre-roll: an encoder that was shared may still hold what was before.
                    self._connect(route, granted, None)

    def _attach_waiting(self) -> None:
        for sink in self._waiting:
            self._raw.attach(sink, None)
        self._waiting.clear()

    def _connect(self, route: _Route, granted: Format, since_ns: int | None) -> None:
        plan = plan_packets(route.wish, granted)
        route.inform(plan.notes)
        route.recipe = plan.recipe
        if plan.recipe is None:
            route.outlet = self._raw
            self._raw.attach(route.sink, since_ns)
            return
        stage = self._stages.get(plan.recipe)
        if stage is not None:
            route.outlet = stage.out
            stage.out.attach(route.sink, since_ns)
            return
        stage = self._stages[plan.recipe] = EncodeStage(plan.recipe, self._ring_seconds)
        route.outlet = stage.out
        stage.out.attach(route.sink, since_ns)
        self._raw.attach(stage, since_ns)

    def _disconnect(self, route: _Route) -> None:
        if route.outlet is None:
            return
        route.outlet.detach(route.sink)
        route.outlet = None
        stage = self._stages.get(route.recipe) if route.recipe else None
        if stage is not None and stage.out.idle:
            del self._stages[stage.recipe]
            self._raw.detach(stage)
            stage.close()
