"""A witness outside the machine: what cuelight said in there, each time with the length of the log of writes by then.

What was heard when the log had n entries must be true of every state of the disk with n entries or more.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.vm.write_log import WriteLog

_LOOK_EVERY = 0.002


@dataclass(frozen=True, slots=True)
class Heard:
    """A line, and the size of the log of writes when it had come."""

    log_size: int
    said: dict[str, Any]


class Witness:
    """Follows a file of JSON lines that QEMU writes. `heard` grows until `close`."""

    def __init__(self, lines: Path, log: Path) -> None:
        self._lines = lines
        self._log = log
        self.heard: list[Heard] = []
        self._over = threading.Event()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen, name="witness", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """What is still in the file is heard before."""
        self._over.set()
        self._thread.join(30)

    def wait(self, what: str, seconds: float, *, after: int = 0) -> int:
        """Until something of that kind is said after so many lines; answers how many lines there are then."""
        with self._news:
            if not self._news.wait_for(lambda: self._found(what, after), seconds):
                raise AssertionError(f"{what!r} was not said within {seconds:.0f} s, but: {self.heard[-3:]}")
            return len(self.heard)

    def _found(self, what: str, after: int) -> bool:
        return any(heard.said["what"] == what for heard in self.heard[after:])

    def _listen(self) -> None:
        unfinished = b""
        with self._lines.open("rb") as file:
            while True:
                last = self._over.is_set()
                news = file.read()
                # The size is taken after the line was there: its writes are in the log by then.
                size = self._log.stat().st_size
                *whole, unfinished = (unfinished + news).split(b"\n")
                if whole:
                    with self._news:
                        self.heard += [Heard(size, json.loads(line)) for line in whole]
                        self._news.notify_all()
                elif last:
                    return
                else:
                    self._over.wait(_LOOK_EVERY)


@dataclass(slots=True)
class Known:
    """What had been promised by a moment.

    `ended`: status by event. `files`: SHA-256 by path in the media folder, of clips and photos that cuelight told of.
    `filming`: of clips that were seen open, when their first picture was taken. `now_ns`: the machine's monotonic
    clock.
    """

    accepted: set[int] = field(default_factory=set)
    ended: dict[int, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    filming: dict[str, int] = field(default_factory=dict)
    now_ns: int = 0

    def hear(self, said: dict[str, Any]) -> None:
        match said["what"]:
            case "accepted":
                self.accepted.add(said["event"])
            case "ended":
                self.ended[said["event"]] = said["status"]
            case "file":
                self.files[said["file"]] = said["sha256"]
                self.filming.pop(said["file"], None)
            case "open":
                self.filming[said["file"]] = said["first_mono_ns"]
            case "now":
                self.now_ns = said["mono_ns"]


class Evidence:
    """All that was heard, by length of the log. `seconds`: how long each clip became that was closed later."""

    def __init__(self, heard: Sequence[Heard], log: WriteLog) -> None:
        self._said = [(log.length_at(line.log_size), line.said) for line in heard]
        clips = [said for _, said in self._said if said["what"] == "file"]
        self.seconds = {said["file"]: float(said.get("seconds", 0)) for said in clips}

    def known_at(self, length: int) -> Known:
        """What was promised when the log had so many entries."""
        known = Known()
        for heard_at, said in self._said:
            if heard_at <= length:
                known.hear(said)
        return known

    def lengths(self, what: str, first: int, last: int) -> list[int]:
        """The lengths at which such a thing was heard, between the two."""
        return [at for at, said in self._said if said["what"] == what and first <= at <= last]
