"""Removing a clip so that a kill at any step is understood at the next start.

First its sidecar becomes its tombstone (`<file>.removed`), then the rest goes, and the tombstone last, when the index
knows. So a file that is gone without a tombstone was taken by somebody else, and a full disk, on which the index cannot
be written, keeps nobody from making room. A clip that is put back with its sidecar is one again.
"""

import contextlib
import errno
import time
from pathlib import Path

from agent.media.sidecars import MEDIA_SUFFIXES, SIDECAR, read_sidecar

TOMBSTONE = ".removed"
KEPT = ".keep"
"""Beside a protected clip, so that it stays protected although the database be lost: `<file>.keep`, empty."""

LATE_THUMBNAIL = ".jpg"
"""Of a clip whose sidecar names none: it was not there yet when that was written."""

FOLDER_AT_REST = 3600.0
"""Seconds since an empty folder was last changed: nobody is about to write there."""


def is_clip(file: str) -> bool:
    """Else it is a photo, which has no row in the index."""
    return file[file.rfind(".") :] in MEDIA_SUFFIXES


def is_tombstone(name: str) -> bool:
    """Of a clip; others may have files that end so."""
    return name.endswith(TOMBSTONE) and is_clip(name.removesuffix(TOMBSTONE))


def beside(media: Path, ending: str) -> Path:
    """The file beside `media` that is named like it, with `ending`."""
    return media.with_name(media.name + ending)


def remove(media: Path, *, noted: bool) -> None:
    """Removes a clip or photo with all that belongs to it; a tombstone stays unless the index has `noted` it already.

    Raises OSError.
    """
    tombstone = _bury(media)
    if tombstone is not None and noted:
        tombstone.unlink()


def _bury(media: Path) -> Path | None:
    """The tombstone; None for a photo, which needs none."""
    sidecar = beside(media, SIDECAR)
    if not is_clip(media.name):
        media.unlink(missing_ok=True)
        sidecar.unlink(missing_ok=True)
        return None
    tombstone = beside(media, TOMBSTONE)
    try:
        sidecar.replace(tombstone)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        media.unlink(missing_ok=True)  # a file system may need room even for another name
        sidecar.replace(tombstone)
    complete(tombstone)
    return tombstone


def complete(tombstone: Path) -> None:
    """Removes what is still there of the clip whose burial began. Raises OSError."""
    media = tombstone.with_suffix("")
    media.unlink(missing_ok=True)
    beside(media, KEPT).unlink(missing_ok=True)
    beside(media, LATE_THUMBNAIL).unlink(missing_ok=True)
    file = read_sidecar(tombstone)
    thumbnail = file.thumbnail if file else ""
    if thumbnail and Path(thumbnail).name == thumbnail:
        media.with_name(thumbnail).unlink(missing_ok=True)


def mark_kept(media: Path, kept: bool) -> None:
    """Notes in the folder whether a clip is protected. Raises OSError."""
    if kept:
        beside(media, KEPT).touch()
    else:
        beside(media, KEPT).unlink(missing_ok=True)


def remove_if_deserted(folder: Path) -> None:
    """Removes an empty folder in which nothing has changed for a while: an order names its folder before its file."""
    with contextlib.suppress(OSError):  # not empty, or not ours
        if time.time() - folder.stat().st_mtime > FOLDER_AT_REST:
            folder.rmdir()
