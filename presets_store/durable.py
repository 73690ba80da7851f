"""Files that survive a power cut: whole in their old or their new form, never half."""

import os
import secrets
from pathlib import Path


def write_durably(path: Path, data: bytes, mode: int = 0o600, *, exclusive: bool = False) -> None:
    """Replaces or makes `path` with `data` and permissions `mode`; it is on the disk when this returns.

    With `exclusive` only makes it: FileExistsError when it is there. OSError when it could not be done; `path` is then
    as it was. Blocks for the disk: not for the event loop.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if exclusive:
            os.link(temporary, path)
        else:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes new, renamed and removed names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder_durably(folder: Path) -> None:
    """Makes `folder` and its missing parents, each name durable. OSError when it cannot. Blocks for the disk."""
    if folder.is_dir():
        return
    make_folder_durably(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
