"""What the demo looks at instead of believing what it is told: pictures, hashes, processes, files."""

import hashlib
import os
import select
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import av


def decoded_frames(path: Path) -> int:
    """How many pictures a decoder gets out of the file; raises av.FFmpegError when one of them is broken."""
    with av.open(str(path), options={"err_detect": "explode"}) as container:
        return sum(1 for _ in container.decode(video=0))


def decoded_size(path: Path) -> tuple[int, int]:
    """Width and height of the first picture."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.width, frame.height


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def family(pid: int) -> list[int]:
    """The process and all below it, from /proc."""
    found, parents = [pid], dict(_parents())
    for parent in found:
        found += sorted(child for child, its in parents.items() if its == parent)
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            # The name, in parentheses, may hold anything.
            yield int(path.parent.name), int(path.read_text(errors="replace").rpartition(")")[2].split()[1])


class Deaths:
    """Watches processes that live now; `await_all` counts those that are dead within `seconds`."""

    def __init__(self, pids: list[int]) -> None:
        self._watched = [os.pidfd_open(pid) for pid in pids]

    def await_all(self, seconds: float) -> int:
        dead = 0
        for watched in self._watched:
            dead += bool(select.select([watched], [], [], seconds)[0])
            os.close(watched)
        return dead


def listens(port: int) -> bool:
    """Whether anybody does, on loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def sqlite_says(path: Path) -> str:
    """Why SQLite does not read this file; "" when it does."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except sqlite3.DatabaseError as error:
        return str(error)
    return ""
