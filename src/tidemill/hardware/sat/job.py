"""One product as the machine gets it: what is packed, and how many bytes its parts have."""

from dataclasses import dataclass
from fractions import Fraction

from tidemill.hardware.sat.array import Shape
from tidemill.hardware.workload.gemm import Gemm
from tidemill.sparsity.bits import packed_bytes
from tidemill.sparsity.pattern import NMPattern

__all__ = ["Job", "job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A product whose right operand may be packed N:M along the contraction.

    Attributes:
        shape: As the array sees it.
        contraction: As it lies in memory, with what is dropped.
        pattern: Of the right operand; 1:1 where it is dense.
        left_distinct: Share of the left operand that has to be fetched.
        right_distinct: The same of the right one.
        operand_bytes: Of a number.
        result_bytes: Of a result as it is written to memory.
    """

    shape: Shape
    contraction: int
    pattern: NMPattern
    left_distinct: Fraction = Fraction(1)
    right_distinct: Fraction = Fraction(1)
    operand_bytes: int = 2
    result_bytes: int = 2

    def left_bytes(self, rows: int, contraction: int) -> int:
        """Return the bytes of a part of the left operand."""
        return _share(rows * contraction * self.operand_bytes, self.left_distinct)

    def right_bytes(self, contraction: int, columns: int) -> int:
        """Return the bytes of a part of the right operand, packed as it is kept."""
        kept = columns * self.kept(contraction)
        indices = packed_bytes(kept, self.pattern.index_bits)
        return _share(kept * self.operand_bytes + indices, self.right_distinct)

    def written_bytes(self, rows: int, columns: int) -> int:
        """Return the bytes of a part of the result."""
        return rows * columns * self.result_bytes

    def kept(self, contraction: int) -> int:
        """Return the multiply-accumulates of a part of the contraction."""
        return contraction * self.pattern.n // self.pattern.m


def job(
    gemm: Gemm, pattern: NMPattern | None = None, *, swapped: bool = False, operand_bytes: int = 2
) -> Job:
    """Return a product as the machine gets it.

    Args:
        gemm: The product.
        pattern: N:M of its right operand, or None where it is dense.
        swapped: Whether its left operand is the sparse one; the array then computes the
            transpose, since it is the right operand that it takes packed.
        operand_bytes: Of a number in it.

    Raises:
        SettingError: M does not divide the contraction.
    """
    own = pattern or NMPattern(1, 1)
    sides = (gemm.columns, gemm.rows) if swapped else (gemm.rows, gemm.columns)
    distinct = (Fraction(1), gemm.distinct) if swapped else (gemm.distinct, Fraction(1))
    return Job(
        shape=Shape(
            rows=sides[0],
            depth=own.kept(gemm.contraction),
            columns=sides[1],
            count=gemm.count,
        ),
        contraction=gemm.contraction,
        pattern=own,
        left_distinct=distinct[0],
        right_distinct=distinct[1],
        operand_bytes=operand_bytes,
        result_bytes=operand_bytes,
    )


def _share(number: int, share: Fraction) -> int:
    return -(-number * share.numerator // share.denominator)
