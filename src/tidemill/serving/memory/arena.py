"""One piece of shared memory that experts are read into: fixed in size, and used again and again.

Fresh memory costs more than the bytes that go into it: the kernel finds, clears and maps it page
by page. An arena is mapped once, in large pages where the machine has them, and its parts are
given out, taken back and given out anew. Other processes map it read-only: the descriptor that
they are handed cannot be mapped otherwise.
"""

import fcntl
import mmap
import os
from bisect import bisect_left, insort
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from tidemill.core.errors import CapacityError

__all__ = ["GRAIN_BYTES", "Arena", "Span", "grains", "read_only_view"]

GRAIN_BYTES: Final = 4_096
"""Spans begin and end at multiples of this."""

POPULATE_WRITE: Final = 23
"""``MADV_POPULATE_WRITE`` (Linux 5.14): fault pages in, without a signal where there are none."""

CHUNK_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A part of the arena.

    Attributes:
        start: First byte.
        bytes: How many, a multiple of the grain.
    """

    start: int
    bytes: int

    @property
    def end(self) -> int:
        """The byte after the last."""
        return self.start + self.bytes


class Arena:
    """Shared memory of a fixed size, given out in spans.

    It is not for several threads at once; whoever fills spans may do so in any thread.

    Args:
        capacity_bytes: Its size, rounded up to the grain; memory is taken as it is first written.

    Raises:
        CapacityError: The system gives no such memory.
    """

    def __init__(self, capacity_bytes: int) -> None:
        size = grains(max(1, capacity_bytes))
        try:
            self._descriptor = os.memfd_create(
                "tidemill-experts", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
            )
            os.ftruncate(self._descriptor, size)
            fcntl.fcntl(
                self._descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
            )
            self._map = mmap.mmap(self._descriptor, size)
        except OSError as error:
            raise CapacityError(
                f"no {size:,} bytes of shared memory: {error.strerror}",
                hint="Set host_bytes to less.",
            ) from error
        with suppress(OSError):  # large pages are a gain and no need
            self._map.madvise(mmap.MADV_HUGEPAGE)
        self._view = memoryview(self._map)
        self._free: list[Span] = [Span(start=0, bytes=size)]
        self.capacity_bytes: int = size

    @property
    def free_bytes(self) -> int:
        """Bytes that are not given out."""
        return sum(span.bytes for span in self._free)

    @property
    def largest_free_bytes(self) -> int:
        """Bytes of the largest span that could be given out now."""
        return max((span.bytes for span in self._free), default=0)

    def take(self, wanted_bytes: int) -> Span | None:
        """Give out the smallest free span that is large enough; None where there is none.

        Args:
            wanted_bytes: At least 1; rounded up to the grain.
        """
        size = grains(wanted_bytes)
        fitting = [span for span in self._free if span.bytes >= size]
        if not fitting:
            return None
        best = min(fitting, key=lambda span: (span.bytes, span.start))
        self._free.remove(best)
        if best.bytes > size:
            insort(self._free, Span(start=best.start + size, bytes=best.bytes - size))
        return Span(start=best.start, bytes=size)

    def give_back(self, span: Span) -> None:
        """Take a span back; it grows together with its free neighbours."""
        place = bisect_left(self._free, span)
        start, end = span.start, span.end
        if place < len(self._free) and self._free[place].start == end:
            end = self._free.pop(place).end
        if place and self._free[place - 1].end == start:
            start = self._free.pop(place - 1).start
        insort(self._free, Span(start=start, bytes=end - start))

    def writable(self, span: Span) -> memoryview:
        """Return a span's bytes, for whoever fills it."""
        return self._view[span.start : span.end]

    def readable(self, span: Span) -> memoryview:
        """Return a span's bytes, read-only."""
        return self.writable(span).toreadonly()

    def populate(self) -> Iterator[int]:
        """Fault the arena in, some megabytes at each step.

        Yields:
            Bytes that are there so far.
        """
        for start in range(0, self.capacity_bytes, CHUNK_BYTES):
            size = min(CHUNK_BYTES, self.capacity_bytes - start)
            with suppress(OSError):  # an older kernel faults them in when they are written
                self._map.madvise(POPULATE_WRITE, start, size)
            yield start + size

    @contextmanager
    def descriptor_for_readers(self) -> Iterator[int]:
        """Lend a descriptor that can be mapped for reading and not for writing."""
        descriptor = os.open(f"/proc/self/fd/{self._descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let the memory go; views that somebody still has keep it until they are gone."""
        self._view.release()
        with suppress(BufferError):
            self._map.close()
        os.close(self._descriptor)


def grains(size: int) -> int:
    """Return a size rounded up to the grain."""
    return size + -size % GRAIN_BYTES


def read_only_view(descriptor: int) -> memoryview:
    """Map an arena in another process.

    Args:
        descriptor: Of `Arena.descriptor_for_readers`; may be closed afterwards.
    """
    mapped = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    return memoryview(mapped)
