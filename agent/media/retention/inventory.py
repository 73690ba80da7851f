"""What lies in the media folder, from the folder itself; looks again only where something has changed. Blocks."""

import contextlib
import os
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.media.photo_files import SUFFIXES as PHOTO_SUFFIXES
from agent.media.photo_files import read_photo_sidecar
from agent.media.retention.burial import KEPT, beside, is_clip, is_tombstone
from agent.media.retention.planning import Stored
from agent.media.sidecars import MEDIA_SUFFIXES, SIDECAR, SOUND_SUFFIXES, read_sidecar, read_sound_sidecar
from presets_store.clock import ClockQuality
from presets_store.protocol.statuses import MediaStatus

if TYPE_CHECKING:  # room is made before there is a store, and its libraries are not waited for then
    from presets_store.storage.records import IndexedFile

_OURS = MEDIA_SUFFIXES | PHOTO_SUFFIXES | SOUND_SUFFIXES
_BLOCK = 512
_AT_REST_NS = 2_000_000_000
"""A folder that changed later than this before the look may change again within the same tick of its time stamp."""

HANDED_OVER = 60.0
"""Seconds after which a closed segment is certainly indexed, or waits for the index."""


@dataclass(slots=True)
class _File:
    """A media file that has a sidecar. `size`: what it takes on the disk with all that belongs to it.

    `stored`: what was made of it and of `row` at the last look; `asked`: whether its clock was right, of a photo.
    """

    name: str
    size: int
    changed: float
    kept: bool
    row: "IndexedFile | None" = None
    asked: bool = False
    stored: Stored | None = None

    @property
    def camera(self) -> str:
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class _Listing:
    changed_ns: int
    folders: tuple[Path, ...]
    files: tuple[_File, ...]
    tombstones: tuple[Path, ...]
    empty: bool


@dataclass(slots=True)
class Found:
    """`kept`: by file, whether the folder says that the clip is protected."""

    stored: list[Stored] = field(default_factory=list)
    kept: dict[str, bool] = field(default_factory=dict)
    tombstones: list[Path] = field(default_factory=list)
    deserted: list[Path] = field(default_factory=list)


class Inventory:
    """Remembers each folder's list for as long as the folder is not changed. Photos are known by their sidecars alone.

    Files without a sidecar are not ours: neither counted nor touched. A closed segment that the index does not know is
    left alone for `handed_over` s: whoever recorded it is about to tell the index.
    """

    def __init__(self, folder: Path, handed_over: float = HANDED_OVER) -> None:
        self._folder = folder
        self._handed_over = handed_over
        self._listings: dict[Path, _Listing] = {}

    def look(
        self, index: Mapping[str, "IndexedFile"], old_before: float = 0.0, uploaded: Collection[str] = frozenset()
    ) -> Found:
        """Everything that counts. `index`: by file, the clips that the database knows. Raises OSError.

        Photos from before `old_before` (epoch s) are asked whether their clock was right. `uploaded`: the photos and
        sounds that somebody else has, too.
        """
        found, seen = Found(), {}
        for path, listing in self._walk(self._folder):
            seen[path] = listing
            found.tombstones += listing.tombstones
            if listing.empty and path.parent not in (self._folder, self._folder.parent):
                found.deserted.append(path)
            for file in listing.files:
                if is_clip(file.name):
                    found.stored.append(self._clip(file, index.get(file.name)))
                    found.kept[file.name] = file.kept
                elif file.name[file.name.rfind(".") :] in SOUND_SUFFIXES:
                    found.stored.append(self._sound(file, file.name in uploaded))
                else:
                    found.stored.append(self._photo(file, old_before, file.name in uploaded))
        self._listings = seen
        found.stored = _placed(found.stored)
        return found

    def _walk(self, path: Path) -> Iterator[tuple[Path, _Listing]]:
        try:
            listing = self._listing(path)
        except (FileNotFoundError, PermissionError):  # removed meanwhile; not ours, such as lost+found
            return
        yield path, listing
        for folder in listing.folders:
            yield from self._walk(folder)

    def _listing(self, path: Path) -> _Listing:
        changed_ns = path.stat().st_mtime_ns
        known = self._listings.get(path)
        if known is not None and known.changed_ns == changed_ns:
            return known
        at_rest = time.time_ns() - changed_ns > _AT_REST_NS
        return self._list(path, changed_ns if at_rest else 0)

    def _list(self, path: Path, changed_ns: int) -> _Listing:
        names: dict[str, os.stat_result] = {}
        folders = []
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):  # what is being written has another name at first
                        names[entry.name] = entry.stat(follow_symlinks=False)
        tombstones = tuple(path / name for name in names if is_tombstone(name))
        files = tuple(self._files(path, names))
        return _Listing(changed_ns, tuple(folders), files, tombstones, empty=not names and not folders)

    def _files(self, path: Path, names: Mapping[str, os.stat_result]) -> Iterator[_File]:
        prefix = "" if path == self._folder else f"{path.relative_to(self._folder)}/"
        belonging = _belonging(names)
        for name in belonging:
            size = names[name].st_blocks + sum(names[each].st_blocks for each in belonging[name])
            kept = name + KEPT in names
            yield _File(prefix + name, size * _BLOCK, names[name].st_mtime, kept)

    def _clip(self, file: _File, row: "IndexedFile | None") -> Stored:
        if row is None:
            return self._unindexed(file)
        if file.stored is None or file.row != row:
            file.row = row
            file.stored = Stored(
                file=file.name,
                camera=row.camera_id or file.camera,
                size=file.size,
                end=row.start / 1e6 + row.seconds,
                dated=_trusted(row.clock_quality),
                number=row.key,
                uploaded=row.video_clip_status is MediaStatus.FILE_AVAILABLE,
                protected=row.protected,
            )
        return file.stored

    def _unindexed(self, file: _File) -> Stored:
        """An open segment, or one that the index does not know yet. What cannot be read is left alone."""
        sidecar = read_sidecar(beside(self._folder / file.name, SIDECAR))
        try:
            size = (self._folder / file.name).stat().st_blocks * _BLOCK
        except FileNotFoundError:
            size = 0
        return Stored(
            file=file.name,
            camera=file.camera,
            size=max(file.size, size),
            end=file.changed,
            dated=sidecar is not None and _trusted(sidecar.clock_quality),
            protected=file.kept,
            held=sidecar is None or not sidecar.closed or abs(time.time() - file.changed) < self._handed_over,
        )

    def _sound(self, file: _File, uploaded: bool) -> Stored:
        """What cannot be read, and what is still being recorded, is left alone."""
        if file.stored is None or file.stored.held:
            sidecar = read_sound_sidecar(beside(self._folder / file.name, SIDECAR))
            file.stored = Stored(
                file=file.name,
                camera=file.camera,
                size=file.size,
                end=file.changed,
                dated=sidecar is not None and _trusted(sidecar.clock_quality),
                held=sidecar is None or not sidecar.closed,
            )
        if file.stored.uploaded is not uploaded:
            file.stored = replace(file.stored, uploaded=uploaded)
        return file.stored

    def _photo(self, file: _File, old_before: float, uploaded: bool) -> Stored:
        if file.stored is None:
            file.stored = Stored(file=file.name, camera=file.camera, size=file.size, end=file.changed, dated=False)
        if not file.asked and file.changed < old_before:
            sidecar = read_photo_sidecar(beside(self._folder / file.name, SIDECAR))
            file.stored = replace(file.stored, dated=sidecar is not None and _trusted(sidecar.clock_quality))
            file.asked = True
        if file.stored.uploaded is not uploaded:
            file.stored = replace(file.stored, uploaded=uploaded)
        return file.stored


def _belonging(names: Mapping[str, os.stat_result]) -> dict[str, list[str]]:
    """By media file: what belongs to it, which is named like it with or without its ending (`a-0.mp4.json`, `a-0.jpg`).

    Media files are those with a sidecar.
    """
    media = {name: [name + SIDECAR] for name in names if name[name.rfind(".") :] in _OURS and name + SIDECAR in names}
    stems = {name.rpartition(".")[0]: name for name in media}
    for name in names:
        if name not in media and not name.endswith(SIDECAR):
            stem = name.rpartition(".")[0]
            owner = stem if stem in media else stems.get(stem)
            if owner is not None:
                media[owner].append(name)
    return media


def _placed(stored: list[Stored]) -> list[Stored]:
    """A clip of a wrong clock takes its place after those that were indexed before it: its own time says nothing."""
    if all(each.dated or not each.number for each in stored):
        return stored
    placed, latest = [], 0.0
    for each in sorted(stored, key=lambda each: each.number):
        if each.number and each.dated:
            latest = max(latest, each.end)
        placed.append(each if each.dated or not each.number else replace(each, end=latest))
    return placed


def _trusted(quality: str) -> bool:
    return quality in (ClockQuality.UPSTREAM, ClockQuality.SYNCHRONISED)
