"""Packets from a thread that may hang, to a reader that must not."""

import logging
import threading
from collections.abc import Callable

from hardware.camera import Source
from hardware.errors import CameraUnavailable, HardwareError
from hardware.models import CameraSpec, Format, Packet
from hardware.pipeline.backlog import Backlog

log = logging.getLogger(__name__)

BACKLOG_BYTES = 16 << 20
"""Bytes of packets that may wait for the reader; after that whole groups are dropped, oldest first."""


class Feed:
    """Runs `work` in a daemon thread. `work` calls `grant` once, then `put`, and returns when `stopping` is set.

    What it raises is raised by `granted` or, after all packets were taken, by `read`. When it returns by itself the
    camera has ended. A `work` that hangs in a library is left behind: `alive` tells, and its thread ends with it.
    """

    def __init__(self, camera: str, work: Callable[["Feed"], None]) -> None:
        self._camera = camera
        self._work = work
        self._backlog = Backlog(BACKLOG_BYTES)
        self._failure: HardwareError | None = None
        self._format: Format | None = None
        self._known = threading.Event()
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether `work` still runs."""
        return self._thread.is_alive()

    def grant(self, granted: Format) -> None:
        """For `work`: what it delivers; before the first `put`."""
        self._format = granted
        self._known.set()

    def put(self, packet: Packet) -> None:
        """For `work`: the next packet; never waits."""
        self._backlog.put(packet)

    def granted(self, timeout: float) -> Format:
        """Waits for `grant`, at most `timeout` seconds. Raises what `work` raised, else CameraUnavailable."""
        if not self._known.wait(timeout):
            raise CameraUnavailable(camera=self._camera, reason=f"no picture within {timeout:g} s")
        if self._format is None:
            raise self._end()
        return self._format

    def read(self, timeout: float) -> Packet | None:
        """The next packet; None when none came within `timeout` seconds. Raises as `granted`."""
        try:
            item = self._backlog.get(timeout)
        except TimeoutError:
            return None
        if isinstance(item, Packet):
            return item
        raise self._end()

    def stop(self, grace: float) -> bool:
        """Asks `work` to end and waits at most `grace` seconds; whether it did."""
        self.stopping.set()
        self._thread.join(grace)
        return not self._thread.is_alive()

    def _end(self) -> HardwareError:
        return self._failure or CameraUnavailable(camera=self._camera, reason="it sends no more")

    def _run(self) -> None:
        try:
            self._work(self)
        except HardwareError as error:
            self._failure = error
        except Exception as error:  # boundary: the libraries below; the reader is told, and tries again
            log.exception("camera %s: the source failed", self._camera)
            self._failure = CameraUnavailable(camera=self._camera, reason=type(error).__name__)
        finally:
            self._backlog.close()
            self._known.set()


CLOSE_SECONDS = 0.3
"""What a library is given to end: its calls cannot be cut short, so a thread that hangs in one is left behind."""


class FedSource(Source):
    """Base of sources whose library may hang: they read what a `Feed` brings."""

    def __init__(self, spec: CameraSpec) -> None:
        self._spec = spec
        self._feed: Feed | None = None
        self._ending: Feed | None = None
        self._format: Format | None = None

    def read(self, timeout: float) -> Packet | None:
        """See `Source.read`."""
        if self._feed is None:
            raise RuntimeError("read before open")
        return self._feed.read(timeout)

    def close(self) -> None:
        """Asks the feed to end, which it does as soon as its library returns; never waits for that."""
        if self._feed is not None:
            self._ending = None if self._feed.stop(CLOSE_SECONDS) else self._feed
            self._feed = None

    def note(self, consumer: str, what: str) -> None:
        """A camera keeps no journal."""

    def _await_end(self, seconds: float, otherwise: str) -> None:
        """Waits for the feed before this one. Raises CameraUnavailable with the reason `otherwise`."""
        if self._ending is not None and not self._ending.stop(seconds):
            raise CameraUnavailable(camera=self._spec.camera_id, reason=otherwise)

    def _begin(self, work: Callable[[Feed], None], timeout: float) -> Format:
        """Starts a feed and waits at most `timeout` seconds for what it grants. Raises as `Feed.granted`."""
        feed = self._feed = Feed(self._spec.camera_id, work)
        self._format = feed.granted(timeout)
        return self._format
