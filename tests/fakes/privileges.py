"""Tests that run as root, as one who has to ask for permission like everybody else."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_LIBC = ctypes.CDLL(None, use_errno=True)
_VERSION_3 = 0x20080522
_OVERRIDES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


@contextmanager
def permissions_count() -> Iterator[None]:
    """Within it, this thread is bound by the permissions of files; nothing changes for one who is not root."""
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    before, within = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    for sets in (before, within):
        _call(_LIBC.capget(header, sets))
    within[0] &= ~_OVERRIDES  # the effective set; the permitted one stays, to return to
    _call(_LIBC.capset(header, within))
    try:
        yield
    finally:
        _call(_LIBC.capset(header, before))


def _call(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
