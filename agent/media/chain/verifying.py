"""Proves that the clips of a media folder are what the device recorded, or names the links that do not hold."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.media.chain.ledger import Ledger
from agent.media.chain.links import BrokenLink, Check, Entry, follow

_CHUNK = 1 << 20
MOST_FAULTS = 10_000
"""Of links; a file full of rubbish would have one in every byte."""
_ASK_ANOTHER = (errno.EACCES, errno.EPERM)
"""What says nothing about the file, but about who asks."""


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


def verify(
    folder: Path,
    *,
    trusted: str = "",
    least: int = 0,
    only: str = "",
    progress: Progress = lambda _done, _all: None,
) -> Proof:
    """Checks the chain in the media folder `folder` and the files that it speaks of; `only` limits that to one file.

    `trusted` as in `Check`. `least`: how many links there were once; a chain that was cut at its end has fewer, and
    holds in itself. Raises OSError.
    """
    proof = Proof()
    said = _read_chain(Ledger(folder), trusted, least, proof)
    wanted = {file: each for file, each in said.items() if only in ("", file)}
    _check_files(folder, wanted, proof, progress)
    if only and not (proof.clips or proof.removed or any(fault.file == only for fault in proof.faults)):
        proof.faults.append(Fault(0, only, "no link of the chain says what this file was"))
    if not only:
        proof.unchained = sorted(set(_media_files(folder)) - {file for file, each in said.items() if each.clip})
    if proof.unchained and not proof.links:
        proof.faults.append(Fault(0, "", "there are clips, and no chain"))
    return proof


@dataclass(slots=True)
class _Said:
    """What the chain says of a file: its first link as a clip, with its number, and whether it was removed since.

    The first, because a device that lost its database chains again what it finds in the folder.
    """

    clip: tuple[int, Entry] | None = None
    removed: bool = False


def _read_chain(ledger: Ledger, trusted: str, least: int, proof: Proof) -> dict[str, _Said]:
    said: dict[str, _Said] = {}
    check = Check(trusted)
    for link in follow(ledger.lines(), check):
        if isinstance(link, BrokenLink):
            proof.faults.append(Fault(link.number, link.file, link.reason))
            if len(proof.faults) >= MOST_FAULTS:
                proof.faults.append(Fault(link.number, "", "too many faults: the chain is not read any further"))
                break
            continue
        proof.links += 1
        if link.entry.kind != "begin":
            each = said.setdefault(link.entry.file, _Said())
            each.removed = link.entry.kind == "removed"
            if not each.removed:
                each.clip = each.clip or (link.number, link.entry)
    if check.number < least and len(proof.faults) < MOST_FAULTS:
        reason = f"it is missing: the chain ends at link {check.number}, and had {least}"
        proof.faults.append(Fault(check.number + 1, "", reason))
    proof.keys = check.keys
    return said


def _check_files(folder: Path, wanted: dict[str, _Said], proof: Proof, progress: Progress) -> None:
    total = sum(each.clip[1].size for each in wanted.values() if each.clip)
    done = 0
    for file, each in wanted.items():
        if each.removed and not os.path.lexists(folder / file):
            proof.removed += 1
            continue
        if each.clip is None:
            continue  # it was never closed before it was to go, and is there: without a link
        (number, entry), before = each.clip, done

        def read(size: int, before: int = before) -> None:
            progress(before + size, total)

        reason = _fault_of(folder, entry, read)
        done += entry.size
        if reason:
            proof.faults.append(Fault(number, file, reason))
        else:
            proof.clips += 1
            proof.size += entry.size


def _fault_of(folder: Path, entry: Entry, read: Callable[[int], None]) -> str:
    """What is wrong with the file; empty when it is as the link says. Raises OSError where nothing can be said."""
    try:
        path = (folder / entry.file).resolve()
        if not path.is_relative_to(folder.resolve()):
            return "the file lies outside of the media folder and is not read"
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return "it is no file"
        if found.st_size != entry.size:
            return f"the file has {found.st_size} bytes, recorded were {entry.size}"
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                read(file.tell())
    except FileNotFoundError:
        return "the file is gone, and the device did not remove it"
    except ValueError:
        return "its name cannot be one"
    except OSError as error:
        if error.errno in _ASK_ANOTHER:
            raise
        return f"the file cannot be read: {error.strerror}"
    return "" if digest.hexdigest() == entry.sha256 else "the file's contents were changed"


def _media_files(folder: Path) -> Iterator[str]:
    for sidecar in folder.rglob("*.json"):
        media = sidecar.with_suffix("")
        if media.suffix in (".mp4", ".mkv", ".ts") and media.exists():
            yield str(media.relative_to(folder))
