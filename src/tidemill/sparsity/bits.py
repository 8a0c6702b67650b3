"""Small numbers as a stream of bits, the lowest first: how the packed format keeps indices."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["packed_bits", "packed_bytes", "unpacked_bits"]

Bytes = NDArray[np.uint8]


def packed_bytes(count: int, bits: int) -> int:
    """Return how many bytes some numbers of so many bits take."""
    return (count * bits + 7) // 8


def packed_bits(numbers: Bytes, bits: int) -> Bytes:
    """Return numbers as a stream of bits; number ``i`` begins at bit ``i * bits``.

    Args:
        numbers: Each below ``2 ** bits``.
        bits: Of each; 0 to 8.
    """
    places = np.arange(bits, dtype=np.uint8)
    stream = (numbers.reshape(-1, 1) >> places) & 1
    return np.packbits(stream.reshape(-1), bitorder="little")


def unpacked_bits(stream: Bytes, count: int, bits: int) -> Bytes:
    """Return the numbers of a stream.

    Args:
        stream: From `packed_bits`.
        count: How many there are.
        bits: Of each.
    """
    if not bits:
        return np.zeros(count, np.uint8)
    found = np.unpackbits(stream, count=count * bits, bitorder="little").reshape(count, bits)
    weights = (1 << np.arange(bits)).astype(np.uint8)
    numbers: Bytes = (found * weights).sum(axis=1, dtype=np.uint8)
    return numbers
