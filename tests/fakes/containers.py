"""Container images as a runtime takes them: unpacked from their archive, started as their configuration says.

By namespaces of the kernel alone: the root is read-only, the user is none of the host's, /run and /tmp are empty.
"""

import hashlib
import json
import os
import signal
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from fakes.agent_process import ROOT

NODES = ("null", "zero", "full", "random", "urandom")

PREPARE = f"""
set -eu
root=$1; shift
mount --bind "$root" "$root"
mount -o remount,bind,ro,nosuid,nodev "$root"
mount -t proc proc "$root/proc"
for folder in dev run tmp; do mount -t tmpfs -o mode=1777,size=16m tmpfs "$root/$folder"; done
for node in {" ".join(NODES)}; do touch "$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"; done
while [ "$1" != -- ]; do
  mkdir -p "$root/$2"; mount --bind "$1" "$root/$2"; shift 2
done
shift
exec "$@"
"""


class Archive:
    """An OCI archive. Every blob is compared with its name when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with tarfile.open(path) as tar:
            assert json.loads(_file(tar, "oci-layout").read()) == {"imageLayoutVersion": "1.0.0"}
            (named,) = json.loads(_file(tar, "index.json").read())["manifests"]
            self.name: str = named["annotations"]["org.opencontainers.image.ref.name"]
            self.manifest = json.loads(_blob(tar, named))
            self.image = json.loads(_blob(tar, self.manifest["config"]))

    @property
    def config(self) -> dict[str, Any]:
        """How it is to be started."""
        return dict(self.image["config"])

    def unpack(self, folder: Path) -> None:
        """Its root, one layer over the other."""
        with tarfile.open(self.path) as tar:
            for described, diff_id in zip(self.manifest["layers"], self.image["rootfs"]["diff_ids"], strict=True):
                layer = subprocess.run(["gzip", "-dc"], input=_blob(tar, described), stdout=subprocess.PIPE, check=True)
                assert f"sha256:{hashlib.sha256(layer.stdout).hexdigest()}" == diff_id
                unpacking = [
                    "tar",
                    "--extract",
                    "--preserve-permissions",
                    "--numeric-owner",
                    "--directory",
                    str(folder),
                ]
                subprocess.run(unpacking, input=layer.stdout, check=True)


class Container:
    """A started image. `pid` is its first process, which is number 1 inside."""

    def __init__(self, process: "subprocess.Popen[bytes]", root: Path) -> None:
        self._process = process
        self.root = root
        self.pid = _child_of(process)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def status(self, name: str) -> str:
        """A line of `/proc/<pid>/status`."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))

    def stop(self, number: int = signal.SIGTERM, timeout: float = 60.0) -> int:
        """Sends it the signal; its exit code."""
        os.kill(self.pid, number)
        return self._process.wait(timeout)


@contextmanager
def started(
    config: Mapping[str, Any], root: Path, log: Path, mounts: Mapping[str, Path], **environment: str
) -> Iterator[Container]:
    """The image whose root is `root`, with `mounts` (path inside: folder here); it ends with the block."""
    bound = [word for inside, folder in mounts.items() for word in (str(folder), inside.lstrip("/"))]
    variables = [*config["Env"], *(f"{name}={value}" for name, value in environment.items())]
    inside = ["env", "-i", *variables, "/usr/sbin/chroot", f"--userspec={config['User']}", "--groups=", str(root)]
    program = [*inside, *config["Entrypoint"], *config["Cmd"]]
    alone = ["unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--propagation", "private"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*alone, "sh", "-c", PREPARE, "sh", str(root), *bound, "--", *program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Container(process, root)
    finally:
        process.kill()  # and with it everything inside
        process.wait()


def archive(name: str) -> Path:
    """What `make containers` made last. Raises FileNotFoundError: nothing."""
    made = sorted((ROOT / "build" / "containers").glob(f"cuelight-{name}-*.tar"), key=lambda path: path.stat().st_mtime)
    if not made:
        raise FileNotFoundError(f"there is no image {name} in build/containers; make it with: make containers")
    return made[-1]


def _child_of(process: "subprocess.Popen[bytes]") -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (found := children.read_text().split()):
        assert process.poll() is None, "it did not start"
    return int(found[0])


def _file(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    return cast("IO[bytes]", tar.extractfile(name))


def _blob(tar: tarfile.TarFile, described: Mapping[str, Any]) -> bytes:
    kind, _, digest = described["digest"].partition(":")
    data = _file(tar, f"blobs/{kind}/{digest}").read()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (digest, described["size"])
    return data
