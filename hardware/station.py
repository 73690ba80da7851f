"""What a host does for one camera: capture, pre-roll, sinks. Knows no socket."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hardware.audio.microphone import Microphone
from hardware.camera import Source
from hardware.errors import HardwareError, SinkRefused
from hardware.lock import CameraLock
from hardware.models import CameraSpec, PhotoOrder, RecordingOrder, Refusal, Report, SetClock, SinkOrder, WatchOrder
from hardware.pipeline.capture import Capture, Outlets
from hardware.pipeline.plan import Ask
from hardware.pipeline.router import Router
from hardware.sinks.base import Sink, SinkPorts
from hardware.sinks.recorder import END_GRACE
from hardware.sinks.syncing import Syncer
from hardware.sinks.table import MAKERS, MEEK, RANKS, ask_of, is_particular
from hardware.v4l2.hotplug import HotPlug
from hardware.vision import order_problem
from hardware.watchdog import Doing

log = logging.getLogger(__name__)

_CLOSING_GRACE = 0.3
"""Seconds that a recording waits for its last frames when the host ends."""


def _no_pictures(sink_id: str, mono_ns: int, jpeg: bytes) -> None:
    """For a station that nobody looks at."""


class Station:
    """One camera with its sinks. The camera is open while there are any or it is kept warm.

    Its format is chosen for the first recording, else for the first stream, else for what is alone; others take it as
    it is.
    """

    def __init__(
        self,
        spec: CameraSpec,
        run_folder: Path,
        create: Callable[[CameraSpec], Source],
        report: Callable[[Report], None],
        picture: Callable[[str, int, bytes], None] = _no_pictures,
    ) -> None:
        spec = spec.model_copy(update={"undo_file": str(run_folder / f"{spec.camera_id}.undo.json")})
        self._spec = spec
        self._report = report
        self._router = Router(spec.ring_seconds, spec.name)
        outlets = Outlets(
            self._router.renew, self._router.offer, self._router.pause, report, lambda: self._router.haste
        )
        self._capture = Capture(spec, create, CameraLock(run_folder, spec.camera_id), outlets)
        self._ports = SinkPorts(
            note=self._capture.note,
            report=report,
            done=self._done,
            picture=picture,
            syncer=Syncer(),
            router=self._router,
            camera_name=spec.name,
            adjust=self._capture.adjust,
            microphone=Microphone(spec.microphone) if spec.microphone else None,
        )
        self._sinks: dict[str, tuple[int, Sink]] = {}
        self._warm: Ask | None = None
        self._lock = threading.Lock()

    @property
    def last_frame_ns(self) -> int:
        """CLOCK_MONOTONIC of the newest frame; 0 while the camera is closed."""
        return self._capture.last_frame_ns

    def occupation(self) -> tuple[Doing, float]:
        """What the capture thread is in, and for how many seconds."""
        return self._capture.occupation()

    def start(self) -> None:
        """Takes the camera's lock in the background, then tells the camera's first state."""
        self._capture.start()
        if self._spec.backend in ("auto", "v4l2"):
            HotPlug(self._capture.hurry).start()

    def keep_warm(self, ask: Ask | None) -> None:
        """Keeps the camera open, as near to `ask` as it can, and the ring filled; None: no longer."""
        with self._lock:
            self._warm = ask
            if not self._sinks:
                self._capture.want(ask)

    def test_picture(self, on: bool) -> None:
        """Colour bars take the camera's place, or no longer; recordings go on in a new segment."""
        changes: dict[str, object] = {"backend": "bars", "address": "", "options": {}, "prefer": None}
        self._capture.substitute(self._spec.model_copy(update=changes) if on else None)

    def set_clock(self, told: SetClock) -> None:
        """Segments and photos that begin from now on are dated by it; none that is there is changed."""
        self._ports.clock.set(told)

    def start_sink(self, order: SinkOrder) -> None:
        """Starts what `order` asks for, or reports a Refusal."""
        if not self._accepts(order):
            return
        sink = MAKERS[type(order)](order, self._ports)
        with self._lock:
            ask = ask_of(order, self._spec)
            chooses = self._may_choose(order)
            reopens = chooses and self._capture.would_reopen(ask)
            self._sinks[order.sink_id] = (RANKS[type(order)], sink)
            sink.attach(at_next_open=reopens)
            if chooses:
                self._capture.want(ask)
                if not reopens:
                    self._router.connect_waiting()  # a photo whose size was to be opened: this one has the word
        sink.start()

    def stop_sink(self, sink_id: str, after_seconds: float = 0.0) -> None:
        """Ends a sink with the newest frame, or the last of the next `after_seconds`; harmless when it is over."""
        with self._lock:
            _, sink = self._sinks.get(sink_id, (0, None))
        if sink is not None:
            sink.finish(time.monotonic_ns() + round(after_seconds * 1e9), END_GRACE)

    def close(self, timeout: float) -> bool:
        """Ends all sinks and closes the camera; False when that took longer than `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._lock:
            sinks = [sink for _, sink in self._sinks.values()]
            self._warm = None
        now_ns = time.monotonic_ns()
        for sink in sinks:
            sink.finish(now_ns, _CLOSING_GRACE)
        closed = [sink.join(max(0.0, deadline - time.monotonic())) for sink in sinks]
        return self._capture.stop(max(0.0, deadline - time.monotonic())) and all(closed)

    def _may_choose(self, order: SinkOrder) -> bool:
        """Whether the camera is opened, or opened anew, as this sink asks."""
        rank = RANKS[type(order)]
        others = [other for other, _ in self._sinks.values()]
        if (rank == MEEK and others) or any(other >= rank for other in others):
            return False
        return is_particular(order) or (not others and self._warm is None)

    def _accepts(self, order: SinkOrder) -> bool:
        """Whether the order can be started; reports a Refusal when not."""
        try:
            self._check(order)
        except HardwareError as error:
            self._report(Refusal(sink_id=order.sink_id, code=error.code, message=str(error)))
            return False
        return True

    def _check(self, order: SinkOrder) -> None:
        reason = ""
        if order.sink_id in self._sinks:
            reason = "a sink of that id runs"
        elif isinstance(order, RecordingOrder | PhotoOrder):
            reason = _folder_problem(order)
        elif isinstance(order, WatchOrder):
            reason = order_problem(order)
        if reason:
            raise SinkRefused(camera=self._spec.camera_id, sink=order.sink_id, reason=reason)

    def _done(self, sink_id: str) -> None:
        with self._lock:
            self._sinks.pop(sink_id, None)
            if not self._sinks:
                self._capture.want(self._warm)


def _folder_problem(order: RecordingOrder | PhotoOrder) -> str:
    """Why nothing can be written where the order says; empty when it can."""
    folder = Path(order.folder)
    if not folder.is_absolute() or not folder.is_dir():
        return f"{order.folder!r} is no folder"
    return "" if Path(order.stem).name == order.stem else f"{order.stem!r} is no file name"
