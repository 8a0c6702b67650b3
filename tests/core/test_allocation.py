import resource

import numpy as np
import pytest

from tidemill.core.allocation import freed_memory_kept
from tidemill.core.native import system_library

needs_glibc = pytest.mark.skipif(
    not hasattr(system_library(), "gnu_get_libc_version"), reason="the C library is not glibc"
)


def faults_of_a_piece(megabytes: int = 64) -> int:
    """Take a large piece, write it, free it, and say how many page faults that took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.empty(megabytes << 20, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@needs_glibc
def test_a_piece_that_was_freed_is_used_again() -> None:
    with freed_memory_kept():
        faults_of_a_piece()
        again = faults_of_a_piece()
    assert again < 16
    assert faults_of_a_piece() > again


@needs_glibc
def test_the_last_block_that_ends_gives_memory_back() -> None:
    with freed_memory_kept():
        with freed_memory_kept():
            faults_of_a_piece()
        assert faults_of_a_piece() < 16
    assert faults_of_a_piece() >= 16


@needs_glibc
def test_small_pieces_are_kept_afterwards() -> None:
    with freed_memory_kept():
        pass
    faults_of_a_piece(4)
    assert faults_of_a_piece(4) < 16


def test_an_error_passes_through() -> None:
    with pytest.raises(ValueError, match="own"), freed_memory_kept():
        raise ValueError("own")
