"""What the agent holds of a running sink."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from hardware.errors import HardwareError
from hardware.models import (
    Model,
    Observation,
    PhotoTaken,
    SegmentClosed,
    SinkEnded,
    SinkProgress,
    SinkStarted,
    StopSink,
    StreamReport,
)
from hardware.wire import Picture

SinkReport = SinkStarted | SinkProgress | StreamReport | Observation | SegmentClosed | PhotoTaken | SinkEnded


class SinkHandle:
    """A running sink. Iterate for its reports; the last one is `SinkEnded`.

    Unread progress is replaced by newer, and so is the unread state of a stream that goes on in it. One reader at a
    time. `ended()` may be awaited beside it.
    """

    def __init__(self, sink_id: str, send: Callable[[Model], None]) -> None:
        self.sink_id = sink_id
        self._send = send
        self._reports: deque[SinkReport] = deque()
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._last: SinkEnded | None = None
        self._failure: HardwareError | None = None

    @property
    def over(self) -> bool:
        """Whether the sink has ended, or its host is lost."""
        return self._over.is_set()

    async def stop(self, reason: str, after_seconds: float = 0.0) -> None:
        """Asks the host to end the sink, now or later; `ended()` tells when it did. Harmless when it is over."""
        if not self._over.is_set():
            self._send(StopSink(sink_id=self.sink_id, reason=reason, after_seconds=after_seconds))

    async def ended(self) -> SinkEnded:
        """Waits for the end; `outcome` may be `failed`. Raises HostLost, or the error with which it was refused."""
        await self._over.wait()
        if self._last is None:
            raise self._failure or HardwareError()
        return self._last

    async def __aiter__(self) -> AsyncIterator[SinkReport]:
        """All reports in order, ending after `SinkEnded`. Raises as `ended()` does."""
        while True:
            while self._reports:
                report = self._reports.popleft()
                yield report
                if isinstance(report, SinkEnded):
                    return
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()

    def take(self, report: SinkReport) -> None:
        """The client delivers a report of the host."""
        if self._reports and _is_replaced(self._reports[-1], report):
            self._reports.pop()
        self._reports.append(report)
        if isinstance(report, SinkEnded):
            self._last = report
            self._over.set()
        self._news.set()

    def fail(self, error: HardwareError) -> None:
        """The client tells that no more reports will come."""
        if not self._over.is_set():
            self._failure = error
            self._over.set()
            self._news.set()


class PictureHandle(SinkHandle):
    """A running preview: besides its reports, its pictures."""

    def __init__(self, sink_id: str, send: Callable[[Model], None]) -> None:
        super().__init__(sink_id, send)
        self._newest: Picture | None = None
        self._viewers: list[Callable[[Picture], None]] = []

    @contextmanager
    def shown_to(self, viewer: Callable[[Picture], None]) -> Iterator[None]:
        """`viewer` is called with the newest picture, if there is one, and with each as soon as it comes."""
        if self._newest is not None:
            viewer(self._newest)
        self._viewers.append(viewer)
        try:
            yield
        finally:
            self._viewers.remove(viewer)

    def show(self, picture: Picture) -> None:
        """The client delivers a picture of the host."""
        self._newest = picture
        for viewer in tuple(self._viewers):
            viewer(picture)


def _is_replaced(old: SinkReport, new: SinkReport) -> bool:
    if isinstance(old, StreamReport):
        return isinstance(new, StreamReport) and new.state == old.state
    return isinstance(old, SinkProgress) and isinstance(new, SinkProgress)
