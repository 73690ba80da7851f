"""The images that machines boot: built by packaging/vm/build.sh when they are not there yet."""

import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[3]

RELEASE = os.environ.get("RELEASE", "bookworm")


@dataclass(frozen=True)
class Image:
    """A folder with a kernel, its initial memory disk and a root file system that is never written.

    changed: a machine's disk (`Hardware.disk`) that others begin with; it is never written from then on.
    moment: what `Machine.save` kept in it: others go on from there, memory and all.
    """

    folder: Path
    changed: Path | None = None
    moment: str = ""

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd.img"

    @property
    def root(self) -> Path:
        return self.folder / "root.img"

    def overlay(self, path: Path) -> Path:
        """A disk of its own for one machine: what it writes over the image."""
        if self.changed and self.moment:
            subprocess.run(["cp", "--reflink=auto", "--sparse=always", str(self.changed), str(path)], check=True)
            return path
        backing = ["-b", str(self.changed), "-F", "qcow2"] if self.changed else ["-b", str(self.root), "-F", "raw"]
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *backing, str(path)], check=True)
        return path

    def derived(self, disk: Path, moment: str = "") -> Self:
        """The same with what a machine that is off has written to its disk."""
        return replace(self, changed=disk, moment=moment)


def base_image(release: str = RELEASE) -> Image:
    """Debian with a camera driver, without our package."""
    return _built(release)


def device_image(release: str = RELEASE) -> Image:
    """The same with the package of `make deb` installed, as `apt install` does it."""
    return image_of(package(release), release)


def image_of(deb: Path, release: str = RELEASE) -> Image:
    """The same with another package."""
    return _built(release, deb)


def package(release: str = RELEASE) -> Path:
    """What `make deb` built last for the release. Raises FileNotFoundError: nothing."""
    built = sorted((ROOT / "build" / "deb" / release).glob("cuelight_*.deb"), key=lambda deb: deb.stat().st_mtime)
    if not built:
        raise FileNotFoundError(f"there is no package in build/deb/{release}; make one with: make deb")
    return built[-1]


def _built(release: str, *packages: Path) -> Image:
    build = [str(ROOT / "packaging" / "vm" / "build.sh"), release, *map(str, packages)]
    done = subprocess.run(build, stdout=subprocess.PIPE, text=True, check=True)
    return Image(Path(done.stdout.strip()))
