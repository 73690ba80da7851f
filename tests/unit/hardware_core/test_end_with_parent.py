"""What a host process asks of Linux when it starts."""

import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import ctypes
from hardware.system import end_with_parent
end_with_parent()
told = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(told))  # PR_GET_PDEATHSIG
print(told.value, open("/proc/self/oom_score_adj").read())
"""


def test_it_ends_with_its_parent_and_before_it_when_memory_runs_out() -> None:
    own = int(Path("/proc/self/oom_score_adj").read_text())
    child = [sys.executable, "-P", "-c", PROGRAM]
    done = subprocess.run(child, capture_output=True, text=True, check=True, timeout=30)
    assert [int(word) for word in done.stdout.split()] == [signal.SIGTERM, min(1000, own + 100)]
