"""Other programs: each with an end in time, no input, and an environment that asks no questions."""

import logging
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

TOLD = 600
"""Characters of a program's last words that are told."""

SHIM = """#!/bin/sh
# The helper stops and starts these services itself: a package that does, too, would end the helper.
case "$*" in *cuelight*) exit 0 ;; esac
PATH="${PATH#*:}"
exec "${0##*/}" "$@"
"""
SHIMMED = ("systemctl", "deb-systemd-invoke", "invoke-rc.d")


@dataclass(frozen=True)
class Done:
    """How a program ended; `code` 124 for one that took too long."""

    code: int
    out: str

    @property
    def fine(self) -> bool:
        return self.code == 0

    @property
    def told(self) -> str:
        """Its last words."""
        return " ".join(self.out.split())[-TOLD:] or f"it ended with {self.code}"


def run(
    arguments: Sequence[str | Path],
    seconds: float,
    *,
    path: Path | None = None,
    owner: tuple[int, int] | None = None,
) -> Done:
    """Runs a program; its output is that of both streams. `path`: a folder of programs that go first.

    `owner`: as whom (user, group). What is still there after `seconds` is killed with all that it started.
    """
    environment = {
        "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        "HOME": "/",
        "CUELIGHT_UPDATE": "1",  # our package's scripts leave to the helper what is the helper's
    }
    if path is not None:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    user, group = owner or (None, None)
    try:
        child = subprocess.Popen(  # noqa: S603  # arguments of ours, no shell
            [str(each) for each in arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if owner is None else (),
        )
    except OSError as error:
        return Done(127, f"{arguments[0]}: {error.strerror}")
    try:
        out, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, _ = child.communicate()
        return Done(124, f"{out.decode(errors='replace')} {arguments[0]} took more than {seconds:g} s")
    return Done(child.returncode, out.decode(errors="replace"))


def make_shims(folder: Path) -> Path:
    """Programs that stand before systemd's while dpkg works."""
    folder.mkdir(mode=0o755, exist_ok=True)
    for name in SHIMMED:
        (folder / name).write_text(SHIM)
        (folder / name).chmod(0o755)
    return folder
