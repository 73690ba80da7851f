"""What the agent holds of a running sink."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from hardware.errors import HardwareError
from hardware.models import Model, PhotoTaken, SegmentClosed, SinkEnded, SinkProgress, SinkStarted, StopSink

SinkReport = SinkStarted | SinkProgress | SegmentClosed | PhotoTaken | SinkEnded


class SinkHandle:
    """A running sink. Iterate for its reports (unread progress is replaced by newer); the last one is `SinkEnded`.

    One reader at a time. `ended()` may be awaited beside it.
    """

    def __init__(self, sink_id: str, send: Callable[[Model], None]) -> None:
        self.sink_id = sink_id
        self._send = send
        self._reports: deque[SinkReport] = deque()
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._last: SinkEnded | None = None
        self._failure: HardwareError | None = None

    async def stop(self, reason: str) -> None:
        """Asks the host to end the sink now; `ended()` tells when it did. Harmless when it is over."""
        if not self._over.is_set():
            self._send(StopSink(sink_id=self.sink_id, reason=reason))

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
        if isinstance(report, SinkProgress) and self._reports and isinstance(self._reports[-1], SinkProgress):
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
