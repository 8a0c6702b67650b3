import resource

import numpy as np
import pytest

from tidemill.core.allocation import freed_memory_kept
from tidemill.core.native import system_library

PIECE = 64 << 20


def faults_of_a_piece() -> int:
    """Take a large piece, write it, free it, and say how many page faults that took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.empty(PIECE, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(
    not hasattr(system_library(), "gnu_get_libc_version"), reason="the C library is not glibc"
)
def test_a_piece_that_was_freed_is_used_again() -> None:
    with freed_memory_kept():
        faults_of_a_piece()
        again = faults_of_a_piece()
    assert again < 16
    assert faults_of_a_piece() > again


def test_an_error_passes_through() -> None:
    with pytest.raises(ValueError, match="own"), freed_memory_kept():
        raise ValueError("own")
