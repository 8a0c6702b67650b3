"""Which pages of a file are in memory, who maps it, and how it is sent out of memory."""

import mmap
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tidemill.core.native import function, system_library

__all__ = ["is_mapped", "make_cold", "resident_share"]


def resident_share(path: Path) -> float:
    """Return the share of a file's pages that the system holds in memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
    view = np.frombuffer(mapped, np.uint8)
    pages = np.zeros(-(-size // mmap.PAGESIZE), np.uint8)
    mincore = function(system_library(), "mincore", "pqp", "i")
    if mincore(view.ctypes.data, size, pages.ctypes.data):
        raise OSError(f"mincore of {path} failed")
    del view
    mapped.close()
    return float((pages & 1).mean())


def is_mapped(path: Path) -> bool:
    """Say whether this process maps a file."""
    return str(path.resolve()) in Path("/proc/self/maps").read_text()


def make_cold(paths: Sequence[Path]) -> None:
    """Send files out of memory, and make sure that they are gone.

    Raises:
        RuntimeError: Some of a file is still there: somebody maps it.
    """
    for path in paths:
        if is_mapped(path):
            raise RuntimeError(f"{path} is mapped, so it cannot be made cold")
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # what is still to be written cannot go
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
        share = resident_share(path)
        if share > 0:
            raise RuntimeError(f"{share:.1%} of {path} is still in memory")
