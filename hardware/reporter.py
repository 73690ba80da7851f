"""The host's way to the agent: a thread that sends, so that nobody who has something to tell waits for the socket."""

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable

from hardware.models import Report, SinkProgress
from hardware.wire import pack_message

log = logging.getLogger(__name__)

LONGEST_QUEUE = 1024
"""Reports that may wait. An agent that leaves so many unread is taken for dead."""


class Reporter:
    """Sends reports in order. Progress that waits is replaced by newer of the same sink; nothing else is dropped.

    `lost` is called once when the agent cannot be reached any more, or reads too slowly.
    """

    def __init__(self, connection: socket.socket, lost: Callable[[], None]) -> None:
        self._connection = connection
        self._lost = lost
        self._queue: deque[Report] = deque()
        self._sending = False
        self._broken = False
        self._change = threading.Condition()
        threading.Thread(target=self._run, name="report", daemon=True).start()

    def put(self, report: Report) -> None:
        """Queues `report` without waiting."""
        with self._change:
            if self._broken:
                return
            if isinstance(report, SinkProgress):
                self._queue = deque(old for old in self._queue if not _is_replaced(old, report))
            self._queue.append(report)
            if len(self._queue) > LONGEST_QUEUE:
                self._break("it does not read its reports")
            self._change.notify_all()

    def flush(self, timeout: float) -> bool:
        """Waits until everything is sent; False when it was not within `timeout` seconds."""
        with self._change:
            return self._change.wait_for(lambda: not (self._queue or self._sending) or self._broken, timeout)

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._queue)
                data = pack_message(self._queue.popleft())
                self._sending = True
            try:
                self._connection.sendall(data)
            except OSError as error:
                with self._change:
                    self._break(error.strerror or str(error))
            finally:
                with self._change:
                    self._sending = False
                    self._change.notify_all()

    def _break(self, reason: str) -> None:
        if not self._broken:
            self._broken = True
            self._queue.clear()
            log.warning("the agent is lost: %s", reason)
            self._lost()


def _is_replaced(old: Report, new: SinkProgress) -> bool:
    return isinstance(old, SinkProgress) and old.sink_id == new.sink_id
