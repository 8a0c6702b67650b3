"""Memory that is freed is kept for the next use, while large pieces come and go.

The C library gives large pieces back to the system as soon as they are freed, and every page of
the next one costs a fault. A training step frees and takes the same pieces each time: of a small
network's steps that was a tenth to a fifth of the time.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tidemill.core.native import system_library

__all__ = ["freed_memory_kept"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""The options of mallopt, from glibc's malloc.h."""

_DEFAULT = 128 << 10
_NEVER = {_TRIM_THRESHOLD: (1 << 31) - 1, _MMAP_THRESHOLD: 1 << 30}


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep freed memory in this process; afterwards it goes back to the system.

    C libraries other than glibc do as they always do.
    """
    library = system_library()
    is_glibc = hasattr(library, "gnu_get_libc_version")
    if is_glibc:
        for option, most in _NEVER.items():
            library.mallopt(option, most)
    try:
        yield
    finally:
        if is_glibc:
            for option in _NEVER:
                library.mallopt(option, _DEFAULT)
            library.malloc_trim(0)
