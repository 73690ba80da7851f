"""The agent's side of a camera: starts the host process, watches it, restarts it, and speaks with it.

Imports neither av nor cv2. All methods belong to the event loop's thread (a host dies with the thread that spawned it).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hardware.backoff import retry_delay
from hardware.errors import CameraUnavailable, HardwareError, HostLost, WireError, revive
from hardware.handle import PictureHandle, SinkHandle, SinkReport
from hardware.hostprocess import HostProcess
from hardware.jobrun import run_job
from hardware.models import (
    CameraReport,
    CameraSpec,
    Configure,
    Greeting,
    KeepWarm,
    Model,
    PhotoOrder,
    Ping,
    Pong,
    PreviewOrder,
    RecordingOrder,
    Refusal,
    Report,
    SetClock,
    Shutdown,
    SinkEnded,
    SinkOrder,
    StreamOrder,
    TestPicture,
    WatchOrder,
)
from hardware.prespawn import Prespawned
from hardware.wire import Picture, check_version

__all__ = [
    "CameraClient",
    "HostTiming",
    "Picture",
    "PictureHandle",
    "Prespawned",
    "SinkHandle",
    "SinkReport",
    "run_job",
]

log = logging.getLogger(__name__)

Handle = TypeVar("Handle", bound=SinkHandle)


@dataclass(frozen=True, slots=True)
class HostTiming:
    """Limits of the supervision, in seconds.

    `greeting`: from exec to the greeting. `ready`: how long `record` waits for a host. `silent_after`: without a pong.
    `exit_within`: for an orderly end. `healthy_after`: a host that lived so long starts the backoff anew.
    """

    greeting: float = 30.0
    ready: float = 10.0
    ping_every: float = 2.0
    silent_after: float = 5.0
    exit_within: float = 3.0
    first_delay: float = 0.2
    longest_delay: float = 30.0
    healthy_after: float = 30.0


def _ignore(_: CameraReport) -> None:
    pass


class CameraClient:
    """One camera and its host process.

    `run_folder` holds the lock per camera. `on_camera` is called in the loop with each new `CameraReport`. `spawned`
    becomes its first host. `beat`: when its supervision was last at work, by the loop's clock; between two beats there
    is at most the longest pause, and the time that a host may take to greet and to end. `started_mono_ns`: since when
    there is one, 0 before.
    """

    def __init__(
        self,
        spec: CameraSpec,
        run_folder: Path,
        *,
        on_camera: Callable[[CameraReport], None] = _ignore,
        timing: HostTiming | None = None,
        spawned: Prespawned | None = None,
    ) -> None:
        self.spec = spec
        self._run_folder = run_folder
        self._on_camera = on_camera
        self._timing = timing or HostTiming()
        self._state = CameraReport(state="closed")
        self._pong: Pong | None = None
        self._heard = 0.0
        self.beat = 0.0
        self.started_mono_ns = 0
        self._spawned = spawned
        self._warm = KeepWarm(on=False)
        self._test_picture = TestPicture(on=False)
        self._clock: SetClock | None = None
        self._filmed = False
        self._host: HostProcess | None = None
        self._configured = False
        self._ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._handles: dict[str, SinkHandle] = {}
        self._supervision: asyncio.Task[None] | None = None

    @property
    def state(self) -> CameraReport:
        """The newest report about the camera; `closed` before the first, `unavailable` while there is no host."""
        return self._state

    @property
    def pid(self) -> int | None:
        """The running host's process id."""
        return self._host.pid if self._host else None

    @property
    def pong(self) -> Pong | None:
        """The newest sign of life of the running host: resident bytes, time of the last frame."""
        return self._pong

    async def start(self) -> None:
        """Begins to supervise a host; returns at once. `ready()` tells when it can work."""
        if self._supervision is None:
            self._stopping.clear()
            self.started_mono_ns = time.monotonic_ns()
            self._supervision = asyncio.create_task(self._supervise(), name=f"camera-{self.spec.camera_id}")

    async def stop(self) -> None:
        """Ends the sinks, the host (by force after `exit_within`) and the supervision.

        Last reports still reach the handles.
        """
        self._stopping.set()
        if self._supervision is not None:
            await asyncio.wait((self._supervision,))
            self._supervision = None
        if self._spawned is not None:
            self._spawned.discard()
            self._spawned = None

    async def wait_closed(self) -> None:
        """Returns when `stop()` ended the supervision; raises what it died of otherwise (a bug)."""
        if self._supervision is not None:
            await asyncio.shield(self._supervision)

    async def ready(self, timeout: float) -> bool:
        """True when a host holds the camera's lock: no predecessor writes files any more. False after `timeout` s."""
        try:
            async with asyncio.timeout(timeout):
                await self._ready.wait()
        except TimeoutError:
            return False
        return True

    async def keep_warm(self, on: bool, width: int = 0, height: int = 0, rate: float = 0.0) -> None:
        """Keeps the camera open and its ring filled, or no longer. Holds over restarts of the host.

        Opened as near to the size (pixels) and `rate` (frames per second) as it can; 0 where it does not matter.
        """
        self._warm = KeepWarm(on=on, width=width, height=height, rate=rate)
        self._tell(self._warm)

    async def test_picture(self, on: bool) -> None:
        """Colour bars take the camera's place, or no longer; recordings go on in a new segment.

        Holds over restarts of the host. Works without a camera too.
        """
        self._test_picture = TestPicture(on=on)
        self._tell(self._test_picture)

    async def set_clock(self, told: SetClock) -> None:
        """Segments and photos that begin from now on are dated by it. Holds over restarts of the host."""
        self._clock = told
        self._tell(told)

    @property
    def in_use(self) -> bool:
        """Whether anybody wants the camera: a sink, or a wish to keep it warm."""
        return bool(self._handles) or self._warm.on

    async def renew_host(self, reason: str) -> None:
        """Ends the host in order, by force if it must be; a new one takes its place and sinks go on in it."""
        if self._host is not None:
            log.info("camera %s: the host ends: %s", self.spec.camera_id, reason)
            self._host.send(Shutdown())

    async def record(self, order: RecordingOrder) -> SinkHandle:
        """Starts a recording; its reports come through the handle, also a refusal by the host.

        Waits up to `HostTiming.ready` for a host that is just starting, then raises CameraUnavailable.
        """
        return await self._begin(order, SinkHandle)

    async def photograph(self, order: PhotoOrder) -> SinkHandle:
        """Takes one photo, or one per interval. Each is reported as `PhotoTaken`; otherwise like `record`."""
        return await self._begin(order, SinkHandle)

    async def stream(self, order: StreamOrder) -> SinkHandle:
        """Starts a stream. Its states are reported as `StreamReport`; otherwise like `record`."""
        return await self._begin(order, SinkHandle)

    async def watch(self, order: WatchOrder) -> SinkHandle:
        """Starts an analyser. What it sees is reported as `Observation`; otherwise like `record`."""
        return await self._begin(order, SinkHandle)

    async def preview(self, order: PreviewOrder) -> PictureHandle:
        """Starts pictures for people who look; they come through the handle. Otherwise like `record`."""
        return await self._begin(order, PictureHandle)

    async def _begin(self, order: SinkOrder, make: Callable[[str, Callable[[Model], None]], Handle]) -> Handle:
        if not await self.ready(self._timing.ready) or self._host is None:
            raise CameraUnavailable(camera=self.spec.camera_id, reason=self._state.reason or "its host is not running")
        handle = make(order.sink_id, self._host.send)
        self._handles[order.sink_id] = handle
        self._host.send(order)
        return handle

    def _tell(self, order: KeepWarm | TestPicture | SetClock) -> None:
        """Tells the host that there is; each new one is told when it is configured."""
        if self._host is not None and self._configured:
            self._host.send(order)

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._stopping.is_set():
            self.beat = began = loop.time()
            reason = await self._run_host()
            if self._stopping.is_set():
                return
            failures = 1 if loop.time() - began > self._timing.healthy_after else failures + 1
            delay = retry_delay(failures, first=self._timing.first_delay, cap=self._timing.longest_delay)
            log.log(
                logging.WARNING if failures == 1 else logging.DEBUG,
                "camera %s: host ended: %s; next start in %.1f s",
                self.spec.camera_id,
                reason,
                delay,
            )
            await self._pause(delay)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _run_host(self) -> str:
        """Starts a host and serves it to its end; answers why it ended."""
        try:
            spawned, self._spawned = self._spawned, None
            self._host = await HostProcess.spawn(self.spec.camera_id, self._show, spawned)
        except OSError as error:
            return self._lose(f"it cannot be started: {error}")
        grace = self._timing.exit_within
        try:
            await self._serve(self._host)
            reason = "it closed the connection"
        except TimeoutError:
            reason, grace = f"no greeting within {self._timing.greeting:g} s", 0.0
        except HardwareError as error:
            reason, grace = str(error.fields.get("reason", error)), 0.0
        except BaseException:  # boundary: whatever ends the supervision, no host outlives it
            self._host.abandon()
            raise
        finally:
            self._configured = False
            self._ready.clear()
        status = await self._host.end(grace)
        return self._lose(f"{reason} (status {status})")

    def _lose(self, reason: str) -> str:
        self._host = None
        self._pong = None
        handles, self._handles = self._handles, {}
        for handle in handles.values():
            handle.fail(HostLost(camera=self.spec.camera_id, reason=reason))
        state = "closed" if self._stopping.is_set() else "unavailable"
        self._report(CameraReport(state=state, reason=f"host process: {reason}", code=HostLost.code))
        return reason

    async def _serve(self, host: HostProcess) -> None:
        async with asyncio.timeout(self._timing.greeting):
            greeting = await host.receive()
        if greeting is None:
            raise HostLost(camera=self.spec.camera_id, reason="it ended before its greeting")
        if not isinstance(greeting, Greeting):
            raise WireError(reason="the host did not begin with a greeting")
        check_version(greeting.version)
        spec = self.spec.model_copy(update={"filmed": self._filmed})
        host.send(Configure(spec=spec, run_folder=str(self._run_folder)))
        self._configured = True
        host.send(self._test_picture)
        host.send(self._warm)
        if self._clock is not None:
            host.send(self._clock)
        listening = asyncio.create_task(self._listen(host))
        watching = asyncio.create_task(self._watch(host))
        stopping = asyncio.create_task(self._until_stopping())
        try:
            await asyncio.wait((listening, watching, stopping), return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                host.send(Shutdown())
                await asyncio.wait((listening,), timeout=self._timing.exit_within)
            for task in (listening, watching):
                if task.done():
                    task.result()
        finally:
            for task in (listening, watching, stopping):
                task.cancel()
            await asyncio.gather(listening, watching, stopping, return_exceptions=True)

    async def _until_stopping(self) -> None:
        await self._stopping.wait()

    async def _listen(self, host: HostProcess) -> None:
        while (report := await host.receive()) is not None:
            self._take(report)

    async def _watch(self, host: HostProcess) -> None:
        """Pings the host; raises HostLost when it stays silent.

        Its silence counts from the first ping without an answer: this process may itself have been stopped for a while.
        """
        loop = asyncio.get_running_loop()
        self._heard = asked = loop.time()
        number = 0
        while self._heard >= asked or loop.time() - asked < self._timing.silent_after:
            if self._heard >= asked:
                asked = loop.time()
            number += 1
            self.beat = loop.time()
            host.send(Ping(number=number))
            await asyncio.sleep(min(self._timing.ping_every, asked + self._timing.silent_after - loop.time()))
        raise HostLost(camera=self.spec.camera_id, reason=f"silent for {self._timing.silent_after:g} s")

    def _take(self, report: Report) -> None:
        if isinstance(report, Pong):
            self._pong = report
            self._heard = asyncio.get_running_loop().time()
        elif isinstance(report, CameraReport):
            self._ready.set()
            self._report(report)
        elif isinstance(report, Refusal):
            if handle := self._handles.pop(report.sink_id, None):
                handle.fail(revive(report.code, report.message))
        elif isinstance(report, SinkReport):
            self._deliver(report)

    def _show(self, picture: Picture) -> None:
        handle = self._handles.get(picture.sink_id)
        if isinstance(handle, PictureHandle):
            handle.show(picture)

    def _deliver(self, report: SinkReport) -> None:
        handle = self._handles.get(report.sink_id)
        if handle is None:
            return
        if isinstance(report, SinkEnded):
            del self._handles[report.sink_id]
        handle.take(report)

    def _report(self, report: CameraReport) -> None:
        self._state = report
        self._filmed = self._filmed or (report.info is not None and report.info.live)
        self._on_camera(report)
