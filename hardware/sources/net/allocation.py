"""What a peer can make the media library allocate."""

import ctypes
import importlib

from hardware.sources.annexb import MOST_PIXELS

LARGEST_BLOCK = MOST_PIXELS * 3 + (4 << 20)
"""Bytes: the largest picture that is taken, in red, green and blue, with what is added to its rows."""


def bound_allocations() -> None:
    """No single block of the media library, in the whole process, is larger than LARGEST_BLOCK.

    Else a packet that never ends grows as fast as the network brings it: FFmpeg's demuxers know no limit.
    """
    library = ctypes.CDLL(importlib.import_module("av._core").__file__)  # finds what it is linked with, too
    library.av_max_alloc.argtypes = (ctypes.c_size_t,)
    library.av_max_alloc.restype = None
    library.av_max_alloc(LARGEST_BLOCK)
