"""The agent on a box whose clock is what `CLOCK_FILE` says: `{"ahead": seconds, "synchronised": bool}`.

`ahead`: by how much the machine's wall clock differs from the real one. Else as `startup_program`.
"""

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from agent import identity
from agent.__main__ import main

CLOCK_FILE = Path(os.environ["CLOCK_FILE"])


def machine() -> dict[str, Any]:
    return dict(json.loads(CLOCK_FILE.read_text()))


def kernel_synchronised() -> bool:
    return bool(machine()["synchronised"])


if __name__ == "__main__":
    identity.BOOT_ID = Path(os.environ["BOOT_ID_FILE"])
    clocks = SimpleNamespace(time=lambda: time.time() + machine()["ahead"], monotonic=time.monotonic)
    mock.patch("presets_store.clock.time", clocks).start()
    mock.patch("presets_store.clock.kernel_synchronised", kernel_synchronised).start()
    sys.exit(main())
