"""The emulator's library, built once per session."""

import atexit
import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from fakes.emulator.layout import State

_SOURCES = Path(__file__).parent
_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-U_FORTIFY_SOURCE", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread")

FOLDER = Path(tempfile.mkdtemp(prefix="cuelight-emulator-")).resolve()
"""What this session made: the library, the frames."""

atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


@functools.cache
def library() -> Path:
    """The shared object; raises FileNotFoundError without a C compiler, CalledProcessError when it does not build."""
    path = FOLDER / "v4l2_emulator.so"
    subprocess.run(["cc", *_FLAGS, *sorted(_SOURCES.glob("*.c")), "-o", path], check=True)
    size = ctypes.CDLL(str(path)).emulator_state_size()
    assert size == ctypes.sizeof(State), f"layout.py and state.h differ: {ctypes.sizeof(State)} and {size} bytes"
    return path


def environment(folder: Path) -> dict[str, str]:
    """What puts a program under the emulator, with the nodes in `folder`; for the environment of a child process."""
    others = os.environ.get("LD_PRELOAD", "")
    return {"LD_PRELOAD": f"{library()} {others}".strip(), "EMULATED_CAMERAS": str(folder)}
