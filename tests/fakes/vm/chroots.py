"""A release of Debian in a folder: what packages do there, without a system that runs. Needs root and a mirror."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# What a process sees there is its own: /proc and /dev are mounted for it alone, and go with it.
_INSIDE = """set -e
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
root=$1
shift
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
exec chroot "$root" "$@"
"""


@dataclass(frozen=True)
class Done:
    """How a command ended; `out` is what it said on both streams."""

    code: int
    out: str


class Chroot:
    """`folder`: its root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str) -> Done:
        arguments = ["unshare", "--mount", "--fork", "--pid", "sh", "-c", _INSIDE, "sh"]
        done = subprocess.run(
            [*arguments, str(self.folder), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def out(self, *command: str) -> str:
        """What the command says. Raises AssertionError when it fails."""
        done = self.run(*command)
        assert done.code == 0, f"{' '.join(command)}: {done.code}\n{done.out[-4000:]}"
        return done.out

    def at(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def put(self, file: Path) -> str:
        """Copies a file into its /root; answers where it is there."""
        shutil.copy(file, self.at("/root"))
        return f"/root/{file.name}"

    def apt(self, *arguments: str) -> str:
        return self.out("apt-get", "-qq", "-y", "--no-install-recommends", *arguments)


def new_chroot(release: str, folder: Path) -> Chroot:
    """The smallest system of a release that apt works in."""
    command = ["mmdebstrap", "--quiet", "--variant=apt", release, str(folder)]
    subprocess.run(command, check=True, env={**os.environ, "TMPDIR": str(folder.parent)})
    shutil.copy("/etc/resolv.conf", folder / "etc")
    chroot = Chroot(folder)
    chroot.apt("update")
    return chroot


def other_version(deb: Path, version: str, folder: Path) -> Path:
    """The same package under another version; its content is scarcely compressed."""
    tree, made = folder / "tree", folder / f"cuelight_{version}_other.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", deb, tree], check=True)
    control = tree / "DEBIAN" / "control"
    lines = control.read_text().splitlines()
    control.write_text(
        "".join(f"Version: {version}\n" if line.startswith("Version:") else f"{line}\n" for line in lines)
    )
    build = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", str(tree), str(made)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return made
