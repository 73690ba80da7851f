"""Structured logs: one JSON object or one readable line per record, redacted, written by a thread of its own."""

import json
import logging
import logging.handlers
import queue
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from presets_store.redaction import redact, redact_text

MAX_TEXT = 8192
CLEAR_LINE = "\r\x1b[K"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def extras(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra`, redacted."""
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    redacted = redact(fields)
    return redacted if isinstance(redacted, dict) else {}


def text_of(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    """The message and, when there is one, the traceback; redacted and bounded."""
    text = record.getMessage()
    if record.exc_info:
        text += "\n" + formatter.formatException(record.exc_info)
    return redact_text(text)[:MAX_TEXT]


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": text_of(record, self),
        }
        return json.dumps(line | extras(record), default=str)


class TextFormatter(logging.Formatter):
    """One line for people. On a terminal it takes the place of an unfinished line, such as a progress bar."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self._start = CLEAR_LINE if terminal else ""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        fields = " ".join(f"{name}={value}" for name, value in extras(record).items())
        return f"{self._start}{moment} {record.levelname:<7} {text_of(record, self)}{'  ' + fields if fields else ''}"


class _KeepRecord(logging.handlers.QueueHandler):
    """Hands the record over as it is: the listener is in the same process and formats it."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Drops the record when nobody reads the log: the complaint would go the same way, and block."""
        with suppress(queue.Full):
            self.queue.put_nowait(record)


@contextmanager
def logging_to(stream: TextIO = sys.stderr, *, level: str = "INFO", style: str = "auto") -> Iterator[None]:
    """Sets logging up for the block; a thread writes the records, so that a full pipe never stops the event loop."""
    as_text = style == "text" or (style == "auto" and stream.isatty())
    writer = logging.StreamHandler(stream)
    writer.setFormatter(TextFormatter(terminal=stream.isatty()) if as_text else JsonFormatter())
    pending: queue.Queue[logging.LogRecord] = queue.Queue(maxsize=10_000)
    listener = logging.handlers.QueueListener(pending, writer)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers[:] = [_KeepRecord(pending)]
    root.setLevel(level)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        root.handlers[:], level_before = before
        root.setLevel(level_before)
