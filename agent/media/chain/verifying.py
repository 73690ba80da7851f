"""Proves that the clips of a media folder are what the device recorded, or names the links that do not hold."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.media.chain.ledger import Ledger
from agent.media.chain.links import BrokenLink, Check, Entry, follow

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file or link, in words for people. `number` is the link's."""

    number: int
    file: str
    reason: str


@dataclass(slots=True)
class Proof:
    """What a check found. `clips` were proven, of `size` bytes; `removed` were removed by the device itself.

    `unchained`: clips in the folder of which no link speaks (the newest may wait for their link).
    """

    links: int = 0
    clips: int = 0
    size: int = 0
    removed: int = 0
    keys: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unchained: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


Progress = Callable[[int, int], None]
"""Told how many bytes of how many were read."""


def verify(folder: Path, *, trusted: str = "", only: str = "", progress: Progress = lambda _done, _all: None) -> Proof:
    """Checks the chain in the media folder `folder` and the files that it speaks of; `only` limits that to one file.

    `trusted` as in `Check`. Raises OSError.
    """
    proof = Proof()
    chained = _read_chain(Ledger(folder), trusted, proof)
    wanted = {file: number_entry for file, number_entry in chained.items() if only in ("", file)}
    if only and only not in chained:
        proof.faults.append(Fault(0, only, "no link of the chain speaks of this file"))
    _check_files(folder, wanted, proof, progress)
    if not only:
        proof.unchained = sorted(set(_media_files(folder)) - set(chained))
    return proof


def _read_chain(ledger: Ledger, trusted: str, proof: Proof) -> dict[str, tuple[int, Entry]]:
    """The newest that the chain says of each file, with the number of that link."""
    said: dict[str, tuple[int, Entry]] = {}
    check = Check(trusted)
    for link in follow(ledger.lines(), check):
        if isinstance(link, BrokenLink):
            proof.faults.append(Fault(link.number, link.file, link.reason))
            continue
        proof.links += 1
        if link.entry.kind != "begin":
            said[link.entry.file] = (link.number, link.entry)
    proof.keys = check.keys
    return said


def _check_files(folder: Path, wanted: dict[str, tuple[int, Entry]], proof: Proof, progress: Progress) -> None:
    total = sum(entry.size for _, entry in wanted.values() if entry.kind == "clip")
    done = 0
    for file, (number, entry) in wanted.items():
        if entry.kind == "removed":
            proof.removed += 1
            continue
        before = done

        def read(size: int, before: int = before) -> None:
            progress(before + size, total)

        reason = _fault_of(folder / file, entry, read)
        done += entry.size
        if reason:
            proof.faults.append(Fault(number, file, reason))
        else:
            proof.clips += 1
            proof.size += entry.size


def _fault_of(path: Path, entry: Entry, read: Callable[[int], None]) -> str:
    """What is wrong with the file; empty when it is as the link says."""
    try:
        size = path.stat().st_size
        if size != entry.size:
            return f"the file has {size} bytes, recorded were {entry.size}"
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                read(file.tell())
    except FileNotFoundError:
        return "the file is gone, and the device did not remove it"
    return "" if digest.hexdigest() == entry.sha256 else "the file's contents were changed"


def _media_files(folder: Path) -> Iterator[str]:
    for sidecar in folder.rglob("*.json"):
        media = sidecar.with_suffix("")
        if media.suffix in (".mp4", ".mkv", ".ts") and media.exists():
            yield str(media.relative_to(folder))
