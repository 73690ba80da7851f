"""Sets a database file aside, so that a kill at any moment loses neither the file nor what is to be saved of it.

A small note beside the database says what is under way. It is written before anything is moved and removed when the
fresh database holds what could be saved. Until then the fresh one holds nothing of its own and may be begun anew.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from presets_store.durable import sync_folder, write_durably

KEPT = 3
"""Set-aside files that are kept; each is as large as the database was."""

_SIDECARS = ("", "-wal", "-shm", "-journal")
_MARK = ".damaged-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`reason` and `moment` (microseconds): what was found when. `lost`: the file was not there, or empty.

    `aside` is the name under which it is set aside, "" while that is not decided; `moved`: all of it has that name,
    and what lies in its old place is fresh.
    """

    reason: str
    moment: int
    lost: bool = False
    aside: str = ""
    moved: bool = False


def note_damage(path: Path, reason: str, moment: int) -> None:
    """At the next start the database at `path` is set aside, although it may open. `moment` in microseconds.

    A note that is there already stays. OSError when it cannot be written. Blocks for the disk.
    """
    if not _place(path).exists():
        write_note(path, Note(reason=reason, moment=moment))


def read_note(path: Path) -> Note | None:
    """The note about the database at `path`, None without one. OSError when it is out of reach."""
    try:
        text = _place(path).read_text()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = ""
    try:
        return Note(**json.loads(text))
    except (ValueError, TypeError):
        return Note(reason="a note says that it is damaged, and cannot be read itself", moment=0)


def write_note(path: Path, note: Note) -> None:
    """Durably, in place of an earlier one."""
    write_durably(_place(path), json.dumps(asdict(note)).encode())


def remove_note(path: Path) -> None:
    """The fresh database counts from now on; durable when this returns."""
    _place(path).unlink(missing_ok=True)
    sync_folder(path.parent)


def set_aside(path: Path, note: Note, stamp: str) -> Note:
    """Renames the database with its log, for SQLite reads them together, to `<name>.damaged-<stamp>`; the note then.

    Overwrites nothing, and can be repeated after a kill at any point.
    """
    if note.moved:
        return note
    if not note.aside:
        note = replace(note, aside=_free_name(path, stamp))
        write_note(path, note)
    for sidecar in _SIDECARS:
        source = _beside(path, sidecar)
        if source.exists():
            source.rename(_beside(path.with_name(note.aside), sidecar))
    sync_folder(path.parent)
    note = replace(note, moved=True)
    write_note(path, note)
    return note


def clear_place(path: Path) -> None:
    """Removes a fresh database that was not finished."""
    for sidecar in _SIDECARS:
        _beside(path, sidecar).unlink(missing_ok=True)


def remove_oldest(path: Path, current: str) -> list[str]:
    """Removes set-aside files beyond KEPT, the oldest first and never `current`; their names."""
    there = {found.name for found in path.parent.glob(f"{path.name}{_MARK}*")}
    files = sorted(name for name in there if not name.endswith(_SIDECARS[1:]) and name != current)
    surplus = files[: max(0, len(files) - (KEPT - 1))]
    for name in surplus:
        clear_place(path.with_name(name))
    return surplus


def log_bytes(path: Path) -> int:
    """The size of the database's log, 0 without one."""
    log = _beside(path, "-wal")
    return log.stat().st_size if log.exists() else 0


def _place(path: Path) -> Path:
    return path.with_name(f"{path.name}.damage-note")


def _beside(path: Path, sidecar: str) -> Path:
    return path.with_name(path.name + sidecar)


def _free_name(path: Path, stamp: str) -> str:
    name, number = f"{path.name}{_MARK}{stamp}", 1
    while any(_beside(path.with_name(name), sidecar).exists() for sidecar in _SIDECARS):
        number += 1
        name = f"{path.name}{_MARK}{stamp}-{number}"
    return name
