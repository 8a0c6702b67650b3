"""What of an expert goes into memory, in pieces that experts of one family have in common.

A stored tensor of some size is a block under the hash of its bytes, and so is each data file:
equal ones of several experts are the same block, held once. The small tensors of an expert are
one block together. The file of weights is read from its first byte to its last; what is there
already is passed over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidemill.experts.names import CARD, CONFIG, MANIFEST, WEIGHTS
from tidemill.experts.package import ExpertPackage
from tidemill.experts.tensors import Piece

__all__ = ["Block", "Part", "blocks_of"]

SHARED_FROM_BYTES: Final = 64 << 10
"""Smaller tensors are not worth a block of their own."""

READ_AT_OPENING: Final = frozenset({CARD, CONFIG, MANIFEST, WEIGHTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of bytes of one file.

    Attributes:
        file: Its name in the package.
        name: What they are: a stored tensor's name, or the file's.
        file_start: First byte in the file.
        block_start: First byte in the block.
        bytes: How many.
    """

    file: str
    name: str
    file_start: int
    block_start: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Bytes that are loaded and dropped together.

    Attributes:
        key: The same for the same bytes.
        parts: What it is made of, in the order of the block.
        bytes: How many bytes it takes.
    """

    key: str
    parts: tuple[Part, ...]
    bytes: int


def blocks_of(package: ExpertPackage) -> tuple[Block, ...]:
    """Return the blocks of an expert, in the order in which its files have them.

    Args:
        package: The expert; its weights need not be at hand.
    """
    pieces = sorted(_pieces(package), key=lambda piece: piece.stored.start)
    large = [piece for piece in pieces if piece.stored.stored_bytes >= SHARED_FROM_BYTES]
    small = [piece for piece in pieces if piece.stored.stored_bytes < SHARED_FROM_BYTES]
    found = [_block(f"tensor {piece.sha256}", [piece], package.data_start) for piece in large]
    if small:
        found.append(_block(f"rest {package.expert_hash}", small, package.data_start))
    return tuple(_each_once([*found, *_files(package)]))


def _each_once(blocks: list[Block]) -> Iterator[Block]:
    """Number the blocks whose bytes an expert has several times: each part has its own place."""
    seen: dict[str, int] = {}
    for block in blocks:
        seen[block.key] = number = seen.get(block.key, 0) + 1
        yield block if number == 1 else replace(block, key=f"{block.key} {number}")


def _pieces(package: ExpertPackage) -> Iterator[Piece]:
    for tensor in package.tensors.values():
        yield from tensor.pieces.values()


def _block(key: str, pieces: list[Piece], data_start: int) -> Block:
    parts, place = [], 0
    for piece in pieces:
        stored = piece.stored
        parts.append(
            Part(
                file=WEIGHTS,
                name=stored.name,
                file_start=data_start + stored.start,
                block_start=place,
                bytes=stored.stored_bytes,
            )
        )
        place += stored.stored_bytes
    return Block(key=key, parts=tuple(parts), bytes=place)


def _files(package: ExpertPackage) -> Iterator[Block]:
    """Yield tokenizers and other data: every file that was not read when the expert was opened."""
    for name, fact in _data_files(package).items():
        part = Part(file=name, name=name, file_start=0, block_start=0, bytes=fact)
        yield Block(key=f"file {package.manifest.files[name].sha256}", parts=(part,), bytes=fact)


def _data_files(package: ExpertPackage) -> Mapping[str, int]:
    files = package.manifest.files
    return {
        name: fact.bytes
        for name, fact in sorted(files.items())
        if name not in READ_AT_OPENING and fact.bytes
    }
