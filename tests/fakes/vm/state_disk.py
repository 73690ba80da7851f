"""The second disk of a machine, mounted as /var/lib/cuelight: made and looked into without mounting it here."""

import subprocess
from pathlib import Path


def make(path: Path, size: str = "512M", content: Path | None = None) -> Path:
    """A raw image with an ext4 file system; `content`: a folder whose files it begins with."""
    fill = ["-d", str(content)] if content else []
    make_it = ["mke2fs", "-q", "-F", "-t", "ext4", "-L", "state", "-E", "lazy_itable_init=0,root_owner=0:0", *fill]
    subprocess.run([*make_it, str(path), size], check=True)
    return path


def extract(disk: Path, folder: Path, inside: str = "/") -> Path:
    """Copies a folder of the file system out, as it is on the disk (run `e2fsck -fy` on a copy first)."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["debugfs", "-R", f"rdump {inside} {folder}", str(disk)], check=True, capture_output=True)
    return folder
