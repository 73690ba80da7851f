"""The host's way to the agent: a thread that sends, so that nobody who has something to tell waits for the socket."""

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable

from hardware.models import Observation, Report, SinkEnded, SinkProgress
from hardware.wire import Picture, pack_message, pack_picture

log = logging.getLogger(__name__)

LONGEST_QUEUE = 1024
"""Reports that may wait. An agent that leaves so many unread is taken for dead."""


class Reporter:
    """Sends reports in order. Progress that waits is replaced by newer of the same sink; nothing else is dropped.

    Of the observations of a sink that wait only the newest keeps its picture.

    Pictures are sent when no report waits: the newest of each sink, those before it are dropped. Usually there is room
    in the socket, and who brings a picture sends it: that costs no more than to wake the thread. `lost` is called once
    when the agent cannot be reached any more, or reads too slowly.
    """

    def __init__(self, connection: socket.socket, lost: Callable[[], None]) -> None:
        self._connection = connection
        self._lost = lost
        self._queue: deque[Report | Picture] = deque()
        self._pictures: dict[str, Picture] = {}
        self._rest = memoryview(b"")
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
            if isinstance(report, Observation) and report.jpeg:
                self._queue = deque(_unpictured(old, report.sink_id) for old in self._queue)
            if isinstance(report, SinkEnded) and (last := self._pictures.pop(report.sink_id, None)):
                self._queue.append(last)
            self._queue.append(report)
            if len(self._queue) > LONGEST_QUEUE:
                self._break("it does not read its reports")
            self._change.notify_all()

    def put_picture(self, sink_id: str, mono_ns: int, jpeg: bytes) -> None:
        """Sends a picture, or queues it in place of one of the same sink that is not sent yet. Never waits."""
        picture = Picture(sink_id, mono_ns, jpeg)
        with self._change:
            if self._broken:
                return
            if self._sending or self._rest or self._queue or self._pictures or not self._send_now(picture):
                self._pictures[sink_id] = picture
                self._change.notify_all()

    def flush(self, timeout: float) -> bool:
        """Waits until every report is sent; False when it was not within `timeout` seconds."""
        with self._change:
            return self._change.wait_for(
                lambda: not (self._queue or self._sending or self._rest) or self._broken, timeout
            )

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._rest or self._queue or self._pictures)
                data = self._next()
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

    def _next(self) -> bytes | memoryview:
        """What is to be sent now: the rest of a picture, else the oldest report, else a picture."""
        if rest := self._rest:
            self._rest = memoryview(b"")
            return rest
        item = self._queue.popleft() if self._queue else self._pictures.pop(next(iter(self._pictures)))
        return pack_picture(item) + item.jpeg if isinstance(item, Picture) else pack_message(item)

    def _send_now(self, picture: Picture) -> bool:
        """Sends as much of it as the socket takes at once, without a copy; False when that is nothing."""
        head = pack_picture(picture)
        try:
            sent = self._connection.sendmsg((head, picture.jpeg), (), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            self._break(error.strerror or str(error))
            return True
        if sent < len(head) + len(picture.jpeg):
            self._rest = memoryview(head + picture.jpeg)[sent:]
            self._change.notify_all()
        return True

    def _break(self, reason: str) -> None:
        if not self._broken:
            self._broken = True
            self._queue.clear()
            self._pictures.clear()
            self._rest = memoryview(b"")
            log.warning("the agent is lost: %s", reason)
            self._lost()


def _is_replaced(old: Report | Picture, new: SinkProgress) -> bool:
    return isinstance(old, SinkProgress) and old.sink_id == new.sink_id


def _unpictured(old: Report | Picture, sink_id: str) -> Report | Picture:
    if isinstance(old, Observation) and old.sink_id == sink_id and old.jpeg:
        return old.model_copy(update={"jpeg": b""})
    return old
