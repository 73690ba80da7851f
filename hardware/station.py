"""What a host does for one camera: capture, pre-roll, sinks. Knows no socket."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hardware.camera import Source
from hardware.errors import HardwareError, SinkRefused
from hardware.lock import CameraLock
from hardware.models import CameraSpec, RecordingOrder, Refusal, Report
from hardware.pipeline.capture import Capture, Outlets
from hardware.pipeline.plan import Ask
from hardware.pipeline.router import Router
from hardware.sinks.recorder import Recorder, RecorderPorts
from hardware.sinks.syncing import Syncer
from hardware.watchdog import Doing

log = logging.getLogger(__name__)

_CLOSING_GRACE = 0.3
"""Seconds that a recording waits for its last frames when the host ends."""


class Station:
    """One camera with its recordings. The camera is open while something records or it is kept warm."""

    def __init__(
        self,
        spec: CameraSpec,
        run_folder: Path,
        create: Callable[[CameraSpec], Source],
        report: Callable[[Report], None],
    ) -> None:
        self._spec = spec
        self._report = report
        self._syncer = Syncer()
        self._router = Router(spec.ring_seconds)
        outlets = Outlets(self._router.renew, self._router.offer, self._router.pause, report)
        self._capture = Capture(spec, create, CameraLock(run_folder, spec.camera_id), outlets)
        self._recorders: dict[str, Recorder] = {}
        self._warm = False
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

    def keep_warm(self, on: bool) -> None:
        """Keeps the camera open and the ring filled, or no longer."""
        with self._lock:
            self._warm = on
            if on and not self._recorders:
                self._capture.want(Ask())
            elif not self._recorders:
                self._capture.want(None)

    def record(self, order: RecordingOrder) -> None:
        """Starts a recording, or reports a Refusal."""
        try:
            self._check(order)
        except HardwareError as error:
            self._report(Refusal(sink_id=order.sink_id, code=error.code, message=str(error)))
            return
        recorder = Recorder(
            order, RecorderPorts(note=self._capture.note, report=self._report, done=self._done, syncer=self._syncer)
        )
        with self._lock:
            ask = Ask(order.width, order.height, order.rate)
            alone = not self._recorders
            reopens = alone and ask.sized and self._capture.would_reopen(ask)
            self._recorders[order.sink_id] = recorder
            self._router.add(order, recorder, recorder.inform, at_next_open=reopens)
            if alone and (ask.sized or not self._warm):
                self._capture.want(ask)
        recorder.start()

    def stop_sink(self, sink_id: str) -> None:
        """Ends a recording with the newest frame; harmless when it is over."""
        with self._lock:
            recorder = self._recorders.get(sink_id)
        if recorder is not None:
            recorder.finish(time.monotonic_ns())

    def close(self, timeout: float) -> bool:
        """Ends all recordings and closes the camera; False when that took longer than `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._lock:
            recorders = tuple(self._recorders.values())
            self._warm = False
        now_ns = time.monotonic_ns()
        for recorder in recorders:
            recorder.finish(now_ns, _CLOSING_GRACE)
        closed = [recorder.join(max(0.0, deadline - time.monotonic())) for recorder in recorders]
        return self._capture.stop(max(0.0, deadline - time.monotonic())) and all(closed)

    def _check(self, order: RecordingOrder) -> None:
        reason = ""
        folder = Path(order.folder)
        if order.sink_id in self._recorders:
            reason = "a sink of that id runs"
        elif not folder.is_absolute() or not folder.is_dir():
            reason = f"{order.folder!r} is no folder"
        elif Path(order.stem).name != order.stem:
            reason = f"{order.stem!r} is no file name"
        if reason:
            raise SinkRefused(camera=self._spec.camera_id, sink=order.sink_id, reason=reason)

    def _done(self, sink_id: str) -> None:
        with self._lock:
            del self._recorders[sink_id]
            self._router.remove(sink_id)
            if not self._recorders:
                self._capture.want(Ask() if self._warm else None)
