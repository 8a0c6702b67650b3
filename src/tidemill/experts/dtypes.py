"""Kinds of numbers as the tensor format names them, and the ways between them and float32."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError

__all__ = ["DTYPES", "DType", "Floats", "Numbers", "is_finite", "narrowed", "widened"]

Floats: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[Any]

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DType:
    """A kind of number.

    Attributes:
        stored: How numpy holds it; ``BF16`` is held as its bits.
        exponent: The bits of a float that are all set in NaN and infinity; 0 for others.
    """

    stored: np.dtype[Any]
    exponent: int = 0

    @property
    def bytes_each(self) -> int:
        """Bytes a number."""
        return self.stored.itemsize


DTYPES: Mapping[str, DType] = MappingProxyType(
    {
        "F32": DType(stored=np.dtype("<f4"), exponent=0x7F80_0000),
        "F16": DType(stored=np.dtype("<f2"), exponent=0x7C00),
        "BF16": DType(stored=np.dtype("<u2"), exponent=0x7F80),
        "F64": DType(stored=np.dtype("<f8"), exponent=0x7FF0_0000_0000_0000),
        "I64": DType(stored=np.dtype("<i8")),
        "I32": DType(stored=np.dtype("<i4")),
        "I16": DType(stored=np.dtype("<i2")),
        "I8": DType(stored=np.dtype("i1")),
        "U64": DType(stored=np.dtype("<u8")),
        "U32": DType(stored=np.dtype("<u4")),
        "U16": DType(stored=np.dtype("<u2")),
        "U8": DType(stored=np.dtype("u1")),
        "BOOL": DType(stored=np.dtype("?")),
    }
)
"""The kinds that are read; an encoding says which of them it is made of."""


def widened(numbers: Numbers, dtype: str) -> Floats:
    """Return numbers as float32, without a copy where they are.

    Args:
        numbers: As numpy holds them.
        dtype: Their kind.
    """
    if dtype == "BF16":
        return (numbers.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return numbers.astype(np.float32, copy=False)


def narrowed(values: Floats, dtype: str) -> Numbers:
    """Round float32 to a kind of float, to the nearest and ties to even.

    Args:
        values: Finite.
        dtype: ``F32``, ``F16`` or ``BF16``.

    Raises:
        ExpertError: A value is too large for the kind.
    """
    if dtype == "BF16":
        bits = values.view(np.uint32)
        odd = (bits >> np.uint32(16)) & np.uint32(1)
        rounded = ((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)).astype("<u2")
    else:
        with np.errstate(over="ignore"):
            rounded = values.astype(DTYPES[dtype].stored, copy=False)
    if not is_finite(rounded, dtype):
        raise ExpertError(f"a value of {np.abs(values).max():g} is too large for {dtype}")
    return rounded


def is_finite(numbers: Numbers, dtype: str) -> bool:
    """Say whether no number is NaN or infinite, looking at their bits block by block.

    Args:
        numbers: As numpy holds them, in one piece.
        dtype: Their kind.
    """
    exponent = DTYPES[dtype].exponent
    if not exponent:
        return True
    bits = numbers.reshape(-1).view(f"<u{numbers.itemsize}")
    mask = bits.dtype.type(exponent)
    return not any(
        bool(((bits[start : start + BLOCK] & mask) == mask).any())
        for start in range(0, bits.size, BLOCK)
    )
