"""The thread that owns the camera: opens it when somebody wants it, reads it, opens it again when it fails."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from hardware.backoff import retry_delay
from hardware.camera import Source
from hardware.errors import CameraBusy, CameraStalled, CameraUnavailable, HardwareError
from hardware.lock import CameraLock
from hardware.models import CameraInfo, CameraReport, CameraSpec, CameraState, Format, Packet
from hardware.pipeline.adjusting import Adjusting, Wanting
from hardware.pipeline.haste import Haste
from hardware.pipeline.plan import Ask, choose_format
from hardware.watchdog import STALL_AFTER, Doing

log = logging.getLogger(__name__)

_NS = 1_000_000_000
_READ_SLICE = 0.5
"""Seconds of one read: how soon the thread notices that nobody wants the camera any more."""

_LONGEST_REST = 0.15
"""Seconds; what packets may be late when nobody is in a hurry."""

_GATHERED = 0.1
"""Seconds of frames that are read together while they are only recorded: each wake-up costs more than to read."""

_LATE_FRAMES = 0.25
"""How much later than it is due a frame may come and still belong to the burst."""

STAND_IN = "the test picture stands in for the camera"
"""What is unusual about the stream then."""


@dataclass(frozen=True, slots=True)
class CaptureTiming:
    """In seconds. `lock_warning`: how long a predecessor may keep the lock before that is reported."""

    stall_after: float = STALL_AFTER
    first_delay: float = 0.5
    longest_delay: float = 10.0
    lock_poll: float = 0.02
    lock_warning: float = 3.0


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where the thread tells what happens. `renew` (with a note for people), `offer` and `pause` get the stream.

    `report` must not wait. `haste`: how soon packets are needed.
    """

    renew: Callable[[Format, str], None]
    offer: Callable[[Packet], None]
    pause: Callable[[], None]
    report: Callable[[CameraReport], None]
    haste: Callable[[], Haste] = lambda: Haste.LIVE


class Capture:
    """The camera's one reader. `create` makes the source, in the thread: it may have to load a codec library."""

    def __init__(
        self,
        spec: CameraSpec,
        create: Callable[[CameraSpec], Source],
        lock: CameraLock,
        outlets: Outlets,
        timing: CaptureTiming | None = None,
    ) -> None:
        self._spec = spec
        self._create = create
        self._lock = lock
        self._outlets = outlets
        self._timing = timing or CaptureTiming()
        self._camera: Source | None = None
        self._stand_in: CameraSpec | None = None
        self._shown: CameraSpec | None = None
        self._info: CameraInfo | None = None
        self._wanted: Format | None = None
        self._granted: Format | None = None
        self._reopen = False
        self._ask: Ask | None = None
        self._adjusting = Adjusting()
        self._stopping = False
        self._hurried = False
        self._change = threading.Condition()
        self._doing = Doing.NOTHING
        self._since_ns = 0
        self.last_frame_ns = 0
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Starts the thread: it takes the lock, then waits for somebody who wants the camera."""
        self._thread.start()

    def want(self, ask: Ask | None) -> None:
        """The camera shall be open, as near to `ask` as it can; None: nobody wants it."""
        with self._change:
            self._ask = ask
            self._reopen = not self._fits(ask)
            self._change.notify_all()

    def would_reopen(self, ask: Ask) -> bool:
        """Whether `want(ask)` would close and reopen the camera because it has a nearer format."""
        with self._change:
            return not self._fits(ask)

    def adjust(self, sink_id: str, wanting: Wanting | None) -> None:
        """What a sink wants of the camera's picture, None for nothing any more; it is told as soon as it is set."""
        self._adjusting.want(sink_id, wanting)

    def hurry(self) -> None:
        """A camera was plugged in: a wait for the next try ends at once, and footage may give way to the camera."""
        with self._change:
            self._hurried = True
            footage = self._shown is None and self._info is not None and not self._info.live
            self._reopen = self._reopen or (footage and self._spec.backend == "auto")
            self._change.notify_all()

    def substitute(self, stand_in: CameraSpec | None) -> None:
        """The source that `stand_in` describes is filmed in the camera's place; None: the camera itself."""
        with self._change:
            self._stand_in = stand_in
            self._change.notify_all()

    def stop(self, timeout: float) -> bool:
        """Closes the camera and ends the thread; False when that took longer than `timeout` seconds."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def occupation(self) -> tuple[Doing, float]:
        """What the thread is in, and for how many seconds."""
        doing, since_ns = self._doing, self._since_ns
        return doing, (time.monotonic_ns() - since_ns) / _NS

    def note(self, consumer: str, what: str) -> None:
        """Passes a sink's note on to the camera, whatever stands in for it; called in the sinks' threads."""
        if self._camera is not None:
            self._camera.note(consumer, what)

    def _run(self) -> None:
        if not self._take_lock():
            return
        self._camera = self._create(self._spec)
        self._report("closed")
        failures = 0
        while self._wait_until_wanted():
            try:
                self._film(self._choose_source(self._camera))
                failures = 0
            except HardwareError as error:
                failures = self._fail(error, 1 if self.last_frame_ns else failures + 1)
            except Exception as error:  # boundary: the source; its mistakes must not end the host's recordings
                log.exception("camera %s: source failed", self._spec.camera_id)
                failed = CameraUnavailable(camera=self._spec.camera_id, reason=type(error).__name__)
                failures = self._fail(failed, failures + 1)
            finally:
                self.last_frame_ns = 0

    def _take_lock(self) -> bool:
        warned = False
        began = time.monotonic()
        while not self._stopping:
            if self._lock.acquire():
                return True
            if not warned and time.monotonic() - began > self._timing.lock_warning:
                warned = True
                self._report("unavailable", CameraBusy(camera=self._spec.camera_id, reason="another host runs"))
            self._sleep(self._timing.lock_poll)
        return False

    def _wait_until_wanted(self) -> bool:
        with self._change:
            self._change.wait_for(lambda: self._stopping or self._ask is not None)
            return not self._stopping

    def _choose_source(self, camera: Source) -> Source:
        with self._change:
            self._shown = self._stand_in
        return camera if self._shown is None else self._create(self._shown)

    def _film(self, source: Source) -> None:
        """Opens the camera and reads it until nobody wants it, or wants another format."""
        self._report("opening")
        try:
            granted = self._open(source)
            if self._serves(source):
                self._outlets.renew(granted, STAND_IN if self._shown else "")
                self._read_on(source, granted)
        finally:
            self._outlets.pause()
            with self._change:
                self._granted = None
            try:
                source.close()
            finally:
                self._doing = Doing.NOTHING
        if self._ask is None:
            self._report("closed")

    def _open(self, source: Source) -> Format:
        self._occupy(Doing.OPENING)
        ask = self._ask or Ask()
        info = source.probe() if ask.sized else None
        with self._change:
            self._info = info
            self._wanted = self._choose(ask)
            self._reopen = False
        granted = source.open(self._wanted)
        with self._change:
            self._granted = granted
        self._adjusting.reopened()
        return granted

    def _serves(self, source: Source) -> bool:
        """Whether what was opened serves what is wanted by now: somebody with another size may have come meanwhile."""
        ask = self._ask
        info = source.probe() if ask is not None and ask.sized and self._info is None else self._info
        with self._change:
            self._info = info
            self._reopen = not self._fits(self._ask)
        return self._is_wanted()

    def _read_on(self, source: Source, granted: Format) -> None:
        newest_ns = 0
        alive_ns = time.monotonic_ns()
        while self._is_wanted():
            haste = self._outlets.haste()
            source.gathering = _GATHERED if haste is Haste.RECORDING else 0.0
            if self._adjusting.pending:
                self._occupy(Doing.OPENING)  # some sources begin anew for it
                self._adjusting.apply(source, granted.rate)
                alive_ns = time.monotonic_ns()
            self._occupy(Doing.READING)
            packet = source.read(_READ_SLICE)
            now_ns = time.monotonic_ns()
            if packet is not None and packet.mono_ns > newest_ns:  # a stale time stamp is no sign of life
                self._outlets.offer(packet)
                if newest_ns == 0:
                    self._report_open(source, granted)
                newest_ns, alive_ns = packet.mono_ns, now_ns
                self.last_frame_ns = newest_ns
                if haste is Haste.RESTING:
                    self._rest(source, granted, now_ns - newest_ns)
            elif now_ns - alive_ns > self._timing.stall_after * _NS:
                raise CameraStalled(camera=self._spec.camera_id, seconds=f"{self._timing.stall_after:g}")

    def _rest(self, source: Source, granted: Format, age_ns: int) -> None:
        """Lets several frames gather in the driver when none waits there already.

        To wake up costs more than to read: the first frame of a burst takes five times as long as those after it. Not
        while anybody records: what is in the driver when a camera is unplugged is lost.
        """
        if age_ns * granted.rate >= _NS:
            return
        seconds = min(source.patience, _LONGEST_REST)
        if seconds * granted.rate >= 2:
            with self._change:
                self._change.wait_for(lambda: not self._is_wanted(), seconds + _LATE_FRAMES / granted.rate)

    def _report_open(self, source: Source, granted: Format) -> None:
        """Only now some sources know what they are, and nothing waits for it any more."""
        info = source.probe()
        with self._change:
            self._info = info
            self._reopen = not self._fits(self._ask)
        self._report("open", granted=granted)

    def _is_wanted(self) -> bool:
        with self._change:
            return not (self._stopping or self._ask is None or self._reopen or self._is_switched())

    def _is_switched(self) -> bool:
        return self._shown is not self._stand_in

    def _fits(self, ask: Ask | None) -> bool:
        """Whether the open camera serves `ask` as well as any other of its formats would; true when none is open."""
        if ask is None or self._granted is None or self._info is None:
            return True
        return self._choose(ask) in (None, self._wanted, self._granted)

    def _choose(self, ask: Ask) -> Format | None:
        formats = self._info.formats if self._info else ()
        return choose_format(formats, ask, (self._shown or self._spec).prefer)

    def _fail(self, error: HardwareError, failures: int) -> int:
        """Reports it and waits; answers how many failures in a row count from now on."""
        self._report("stalled" if isinstance(error, CameraStalled) else "unavailable", error)
        delay = retry_delay(failures, first=self._timing.first_delay, cap=self._timing.longest_delay)
        log.log(logging.WARNING if failures == 1 else logging.DEBUG, "%s; next try in %.1f s", error, delay)
        return 0 if self._sleep(delay) else failures

    def _sleep(self, seconds: float) -> bool:
        """True when a camera was plugged in since the last call."""
        with self._change:
            self._change.wait_for(lambda: self._stopping or self._hurried or self._is_switched(), seconds)
            hurried, self._hurried = self._hurried, False
        return hurried

    def _occupy(self, doing: Doing) -> None:
        self._since_ns = time.monotonic_ns()
        self._doing = doing

    def _report(self, state: CameraState, error: HardwareError | None = None, granted: Format | None = None) -> None:
        reason, code = (str(error), error.code) if error else ("", "")
        info = self._info if granted else None
        self._outlets.report(CameraReport(state=state, reason=reason, code=code, info=info, format=granted))
