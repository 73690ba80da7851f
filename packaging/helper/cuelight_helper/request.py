"""What the agent asks for, in a folder that is the agent's: nothing in there is believed, and no link is followed."""

import json
import os
import re
import shutil
import stat
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cuelight_helper.durable import rename_durably
from cuelight_helper.errors import Refused

FOLDER = "update"
REQUEST = "request.json"
_TAKEN = "request.taken"
PACKAGE = "package.deb"

LARGEST_REQUEST = 8192
LARGEST_PACKAGE = 2 * 1024**3
MARGIN = 64 * 1024**2
"""Bytes that stay free."""

_PIECE = 1 << 20
_FIELDS = {
    "event": re.compile(r"[0-9A-Za-z-]{1,64}"),
    "version": re.compile(r"[0-9][0-9A-Za-z.+:~-]{0,99}"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
    "signature": re.compile(r"[A-Za-z0-9+/]{86}=="),
}


@dataclass(frozen=True)
class Request:
    """`event`: its UUID. `version`, `sha256`, `signature`: as the event told them, checked for their form only."""

    event: str
    version: str
    sha256: str
    signature: str


@contextmanager
def folder_of(state: Path) -> Iterator[int | None]:
    """A descriptor of the agent's folder for updates; None when there is none, or a link in its place."""
    descriptor = None
    with suppress(OSError):
        outer = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            descriptor = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=outer)
        finally:
            os.close(outer)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def take(state: Path) -> Request | None:
    """The request, which is nobody else's from now on; None when there is none. Raises Refused for nonsense."""
    with folder_of(state) as folder:
        if folder is None:
            return None
        try:
            os.rename(REQUEST, _TAKEN, src_dir_fd=folder, dst_dir_fd=folder)  # the agent may withdraw it until now
        except FileNotFoundError:
            return None
        try:
            text = _opened(folder, _TAKEN, LARGEST_REQUEST)
            try:
                return _checked(json.loads(os.read(text, LARGEST_REQUEST)))
            finally:
                os.close(text)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Refused("update_bad_request", f"the request cannot be used: {error}") from error
        finally:
            with suppress(OSError):
                os.unlink(_TAKEN, dir_fd=folder)


def _checked(given: Any) -> Request:
    members = {name: str(given[name]) for name in _FIELDS}
    for name, pattern in _FIELDS.items():
        if pattern.fullmatch(members[name]) is None:
            raise ValueError(f"{name} is not one")
    b64decode(members["signature"], validate=True)
    return Request(**members)


def copy_package(state: Path, target: Path) -> None:
    """Copies the staged package to `target`, durably. Raises Refused."""
    part = target.with_name(f"{target.name}.part")
    with folder_of(state) as folder:
        try:
            if folder is None:
                raise FileNotFoundError(2, "there is no folder for updates")
            source = _opened(folder, PACKAGE, LARGEST_PACKAGE)
        except OSError as error:
            raise Refused("update_unusable", f"the staged package cannot be read: {error.strerror}") from error
        try:
            _copied(source, part, target)
        finally:
            os.close(source)
            part.unlink(missing_ok=True)


def drop_package(state: Path) -> None:
    """The staged package has been copied."""
    with folder_of(state) as folder, suppress(OSError):
        if folder is not None:
            os.unlink(PACKAGE, dir_fd=folder)


def _opened(folder: int, name: str, largest: int) -> int:
    """A regular file of the folder, opened once: what is checked is what is read. Raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=folder)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > largest:
        os.close(descriptor)
        raise OSError(22, f"{name} is no file of at most {largest} bytes")
    return descriptor


def _copied(source: int, part: Path, target: Path) -> None:
    size, free = os.fstat(source).st_size, shutil.disk_usage(target.parent).free
    if size + MARGIN > free:
        raise Refused("update_no_room", f"{size} bytes do not fit on the disk of {target.parent}: {free} are free")
    left = LARGEST_PACKAGE
    with part.open("wb") as file:
        part.chmod(0o600)
        while piece := os.read(source, min(_PIECE, left)):
            left -= len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    rename_durably(part, target)
