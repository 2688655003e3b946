"""Giving memory back to the system once a process has started."""

import ctypes
import gc
from contextlib import suppress


def give_back() -> None:
    """Return what loading the modules has left behind: 9 MB of a relay (glibc only).

    Unmarshalling large modules leaves free blocks in the C heap that the allocator would keep.
    """
    gc.collect()
    gc.freeze()  # what is loaded now lives as long as the process: no collection need look at it
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
