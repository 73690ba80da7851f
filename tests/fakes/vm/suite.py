"""The tests that run inside a machine, and what of their tools the package does not bring: put into one archive."""

import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

from fakes.vm.image import ROOT

TOOLS = ("iniconfig", "packaging", "pluggy", "pytest")
"""All that the camera tests need besides the product's own libraries."""

TESTS = ("tests/contract/cameras/test_camera_sources.py", "tests/device", "tests/fakes")


def locked(lock: str, names: tuple[str, ...]) -> str:
    """Those packages' part of a lock, with its versions and hashes."""
    parts = {part.partition("==")[0]: part for part in re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)}
    return "".join(parts[name] for name in names)


def archive(folder: Path) -> bytes:
    """A tar with `tests/...` and `tools/`; `folder` is for what is made on the way."""
    (folder / "tools.lock").write_text(locked((ROOT / "requirements-dev.lock").read_text(), TOOLS))
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    install += ["--require-hashes", "--target", str(folder / "tools"), "-r", str(folder / "tools.lock")]
    subprocess.run([sys.executable, *install], check=True)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
        for name in TESTS:
            tar.add(ROOT / name, name, filter=_wanted)
        tar.add(folder / "tools", "tools", filter=_wanted)
    return file.getvalue()


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.endswith("__pycache__") else member
