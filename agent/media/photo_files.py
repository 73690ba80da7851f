"""Photos in the media folder. A photo's sidecar (`<file>.json`, hardware.models.PhotoFile) says all there is to know.

The sidecar is written before its photo, so that one without a photo is what a kill left.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.running import Result
from hardware.models import PhotoFile
from presets_store.protocol.fields import format_moment

SUFFIXES = {".jpg", ".png"}
SIDECAR = ".json"
MAX_SIDECAR = 64 * 1024
_UNFINISHED = re.compile(r"\..+\.(jpg|png|mp4|mkv|ts|ogg|oga|m4a)(\.json)?\.new")
"""How a file of ours is named until it is whole."""
TOLD_EACH = 10
"""Photos that a result tells from the beginning, and as many from the end."""


class PhotoRoll:
    """What a result tells of an event's photos: how many, and the first and the last ones."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[Result] = []
        self._last: deque[Result] = deque(maxlen=TOLD_EACH)

    def add(self, photo: Result) -> None:
        """The next photo."""
        self.count += 1
        if len(self._first) < TOLD_EACH:
            self._first.append(photo)
        else:
            self._last.append(photo)

    def told(self) -> Result:
        """`count` and `photos`; `notTold` is how many between the first and the last are in the folder only."""
        photos = [*self._first, *self._last]
        rest = {"notTold": self.count - len(photos)} if self.count > len(photos) else {}
        return {"count": self.count, "photos": photos, **rest}


def photo_summary(photo: PhotoFile, file: str) -> Result:
    """A photo as an event's result tells it; `file` is its path in the media folder."""
    return {
        "file": file,
        "time": format_moment(photo.taken_wall_ns // 1000),
        "width": photo.width,
        "height": photo.height,
        "size": photo.size,
        "sha256": photo.sha256,
        "copied": photo.copied,
    }


def photos_in(folder: Path, event_uuid: str) -> PhotoRoll:
    """The event's photos in the media folder, from all its attempts; reads only the sidecars that will be told."""
    found = [sidecar for sidecar in _sidecars(folder, event_uuid) if sidecar.with_suffix("").exists()]
    found.sort(key=_order)
    roll = PhotoRoll()
    for number, sidecar in enumerate(found):
        told = number < TOLD_EACH or number >= len(found) - TOLD_EACH
        photo = read_photo_sidecar(sidecar) if told else None
        file = str(sidecar.with_suffix("").relative_to(folder))
        roll.add({"file": file} if photo is None else photo_summary(photo, file))
    return roll


def remove_leftovers(folder: Path, occupied: Iterable[str]) -> int:
    """Removes what a kill left of files that never became whole; how many. Not of cameras in `occupied`."""
    left = [path for path in folder.rglob(".*.new") if _UNFINISHED.fullmatch(path.name)]
    left += [sidecar for sidecar in _sidecars(folder) if not sidecar.with_suffix("").exists()]
    ours = [path for path in left if path.relative_to(folder).parts[0] not in set(occupied)]
    for path in ours:
        path.unlink(missing_ok=True)
    return len(ours)


def _sidecars(folder: Path, event_uuid: str = "") -> Iterator[Path]:
    for path in folder.rglob(f"*{SIDECAR}"):
        if event_uuid in path.name and path.with_suffix("").suffix in SUFFIXES:
            yield path


def _order(sidecar: Path) -> tuple[Any, ...]:
    """By time of the sink, then by number: `<stem>-<index>.jpg.json`."""
    stem, _, index = sidecar.with_suffix("").stem.rpartition("-")
    return sidecar.parent, stem, int(index) if index.isdecimal() else 0


def read_photo_sidecar(sidecar: Path) -> PhotoFile | None:
    """None when it is not one."""
    try:
        if sidecar.stat().st_size > MAX_SIDECAR:
            return None
        return PhotoFile.model_validate_json(sidecar.read_bytes())
    except (OSError, ValidationError):
        return None
