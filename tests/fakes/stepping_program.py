"""The agent as it is, but for its clock: `CLOCK_STEP_FILE` holds by how much (s) it was set; it is looked at often."""

import os
import sys
from pathlib import Path
from unittest import mock

from agent.__main__ import main
from agent.startup import clockwatch
from presets_store.clock import SystemClock

STEP_FILE = Path(os.environ["CLOCK_STEP_FILE"])


class SteppingClock(SystemClock):
    """As far from the machine's clock as the file says."""

    def _reading(self) -> float:
        return super()._reading() + float(STEP_FILE.read_text())


if __name__ == "__main__":
    mock.patch("agent.store.SystemClock", SteppingClock).start()
    clockwatch.LOOK_EVERY = 0.1
    sys.exit(main())
