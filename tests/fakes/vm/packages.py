"""Packages like that of `make deb`, but of another version, and others that do not work."""

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DIES = "#!/bin/sh\necho this version is broken\nexit 1\n"


def version_of(deb: Path) -> str:
    """`0.1.0-1~deb12`."""
    return _field(deb, "Version")


def successor(deb: Path, folder: Path, revision: int) -> Path:
    """The same with a later revision. Lightly compressed."""
    tree = _unpacked(deb, folder / f"tree-{revision}")
    return _packed(tree, folder / f"good-{revision}.deb", _later(version_of(deb), revision))


def broken(deb: Path, folder: Path, revision: int) -> Path:
    """A later revision whose agent ends at its start; nothing else of the environment is in it."""
    tree = _unpacked(deb, folder / f"tree-{revision}")
    shutil.rmtree(tree / "opt/cuelight")
    program = tree / "opt/cuelight/bin/cuelight"
    program.parent.mkdir(parents=True)
    program.write_text(DIES)
    program.chmod(0o755)
    return _packed(tree, folder / f"broken-{revision}.deb", _later(version_of(deb), revision))


def order(deb: Path, key: Ed25519PrivateKey, event: str) -> dict[str, str]:
    """The request for a package, as the agent writes it."""
    sha256 = hashlib.sha256(deb.read_bytes()).hexdigest()
    text = f"cuelight-package-v1\n{version_of(deb)}\n{_field(deb, 'Architecture')}\n{sha256}\n"
    signature = base64.b64encode(key.sign(text.encode())).decode()
    return {"event": event, "version": version_of(deb), "sha256": sha256, "signature": signature}


def _field(deb: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "-f", deb, name], capture_output=True, text=True, check=True).stdout.strip()


def _later(version: str, revision: int) -> str:
    upstream, _, rest = version.partition("-")
    return f"{upstream}-{revision}~{rest.partition('~')[2]}"


def _unpacked(deb: Path, tree: Path) -> Path:
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    return tree


def _packed(tree: Path, deb: Path, version: str) -> Path:
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    control.write_text("".join(f"{'Version: ' + version if x.startswith('Version:') else x}\n" for x in lines))
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", tree, deb], check=True, stdout=subprocess.PIPE
    )
    shutil.rmtree(tree)
    return deb
