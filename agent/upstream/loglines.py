"""Warnings and errors of this process on their way up: taken without waiting, the like counted, and not too many."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from presets_store.process.logs import MAX_TEXT, extras
from presets_store.redaction import redact_text

WINDOW = 600.0
"""Seconds in which what is said by the same words in the same place is only counted: also what is said of the sending
of messages, so that it never goes round in circles.
"""
PER_MINUTE = 30
KINDS = 500
"""How many different words are remembered."""
WAITING = 500
"""Lines, until somebody takes them."""
MAX_TEMPLATE = 200
MAX_TRACE = 2000
"""Characters of a traceback: the last ones say most."""
_TELLING = 8
"""Characters of a template that has words of its own: more than a `%s`."""

Kind = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class LogLine:
    """`at`: monotonic seconds; which moment that was is decided when it is sent, by a clock that may be better then."""

    text: str
    at: float


@dataclass(slots=True)
class _Seen:
    text: str
    until: float
    last: float
    more: int = 0


class LogLines(logging.Handler):
    """A handler for the root logger; records may come from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self._monotonic = monotonic
        self._formatter = logging.Formatter()
        self._seen: dict[Kind, _Seen] = {}
        self._lines: list[LogLine] = []
        self._minute = monotonic()
        self._in_minute = 0
        self._left_out = 0
        self._busy = False

    def emit(self, record: logging.LogRecord) -> None:
        if self._busy:  # what the message is made of has logged something itself
            return
        self._busy = True
        try:
            self._take(record, self._monotonic())
        except Exception:  # noqa: BLE001  # boundary: who logs must not fail of what cannot be formatted
            self.handleError(record)
        finally:
            self._busy = False

    def take(self) -> list[LogLine]:
        """What there is to send now; it is not kept here any longer."""
        self.acquire()
        try:
            now = self._monotonic()
            for kind in [kind for kind, seen in self._seen.items() if now >= seen.until]:
                self._close(self._seen.pop(kind), now)
            if self._left_out and self._minute_is_over(now):
                left_out, self._left_out = self._left_out, 0
                self._keep(f"{left_out} further warnings and errors were left out, there were too many", now, now)
            lines, self._lines = self._lines, []
            return lines
        finally:
            self.release()

    def _take(self, record: logging.LogRecord, now: float) -> None:
        kind = (record.name, record.levelno, _template(record))
        seen = self._seen.get(kind)
        if seen is not None and now < seen.until:
            seen.more += 1
            seen.last = now
            return
        if seen is not None or len(self._seen) >= KINDS:
            self._close(self._seen.pop(kind if seen is not None else next(iter(self._seen))), now)
        text = self._text(record)
        self._seen[kind] = _Seen(text, now + WINDOW, now)
        self._keep(text, now, now)

    def _close(self, seen: _Seen, now: float) -> None:
        if seen.more:
            self._keep(f"repeated {seen.more} times: {seen.text}", seen.last, now)

    def _keep(self, text: str, at: float, now: float) -> None:
        if self._minute_is_over(now):
            self._minute, self._in_minute = now, 0
        if self._in_minute >= PER_MINUTE or len(self._lines) >= WAITING:
            self._left_out += 1
            return
        self._in_minute += 1
        self._lines.append(LogLine(text, at))

    def _minute_is_over(self, now: float) -> bool:
        return now - self._minute >= 60

    def _text(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in extras(record).items())
        said = record.getMessage()[:MAX_TEXT]
        text = f"{record.levelname} {record.name}: {said}{'  ' + fields if fields else ''}"
        if record.exc_info:
            text += "\n" + self._formatter.formatException(record.exc_info)[-MAX_TRACE:]
        return redact_text(text)


def _template(record: logging.LogRecord) -> str:
    """What tells one message from another: its words, without what is filled in, unless there are none."""
    template = str(record.msg)
    return (template if len(template) > _TELLING else record.getMessage())[:MAX_TEMPLATE]


@contextmanager
def log_lines(wanted: bool) -> Iterator[LogLines]:
    """Takes what is logged within the block, if that is wanted."""
    lines = LogLines()
    if wanted:
        logging.getLogger().addHandler(lines)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(lines)
