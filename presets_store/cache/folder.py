"""The cache's folder as a whole: replaced in one step, what was damaged set aside under a name that tells when.

A new cache is made whole as `<folder>.new`; the damaged one becomes `<folder>.damaged-<number>-<time>`; the new one
takes its place. After a kill between these steps `take_up` goes on.
"""

import re
import shutil
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from presets_store.cache.disk import connect, write
from presets_store.cache.inspection import inspect, is_absent
from presets_store.durable import make_folder_durably, sync_folder
from presets_store.sealing import Seals

KEPT = 3
"""Damaged folders that stay for a person to look at; older ones are removed."""


def replace(folder: Path, rows: Mapping[str, bytes]) -> Path | None:
    """Puts a new cache with the sealed `rows` in the place of `folder`, and answers where that is now, if it was there.

    One of `disk.FAILURES` when it cannot; what was there is then untouched. Blocks for the disk.
    """
    new = _new(folder)
    make_folder_durably(folder.parent)
    _remove(new)
    new.mkdir(0o700)
    try:
        with closing(connect(new)) as cache:
            write(cache, rows)
        sync_folder(new)
    except BaseException:  # boundary: whatever it was, it is raised again
        with suppress(OSError):
            _remove(new)
        raise
    aside = None if is_absent(folder) else folder.rename(_next_aside(folder))
    new.rename(folder)
    sync_folder(folder.parent)
    for old in _all_aside(folder)[:-KEPT]:
        with suppress(OSError):  # it is tried again at the next time
            _remove(old)
    return aside


def take_up(folder: Path, seals: Seals) -> Path | None:
    """Finishes a replacement that was cut off; the folder that it set aside, None when there was nothing to finish.

    What the disk refuses here it refuses again, and is told, when the folder is read or replaced.
    """
    new = _new(folder)
    try:
        if not is_absent(folder) or not inspect(new, seals).sound:
            return None
        new.rename(folder)
        sync_folder(folder.parent)
        return next(reversed(_all_aside(folder)), None)
    except OSError:
        return None


def _new(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.new")


def _next_aside(folder: Path) -> Path:
    """Numbered besides, because the clock of a device may run backwards between boots."""
    last = max((_number(path) for path in _all_aside(folder)), default=0)
    return folder.with_name(f"{folder.name}.damaged-{last + 1:04}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")


def _all_aside(folder: Path) -> list[Path]:
    """In the order in which they were set aside."""
    pattern = re.compile(re.escape(folder.name) + r"\.damaged-\d+-\w+")
    return sorted((path for path in folder.parent.iterdir() if pattern.fullmatch(path.name)), key=_number)


def _number(aside: Path) -> int:
    return int(aside.name.rsplit("-", 2)[1])


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
