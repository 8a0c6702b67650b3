"""Memory that is freed is kept for the next use, while large pieces come and go.

The C library gives large pieces back to the system as soon as they are freed, and every page of
the next one costs a fault. A training step frees and takes the same pieces each time: of a small
network's steps that was a tenth to a fifth of the time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from tidemill.core.native import system_library

__all__ = ["freed_memory_kept"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""The options of mallopt, from glibc's malloc.h."""

_MOST_OF_OLD = 32 << 20
"""The largest threshold that any glibc takes, and that its own adjustment ends at."""

_lock = Lock()
_keepers = 0


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep freed memory in this process until the last of such blocks is over.

    What is then free goes back to the system, and pieces of up to 32 MB are kept from there on, as
    glibc keeps them by itself once a program has freed such a piece. Other C libraries do
    as they always do.
    """
    _change(by=1)
    try:
        yield
    finally:
        _change(by=-1)


def _change(*, by: int) -> None:
    global _keepers
    library = system_library()
    with _lock:
        was_kept, _keepers = _keepers > 0, _keepers + by
        is_kept = _keepers > 0
        if was_kept == is_kept or not hasattr(library, "gnu_get_libc_version"):
            return
        # In this order: to set either ends glibc's own adjustment of the first.
        if not (is_kept and library.mallopt(_MMAP_THRESHOLD, 1 << 30)):
            library.mallopt(_MMAP_THRESHOLD, _MOST_OF_OLD)
        library.mallopt(_TRIM_THRESHOLD, (1 << 31) - 1 if is_kept else 2 * _MOST_OF_OLD)
        if not is_kept:
            library.malloc_trim(0)
