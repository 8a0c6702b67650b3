import mmap
import os
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.core.errors import CapacityError
from tidemill.serving.memory.arena import GRAIN_BYTES, Arena, Span, grains, read_only_view


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40_000)), max_size=60))
@settings(max_examples=60, deadline=None)
def test_spans_never_overlap_and_all_of_it_comes_back(steps: list[tuple[bool, int]]) -> None:
    arena = Arena(40 * GRAIN_BYTES)
    held: list[Span] = []
    try:
        for takes, size in steps:
            if takes:
                span = arena.take(size)
                if span is None:
                    assert arena.largest_free_bytes < grains(size)
                else:
                    assert span.bytes == grains(size)
                    held.append(span)
            elif held:
                arena.give_back(held.pop(size % len(held)))
            placed = sorted(held)
            assert all(a.end <= b.start for a, b in pairwise(placed))
            assert sum(span.bytes for span in held) + arena.free_bytes == arena.capacity_bytes
        for span in held:
            arena.give_back(span)
        assert arena.largest_free_bytes == arena.capacity_bytes
    finally:
        arena.close()


def test_the_smallest_span_that_fits_is_given() -> None:
    arena = Arena(16 * GRAIN_BYTES)
    spans = [arena.take(size * GRAIN_BYTES) for size in (3, 1, 5, 1)]
    first, _, third, _ = (span or Span(start=0, bytes=0) for span in spans)
    arena.give_back(first)
    arena.give_back(third)
    assert arena.take(3 * GRAIN_BYTES) == first
    arena.close()


def test_readers_see_what_is_written_and_cannot_write() -> None:
    arena = Arena(1 << 20)
    span = arena.take(5)
    assert span is not None
    arena.writable(span)[:5] = b"tides"
    assert bytes(arena.readable(span)[:5]) == b"tides"
    with pytest.raises(TypeError):
        arena.readable(span)[0] = 0
    with arena.descriptor_for_readers() as descriptor:
        view = read_only_view(descriptor)
        assert bytes(view[span.start : span.start + 5]) == b"tides"
        assert view.readonly
        with pytest.raises(PermissionError):
            mmap.mmap(descriptor, 0)
        with pytest.raises(OSError, match=r"Bad file descriptor|Invalid argument"):
            os.ftruncate(descriptor, 0)
    arena.close()


@pytest.mark.claim("coe.tiers.read-only")
def test_a_process_that_writes_into_the_weights_of_others_ends_and_changes_nothing() -> None:
    """Even native code, which asks nobody, cannot: the memory itself is read-only."""
    program = (
        "import ctypes, sys, numpy as np\n"
        "from tidemill.serving.memory.arena import read_only_view\n"
        "view = np.frombuffer(read_only_view(int(sys.argv[1])), np.uint8)\n"
        "ctypes.memset(view.ctypes.data, 0, 1)\n"
    )
    arena = Arena(1 << 16)
    span = arena.take(1)
    assert span is not None
    arena.writable(span)[0] = 7
    with arena.descriptor_for_readers() as descriptor:
        command = [sys.executable, "-c", program, str(descriptor)]
        done = subprocess.run(command, pass_fds=(descriptor,), check=False, capture_output=True)
    assert done.returncode == -11, done.stderr
    assert arena.readable(span)[0] == 7
    arena.close()


def test_memory_is_there_after_populating() -> None:
    arena = Arena(40 << 20)
    assert list(arena.populate())[-1] == arena.capacity_bytes
    arena.close()


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(CapacityError, match="shared memory") as caught:
        Arena(1 << 62)
    assert caught.value.hint
