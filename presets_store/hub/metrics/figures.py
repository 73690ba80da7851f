"""The figures of one replica."""

import asyncio
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web
from aiohttp.hdrs import METH_ALL
from aiohttp.typedefs import Handler, Middleware

from presets_store.clock import Clock, micros
from presets_store.hub.metrics.exposition import Counter, Gauge, Histogram, Metric
from presets_store.services import Services
from presets_store.storage.events import queue_depth

_REQUEST_BOUNDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 65.0)
_WAKE_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0)

GONE = "gone"
"""The status of a request whose client did not wait for the answer."""

_NO_ROUTE = "none"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Figures:
    """Counted from the start of the process; what can be asked for is asked for when somebody wants to know."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.requests = Counter(
            "cuelight_requests_total", "Requests that were answered.", ("method", "route", "status")
        )
        self.seconds = Histogram(
            "cuelight_request_seconds", "From a request's headers to its answer.", _REQUEST_BOUNDS, ("method", "route")
        )
        self.woken = Histogram(
            "cuelight_wakeup_seconds", "From the write of an event to the answer of a request that waits.", _WAKE_BOUNDS
        )
        self.refused = Counter("cuelight_connections_refused_total", "Connections beyond the limit.")
        self.lines = Counter("cuelight_replica_lines_total", "Connections that were made to hear the other replicas.")

    def counting(self) -> Middleware:
        """The outermost middleware: counts every answer by the pattern of its route."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            began, status = self._clock.monotonic(), GONE
            try:
                response = await handler(request)
                status = str(response.status)
                return response
            finally:
                method, route = _named(request)
                self.requests.add(method, route, status)
                self.seconds.observe(self._clock.monotonic() - began, method, route)

        return count

    async def read(self, services: Services, connections: int) -> list[Metric]:
        """All figures now. Raises StorageUnavailable."""
        depth, oldest = await services.database.read(queue_depth)
        age = (micros(self._clock.now()) - oldest) / 1e6 if depth else 0.0
        return [
            self.requests, self.seconds, self.woken, self.refused, self.lines,
            _swept(services),
            Gauge("cuelight_connections", "Open connections.", connections),
            Gauge("cuelight_waiting_polls", "Requests that wait for events.", services.wakeups.polls_waiting),
            Gauge("cuelight_live_listeners", "Listeners of live changes.", services.live.count),
            Gauge("cuelight_queue_depth", "Events of the whole fleet that wait for their devices.", depth),
            Gauge("cuelight_queue_oldest_seconds", "The age of the oldest of them.", max(age, 0.0)),
            *await asyncio.to_thread(lambda: list(_of_process())),
        ]  # fmt: skip


def _named(request: web.Request) -> tuple[str, str]:
    """Method and pattern of the route: of few values, whatever a stranger asks for."""
    resource_ = request.match_info.route.resource
    method = request.method if request.method in METH_ALL else "other"
    return method, resource_.canonical.removesuffix("{slash}") if resource_ else _NO_ROUTE


def _swept(services: Services) -> Metric:
    counter = Counter("cuelight_events_swept_total", "Events that time returned or ended here, by reason.", ("reason",))
    for reason, count in services.events.swept.items():
        counter.add(reason, by=count)
    return counter


def _of_process() -> Iterator[Metric]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = Counter("process_cpu_seconds_total", "Processor time of this process.")
    cpu.add(by=used.ru_utime + used.ru_stime)
    yield cpu
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    yield Gauge("process_resident_memory_bytes", "Memory of this process.", pages * _PAGE_BYTES)
