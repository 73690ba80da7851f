"""dpkg: what is installed, and how it becomes another version."""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from cuelight_helper.commands import Done, make_shims, run
from cuelight_helper.places import PACKAGE, Places

LOOK_WITHIN = 120.0
INSTALL_WITHIN = 2700.0
"""Seconds for dpkg to unpack and configure: 450 MB on a slow card take minutes."""
LOCKED_WITHIN = 1800.0
"""Seconds that a package manager may be at work."""

_UNASKED = ("--force-confdef", "--force-confold", "--force-downgrade")


@dataclass(frozen=True)
class Installed:
    """`status`: dpkg's abbreviation, `ii` for a package that is wholly there. `size`: bytes it takes."""

    version: str
    status: str
    size: int

    def is_whole(self, version: str) -> bool:
        """Whether it is that version, unpacked and configured."""
        return self.status == "ii" and self.version == version


@dataclass(frozen=True)
class Told:
    """What a package file says of itself. `size`: bytes it will take."""

    package: str
    version: str
    architecture: str
    size: int


class Dpkg:
    """dpkg of one machine."""

    def __init__(self, places: Places) -> None:
        self._places = places
        # Scripts of a package under another root run as they are: that is a test's, without a system in it.
        elsewhere = ("--force-script-chrootless", "--force-not-root")
        self._root = () if places.root == Path("/") else (f"--root={places.root}", *elsewhere)
        self._looking = () if places.root == Path("/") else (f"--admindir={places.at('/var/lib/dpkg')}",)

    def installed(self) -> Installed:
        """What dpkg knows of cuelight; a version of "" for nothing."""
        done = self.query("-W", "-f", "${Version}\n${db:Status-Abbrev}\n${Installed-Size}\n", PACKAGE)
        lines = done.out.splitlines() if done.fine else []
        version, status, size = lines[:3] if len(lines) >= 3 else ("", "", "0")
        return Installed(version, status.strip(), 1024 * int(size or 0))

    def query(self, *arguments: str) -> Done:
        """dpkg-query."""
        return run(("dpkg-query", *self._looking, *arguments), LOOK_WITHIN)

    def architecture(self) -> str:
        """The machine's, as packages name it."""
        return run(("dpkg", "--print-architecture"), LOOK_WITHIN).out.strip()

    def is_older(self, version: str, than: str) -> bool:
        return run(("dpkg", "--compare-versions", version, "lt", than), LOOK_WITHIN).fine

    def told(self, file: Path) -> Told | None:
        """What a package file says of itself; None for none."""
        shown = "${Package}\n${Version}\n${Architecture}\n${Installed-Size}\n"
        done = run(("dpkg-deb", f"--showformat={shown}", "--show", file), LOOK_WITHIN)
        lines = done.out.splitlines()
        if not done.fine or len(lines) < 4 or not lines[3].isdecimal():
            return None
        return Told(lines[0], lines[1], lines[2], 1024 * int(lines[3]))

    def configure(self) -> Done:
        """Goes on with what a power cut left half done."""
        return self._change("--configure", "--pending")

    def install(self, file: Path) -> Done:
        """Unpacks and configures a package, an older one as well."""
        return self._change("--install", str(file))

    def build(self, tree: Path, file: Path) -> Done:
        """A package of a tree; the lightest compression, for it lives for minutes."""
        return run(("dpkg-deb", "-Zzstd", "-z1", "--build", tree, file), INSTALL_WITHIN)

    def wait(self, seconds: float = LOCKED_WITHIN) -> bool:
        """Returns when no package manager works any more; False when one still does."""
        deadline = time.monotonic() + seconds
        while not self._is_free():
            if time.monotonic() > deadline:
                return False
            time.sleep(1)
        return True

    def _change(self, *arguments: str) -> Done:
        """Settings that were changed by hand stay as they are."""
        if not self.wait():
            return Done(1, "another package manager has been at work all the time")
        shims = make_shims(self._places.folder / "shims")
        return run(("dpkg", *self._root, *_UNASKED, *arguments), INSTALL_WITHIN, path=shims)

    def _is_free(self) -> bool:
        try:
            descriptor = os.open(self._places.dpkg_lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True
