"""The files of the chain: one link a line, only ever appended to. All methods block for the disk."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.media.chain.links import LONGEST_LINE
from presets_store.durable import make_folder_durably, sync_folder

FOLDER = "chain"
LINKS_PER_FILE = 10_000
"""About 5 MB; a file a week with a segment a minute."""


_TAIL = 1 << 20
"""Bytes: more than is ever appended at once; a power cut may leave zeros instead of all of it."""


class Ledger:
    """`<media folder>/chain/<first number>.jsonl`, nine digits, in order. Raises OSError."""

    def __init__(self, media_folder: Path, links_per_file: int = LINKS_PER_FILE) -> None:
        self._folder = media_folder / FOLDER
        self._links_per_file = links_per_file

    def files(self) -> list[Path]:
        """The files, oldest first; empty without a chain."""
        return sorted(path for path in self._folder.glob("*.jsonl") if path.stem.isdecimal() and path.is_file())

    def lines(self) -> Iterator[bytes]:
        """All links, oldest first; an unfinished last line (a power cut in the write) is left out."""
        for path in self.files():
            yield from _lines(path)

    def newest(self) -> bytes | None:
        """The last whole line; None without one."""
        for path in reversed(self.files()):
            found = None
            for line in _lines(path):
                found = line
            if found is not None:
                return found
        return None

    def trim(self) -> int:
        """Cuts off an unfinished last line; how many bytes that were."""
        files = self.files()
        if not files:
            return 0
        with files[-1].open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
            spare = len(tail) - (tail.rfind(b"\n") + 1)
            if spare:
                file.truncate(size - spare)
                os.fsync(file.fileno())
            return spare

    def append(self, number: int, lines: Sequence[bytes]) -> None:
        """Adds `lines`, the first of which is link `number`; they are on the disk when this returns, all or none."""
        if not self._folder.is_dir():
            make_folder_durably(self._folder)
        files = self.files()
        is_full = not files or number - int(files[-1].stem) >= self._links_per_file
        path = self._folder / f"{number:09d}.jsonl" if is_full else files[-1]
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            _write(descriptor, b"".join(lines))
        finally:
            os.close(descriptor)
        if is_full:
            sync_folder(self._folder)


def _write(descriptor: int, data: bytes) -> None:
    size = os.fstat(descriptor).st_size
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)  # a full disk takes half a link, and the next one would follow that
        raise


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
                return
            yield line
