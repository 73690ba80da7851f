"""The camera host process: `python -P -m hardware.host --fd N`. Owns one camera; the agent has the socket's other end.

It ends by itself, with closed segments and within two seconds, when the socket ends or SIGTERM comes.
"""

import argparse
import importlib
import logging
import os
import selectors
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType

from hardware.errors import CameraStalled, WireError
from hardware.models import (
    CameraReport,
    Configure,
    Greeting,
    KeepWarm,
    Order,
    Ping,
    Pong,
    SetClock,
    Shutdown,
    SinkOrder,
    StopSink,
    TestPicture,
)
from hardware.pipeline.plan import Ask
from hardware.registry import create_source
from hardware.reporter import Reporter
from hardware.station import Station
from hardware.system import end_with_parent, resident_bytes
from hardware.watchdog import Patience, Verdict, judge
from hardware.wire import FrameBuffer, check_version, parse_order

log = logging.getLogger(__name__)

CLOSING_SECONDS = 1.7
"""For the recordings and the camera; with the last reports it stays below two seconds."""

_FLUSH_SECONDS = 0.2
_LOOK_SECONDS = 0.5
_RECEIVE = 1 << 16
_EXIT_UNCLEAN = 75
_EXIT_MISTAKE = 70

StationOrder = SinkOrder | StopSink | KeepWarm | TestPicture | SetClock


class Host:
    """The control thread: takes orders, watches the capture thread, and ends the process."""

    def __init__(self, connection: socket.socket, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._connection = connection
        self._frames = FrameBuffer()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_out.setblocking(False)
        self._reporter = Reporter(connection, self.wake)
        self._station: Station | None = None
        self._camera_id = ""
        self._verdict = Verdict.FINE
        self._running = True

    def wake(self) -> None:
        """Ends `run` soon; may be called from a signal handler or another thread."""
        self._running = False
        try:
            self._wake_out.send(b"x")
        except BlockingIOError:
            return  # it was woken already

    def run(self) -> int:
        """Serves the agent until the end; answers the exit status."""
        self._reporter.put(Greeting(pid=os.getpid()))
        threading.Thread(target=_load_codecs, name="load", daemon=True).start()
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ)
            selector.register(self._wake_in, selectors.EVENT_READ)
            while self._running:
                ready = selector.select(_LOOK_SECONDS if self._station else None)
                if any(key.fileobj is self._connection for key, _ in ready):
                    self._receive()
                self._watch()
        return self._close()

    def _receive(self) -> None:
        try:
            data = self._connection.recv(_RECEIVE)
            if not data:
                self._running = False
            for frame in self._frames.feed(data):
                self._obey(parse_order(frame))
        except ConnectionError:
            self._running = False
        except WireError as error:
            log.error("%s", error)
            self._running = False

    def _obey(self, order: Order) -> None:
        if isinstance(order, Configure):
            self._configure(order)
        elif isinstance(order, Ping):
            last_ns = self._station.last_frame_ns if self._station else 0
            pong = Pong(number=order.number, last_frame_mono_ns=last_ns, resident_bytes=resident_bytes())
            self._reporter.put(pong)
        elif isinstance(order, Shutdown):
            self._running = False
        elif self._station is None:
            raise WireError(reason=f"{order.type} before configure")
        else:
            self._pass_on(order, self._station)

    def _pass_on(self, order: StationOrder, station: Station) -> None:
        if isinstance(order, StopSink):
            log.info("sink %s: stop: %s", order.sink_id, order.reason)
            station.stop_sink(order.sink_id, order.after_seconds)
        elif isinstance(order, KeepWarm):
            station.keep_warm(Ask(order.width, order.height, order.rate) if order.on else None)
        elif isinstance(order, TestPicture):
            station.test_picture(order.on)
        elif isinstance(order, SetClock):
            station.set_clock(order)
        else:
            station.start_sink(order)

    def _configure(self, order: Configure) -> None:
        check_version(order.version)
        if self._station is not None:
            raise WireError(reason="configured twice")
        self._camera_id = order.spec.camera_id
        report, picture = self._reporter.put, self._reporter.put_picture
        self._station = Station(order.spec, Path(order.run_folder), create_source, report, picture)
        self._station.start()

    def _watch(self) -> None:
        """The watchdog: a call into the driver that does not return cannot be ended, only its process."""
        if self._station is None:
            return
        doing, silent = self._station.occupation()
        before, self._verdict = self._verdict, judge(doing, silent, self._patience)
        if self._verdict is Verdict.STALLED and before is Verdict.FINE:
            stalled = CameraStalled(camera=self._camera_id, seconds=f"{silent:.1f}")
            reason = f"{stalled}: the driver does not return"
            self._reporter.put(CameraReport(state="stalled", reason=reason, code=stalled.code))
        if self._verdict is Verdict.STUCK:
            log.error("camera %s: the driver did not return for %.0f s: the host ends", self._camera_id, silent)
            self._running = False

    def _close(self) -> int:
        clean = self._station is None or self._station.close(CLOSING_SECONDS)
        self._reporter.flush(_FLUSH_SECONDS)
        return 0 if clean else _EXIT_UNCLEAN


def _load_codecs() -> None:
    """Before the first recording needs them, after the agent has heard from us: av, and the sources of real cameras."""
    importlib.import_module("hardware.sources.auto")


def _die_of_mistake(arguments: threading.ExceptHookArgs) -> None:
    """boundary: a mistake in any thread ends the process; the agent starts a new one."""
    log.critical("thread %s failed", arguments.thread, exc_info=arguments.exc_value)
    os._exit(_EXIT_MISTAKE)


def main() -> int:
    """Entry of the process."""
    parser = argparse.ArgumentParser(prog="hardware.host", description="camera host of a cuelight agent")
    parser.add_argument("--fd", type=int, required=True, help="the inherited socket to the agent")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    threading.excepthook = _die_of_mistake
    end_with_parent()
    host = Host(socket.socket(fileno=arguments.fd))

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        host.wake()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group: the agent ends its hosts itself
    return host.run()


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    os._exit(status)  # daemon threads may be inside a codec or a driver: the interpreter must not tear itself down
