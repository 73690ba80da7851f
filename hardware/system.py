"""What a host process asks of Linux."""

import contextlib
import ctypes
import os
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_STATM = Path("/proc/self/statm")
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_EASIER = 100
"""Thousandths of the machine's memory, which this process counts for more than its parent."""


def end_with_parent() -> None:
    """The kernel sends this process SIGTERM when the thread that started it ends, and when memory runs out it takes
    this process rather than its parent, which starts it anew. Raises OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    with contextlib.suppress(OSError):  # a container may forbid it: then the larger of the two goes
        score = int(_OOM_SCORE.read_text(encoding="ascii"))
        _OOM_SCORE.write_text(str(min(1000, score + _EASIER)), encoding="ascii")


def resident_bytes() -> int:
    """Resident memory of this process, in bytes."""
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
