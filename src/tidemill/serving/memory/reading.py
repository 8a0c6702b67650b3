"""Reading blocks from disk into an arena: one pass over each file, straight into place."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from tidemill.core.errors import ExpertError
from tidemill.core.files import named_failures
from tidemill.experts.folder import opened
from tidemill.experts.package import ExpertPackage
from tidemill.serving.memory.blocks import Block, Part

__all__ = ["read_blocks"]

MOST_BUFFERS: Final = 512
"""In one call; the kernel takes 1,024."""


@dataclass(slots=True, kw_only=True)
class _Run:
    """Bytes that follow one another in a file, and where they go."""

    start: int
    buffers: list[memoryview] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(buffer.nbytes for buffer in self.buffers)


def read_blocks(
    package: ExpertPackage, blocks: Sequence[Block], places: Mapping[str, memoryview]
) -> int:
    """Read some blocks of an expert, after looking whether its files are as they were.

    Args:
        package: The expert.
        blocks: Of the expert.
        places: Where each block goes, by its key.

    Returns:
        Bytes that were read.

    Raises:
        ExpertError: A file was changed or cut off since the expert was opened.
        StoreError: A file cannot be read.
    """
    package.check_unchanged()
    wanted = [(part, places[block.key]) for block in blocks for part in block.parts]
    wanted.sort(key=lambda item: (item[0].file, item[0].file_start))
    total = 0
    for file, items in groupby(wanted, key=lambda item: item[0].file):
        total += _read_file(package.folder / file, list(items))
    return total


def _read_file(path: Path, items: Sequence[tuple[Part, memoryview]]) -> int:
    with opened(path) as file, named_failures(path, doing="read"):
        return sum(_filled(file.fileno(), run, path) for run in _runs(items))


def _runs(items: Sequence[tuple[Part, memoryview]]) -> Iterator[_Run]:
    """Yield what one call can read: neighbours in the file, not too many."""
    run: _Run | None = None
    end = -1
    for part, place in items:
        if run is None or part.file_start != end or len(run.buffers) == MOST_BUFFERS:
            if run is not None:
                yield run
            run = _Run(start=part.file_start)
        run.buffers.append(place[part.block_start : part.block_start + part.bytes])
        end = part.file_start + part.bytes
    if run is not None:
        yield run


def _filled(descriptor: int, run: _Run, path: Path) -> int:
    """Fill a run's buffers; the kernel may give less at a time than was asked for."""
    place, buffers = run.start, list(run.buffers)
    total = run.bytes
    while buffers:
        got = os.preadv(descriptor, buffers, place)
        if not got:
            raise ExpertError(f"{path}: cut off at byte {place:,}")
        place += got
        while buffers and got >= buffers[0].nbytes:
            got -= buffers.pop(0).nbytes
        if got:
            buffers[0] = buffers[0][got:]
    return total
