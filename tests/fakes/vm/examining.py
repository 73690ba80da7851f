"""Looks at a crash state from outside, without mounting it: file system, database, events and clips."""

import contextlib
import hashlib
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from fakes.damage import copy_database
from fakes.vm import state_disk
from fakes.vm.witness import Evidence, Known
from pydantic import ValidationError

from hardware.containers.table import container_of
from hardware.errors import JobFailed
from hardware.media import inspect
from hardware.models import ClipFile
from hardware.sinks.salvage import salvage
from presets_store.protocol.statuses import EventStatus

CLIPS = ("*.mp4.json", "*.mkv.json", "*.ts.json")

BEGINS_WITHIN = 2.0
"""Seconds of filming before the promise is asked for: what is not encoded yet cannot be on the disk, and an emulated
machine is slow to load its encoder. Seen: up to 1.64 s missing in that time, in 4 of 1,000 states more than one."""


@dataclass
class Examined:
    """`problems`: what a power cut should not have done. `behind`: seconds that each open clip lacks."""

    problems: list[str] = field(default_factory=list)
    behind: dict[str, float] = field(default_factory=dict)
    closed: int = 0
    promised: int = 0


class Examiner:
    """Examines state after state; what was decoded once is known by its hash."""

    def __init__(self, evidence: Evidence, scratch: Path, *, second: float) -> None:
        """`second`: how much of an open clip may be lost."""
        self._evidence = evidence
        self._scratch = scratch
        self._second = second
        self._decoded: dict[str, str] = {}

    def examine(self, image: Path, length: int, state: Path) -> Examined:
        """`state` becomes the state folder as the next boot finds it; `image` gets its journal replayed."""
        found = Examined()
        found.problems += check_file_system(image)
        if found.problems:
            return found
        shutil.rmtree(state, ignore_errors=True)
        state_disk.extract(image, state)
        known = self._evidence.known_at(length)
        found.promised = len(known.accepted) + len(known.ended) + len(known.files)
        found.problems += self._check_database(state, known)
        found.problems += _check_promised(state / "media", known)
        self._check_clips(state / "media", known, found)
        return found

    def _check_database(self, state: Path, known: Known) -> list[str]:
        if not (state / "cuelight.db").exists():
            return ["database: it is not there"]
        copy = copy_database(state / "cuelight.db", self._scratch / "copy.db")
        try:
            with contextlib.closing(sqlite3.connect(copy)) as database:
                return _check_rows(database, state / "media", known)
        except sqlite3.DatabaseError as error:
            return [f"database: {error}"]

    def _check_clips(self, media: Path, known: Known, found: Examined) -> None:
        for sidecar in (path for pattern in CLIPS for path in media.rglob(pattern)):
            file = sidecar.with_suffix("")
            name = str(file.relative_to(media))
            try:
                clip = ClipFile.model_validate_json(sidecar.read_bytes())
            except ValidationError as error:
                found.problems.append(f"clip {name}: its sidecar cannot be read: {error.errors()[0]['msg']}")
                continue
            if not clip.closed:
                found.behind |= self._behind(file, name, known)
                continue
            found.closed += 1
            problem = _differs(file, clip.sha256) or self._undecodable(file, clip)
            found.problems += [f"closed clip {name}: {problem}"] if problem else []
        for name in set(known.filming) - set(found.behind):
            if not (media / f"{name}.json").exists():
                found.problems.append(f"open clip {name}: it is gone")
        for name, lacks in found.behind.items():
            filmed = self._filmed(name, known)
            if lacks > self._second and filmed > BEGINS_WITHIN:
                found.problems.append(f"open clip {name}: it lacks {lacks:.2f} s of {filmed:.2f} s")

    def _undecodable(self, file: Path, clip: ClipFile) -> str:
        if clip.sha256 not in self._decoded:
            held = inspect(file)
            self._decoded[clip.sha256] = held.reason or ("" if held.frames == clip.frames else f"{held.frames} frames")
        return self._decoded[clip.sha256]

    def _behind(self, file: Path, name: str, known: Known) -> dict[str, float]:
        """How many seconds, of those that had been filmed for certain, cannot be had back."""
        return {name: self._filmed(name, known) - self._left(file)} if name in known.filming else {}

    def _filmed(self, name: str, known: Known) -> float:
        filmed = (known.now_ns - known.filming[name]) / 1e9
        return min(filmed, self._evidence.seconds.get(name, filmed))

    def _left(self, file: Path) -> float:
        """Seconds that recovery would keep."""
        if not file.exists():
            return 0.0
        copy = self._scratch / f"open{file.suffix}"
        shutil.copyfile(file, copy)
        assert container_of(copy)
        try:
            return salvage(copy).seconds
        except JobFailed:
            return 0.0


def check_file_system(image: Path) -> list[str]:
    """Replays the journal, as mounting does, and then accepts no fault at all."""
    for options, accepted in (("-p", (0, 1)), ("-fn", (0,))):
        done = subprocess.run(["e2fsck", options, str(image)], capture_output=True, text=True, check=False)
        if done.returncode not in accepted:
            return [f"file system: e2fsck {options} says {done.returncode}: {done.stdout[-600:]}"]
    return []


def _check_rows(database: sqlite3.Connection, media: Path, known: Known) -> list[str]:
    """The database is sound, has what was promised, and promises no clip that is not there."""
    verdict = [row[0] for row in database.execute("PRAGMA quick_check")]
    problems = [] if verdict == ["ok"] else [f"database: {verdict[:3]}"]
    problems += [f"database: foreign key: {row}" for row in database.execute("PRAGMA foreign_key_check")]
    events = dict(database.execute("SELECT key, event_status FROM events"))
    problems += [f"event {key}: acknowledged, and lost" for key in sorted(known.accepted - events.keys())]
    problems += [
        f"event {key}: it had ended as {EventStatus(status).wire_name}, and is {events[key]}"
        for key, status in known.ended.items()
        if events.get(key, status) != status
    ]
    clips = database.execute("SELECT file, sha256 FROM clips WHERE state IN ('closed', 'recovered')")
    return problems + [f"indexed clip {file}: {why}" for file, sha in clips if (why := _differs(media / file, sha))]


def _check_promised(media: Path, known: Known) -> list[str]:
    return [f"promised {file}: {why}" for file, sha in known.files.items() if (why := _differs(media / file, sha))]


def _differs(file: Path, sha256: str) -> str:
    """Why the file is not the one with that hash; "" when it is."""
    if not file.exists():
        return "it is gone"
    with file.open("rb") as content:
        same = hashlib.file_digest(content, "sha256").hexdigest() == sha256
    return "" if same else f"it is another, of {file.stat().st_size} bytes"
