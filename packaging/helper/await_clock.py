"""Waits until a time source keeps the kernel's clock, and then makes the file that it is given.

Run by cuelight-clock.service, with the standard library alone: the camera agent's sandbox does not let it ask itself.
"""

import ctypes
import sys
import time
from pathlib import Path

LOOK_EVERY = 5.0
_TIMEX_BYTES = 256
"""More than the kernel's `struct timex` has, on any machine."""
_STATUS_WORD = 10
"""Which word of it is `status`, where a long has 64 bits."""
_UNSYNCHRONISED = 0x40
_TIME_ERROR = 5


def synchronised() -> bool:
    """Whether adjtimex(2), asked without a change, says so. Raises OSError."""
    timex = (ctypes.c_int * (_TIMEX_BYTES // 4))()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    if state < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    return state != _TIME_ERROR and not timex[_STATUS_WORD] & _UNSYNCHRONISED


def main() -> int:
    """Until the clock is right. Each look costs some microseconds."""
    while not synchronised():
        time.sleep(LOOK_EVERY)
    Path(sys.argv[1]).touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
