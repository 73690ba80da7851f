"""What a host does for one camera: capture, pre-roll, sinks. Knows no socket."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hardware.camera import Source
from hardware.errors import HardwareError, SinkRefused
from hardware.lock import CameraLock
from hardware.models import CameraSpec, PhotoOrder, RecordingOrder, Refusal, Report
from hardware.pipeline.capture import Capture, Outlets
from hardware.pipeline.plan import Ask
from hardware.pipeline.router import Router
from hardware.sinks.photoplan import photo_ask
from hardware.sinks.photos import Photographer, PhotoPorts
from hardware.sinks.recorder import END_GRACE, Recorder, RecorderPorts
from hardware.sinks.syncing import Syncer
from hardware.watchdog import Doing

log = logging.getLogger(__name__)

_CLOSING_GRACE = 0.3
"""Seconds that a recording waits for its last frames when the host ends."""


class Station:
    """One camera with its recordings and photos. The camera is open while there are any or it is kept warm.

    Its format is chosen for the first recording, or for the first photo while nothing is recorded; others take it as
    it is.
    """

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
        self._photographers: dict[str, Photographer] = {}
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

    def keep_warm(self, ask: Ask | None) -> None:
        """Keeps the camera open, as near to `ask` as it can, and the ring filled; None: no longer."""
        with self._lock:
            self._warm = ask
            if self._is_idle():
                self._capture.want(ask)

    def test_picture(self, on: bool) -> None:
        """Colour bars take the camera's place, or no longer; recordings go on in a new segment."""
        changes: dict[str, object] = {"backend": "bars", "address": "", "options": {}, "prefer": None}
        self._capture.substitute(self._spec.model_copy(update=changes) if on else None)

    def record(self, order: RecordingOrder) -> None:
        """Starts a recording, or reports a Refusal."""
        if not self._accepts(order):
            return
        recorder = Recorder(
            order, RecorderPorts(note=self._capture.note, report=self._report, done=self._done, syncer=self._syncer)
        )
        with self._lock:
            ask = Ask(order.width, order.height, order.rate)
            chooses = not self._recorders and (ask.sized or (self._is_idle() and self._warm is None))
            reopens = chooses and self._capture.would_reopen(ask)
            self._recorders[order.sink_id] = recorder
            self._router.add(order, recorder, recorder.inform, at_next_open=reopens)
            if chooses:
                self._capture.want(ask)
                if not reopens:
                    self._router.connect_waiting()  # a photo whose size was to be opened: the recording has the word
        recorder.start()

    def photograph(self, order: PhotoOrder) -> None:
        """Starts to take photos, or reports a Refusal."""
        if not self._accepts(order):
            return
        router = self._router
        photographer = Photographer(
            order, PhotoPorts(router.tap, router.untap, self._capture.note, self._report, self._done)
        )
        with self._lock:
            ask = photo_ask(order, prefers=self._spec.prefer is not None)
            is_sized = bool(order.width and order.height)
            chooses = self._is_idle() and (is_sized or self._warm is None)
            reopens = chooses and self._capture.would_reopen(ask)
            self._photographers[order.sink_id] = photographer
            router.tap(photographer, order.requested_mono_ns, at_next_open=reopens)
            if chooses:
                self._capture.want(ask)
        photographer.start()

    def stop_sink(self, sink_id: str) -> None:
        """Ends a recording with the newest frame, or photos; harmless when it is over."""
        with self._lock:
            recorder = self._recorders.get(sink_id)
            photographer = self._photographers.get(sink_id)
        if recorder is not None:
            recorder.finish(time.monotonic_ns(), END_GRACE)
        if photographer is not None:
            photographer.finish()

    def close(self, timeout: float) -> bool:
        """Ends all sinks and closes the camera; False when that took longer than `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._lock:
            recorders = tuple(self._recorders.values())
            photographers = tuple(self._photographers.values())
            self._warm = None
        now_ns = time.monotonic_ns()
        for recorder in recorders:
            recorder.finish(now_ns, _CLOSING_GRACE)
        for photographer in photographers:
            photographer.finish()
        sinks: tuple[Recorder | Photographer, ...] = (*recorders, *photographers)
        closed = [sink.join(max(0.0, deadline - time.monotonic())) for sink in sinks]
        return self._capture.stop(max(0.0, deadline - time.monotonic())) and all(closed)

    def _is_idle(self) -> bool:
        return not (self._recorders or self._photographers)

    def _accepts(self, order: RecordingOrder | PhotoOrder) -> bool:
        """Whether the order can be started; reports a Refusal when not."""
        try:
            self._check(order)
        except HardwareError as error:
            self._report(Refusal(sink_id=order.sink_id, code=error.code, message=str(error)))
            return False
        return True

    def _check(self, order: RecordingOrder | PhotoOrder) -> None:
        reason = ""
        folder = Path(order.folder)
        if order.sink_id in self._recorders or order.sink_id in self._photographers:
            reason = "a sink of that id runs"
        elif not folder.is_absolute() or not folder.is_dir():
            reason = f"{order.folder!r} is no folder"
        elif Path(order.stem).name != order.stem:
            reason = f"{order.stem!r} is no file name"
        if reason:
            raise SinkRefused(camera=self._spec.camera_id, sink=order.sink_id, reason=reason)

    def _done(self, sink_id: str) -> None:
        with self._lock:
            if self._recorders.pop(sink_id, None) is not None:
                self._router.remove(sink_id)
            self._photographers.pop(sink_id, None)
            if self._is_idle():
                self._capture.want(self._warm)
