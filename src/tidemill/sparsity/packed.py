"""A sparse weight as files and memory hold it: values, and their places in their groups."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from torch import Tensor

from tidemill.core.errors import ExpertError
from tidemill.sparsity.bits import packed_bits, packed_bytes, unpacked_bits
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.views import as_tensor

__all__ = ["PackedWeight", "indices_of", "packed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackedWeight:
    """A matrix of which every group along the columns holds N of M weights.

    Attributes:
        pattern: N:M.
        rows: Outputs.
        columns: Inputs: the contraction; M divides it.
        values: The kept weights, group by group, by rising index: float32, float16 or bfloat16.
        indices: Their places in their groups, each ``pattern.index_bits`` bits, the lowest first.

    Raises:
        ExpertError: The parts do not fit.
    """

    pattern: NMPattern
    rows: int
    columns: int
    values: Float[Tensor, "rows kept"]
    indices: UInt8[Tensor, " bytes"]

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise ExpertError(f"a {self.pattern} matrix of {self.rows} rows")
        kept = self.pattern.kept(self.columns)
        wanted = packed_bytes(self.rows * kept, self.pattern.index_bits)
        if tuple(self.values.shape) != (self.rows, kept) or self.indices.numel() != wanted:
            raise ExpertError(
                f"a {self.pattern} matrix of {self.rows:,} x {self.columns:,} has"
                f" {self.rows:,} x {kept:,} values and {wanted:,} bytes of indices, not"
                f" {tuple(self.values.shape)} and {self.indices.numel():,}"
            )

    @property
    def bytes_held(self) -> int:
        """Bytes of values and indices."""
        return self.values.numel() * self.values.element_size() + self.indices.numel()

    @classmethod
    def from_arrays(
        cls,
        pattern: NMPattern,
        shape: tuple[int, int],
        values: NDArray[Any],
        indices: NDArray[np.uint8],
    ) -> "PackedWeight":
        """Return a weight from what a file holds, over the same memory.

        Args:
            pattern: N:M.
            shape: Rows and columns.
            values: float32 or float16, or the bits of bfloat16 as uint16.
            indices: A stream of bits.
        """
        numbers = as_tensor(values)
        is_bfloat16 = values.dtype == np.uint16
        return cls(
            pattern=pattern,
            rows=shape[0],
            columns=shape[1],
            values=numbers.view(torch.bfloat16) if is_bfloat16 else numbers,
            indices=as_tensor(indices),
        )

    def on_meta(self) -> "PackedWeight":
        """Return a weight of the same kind and size without numbers."""
        return replace(self, values=self.values.to("meta"), indices=self.indices.to("meta"))

    def places(self) -> UInt8[Tensor, "rows kept"]:
        """Return where in its group each value stands."""
        count = self.values.numel()
        if self.pattern.is_dense:
            alone = torch.arange(self.pattern.m, dtype=torch.uint8)
            return alone.repeat(count // self.pattern.m).view(self.values.shape)
        found = unpacked_bits(self.indices.numpy(), count, self.pattern.index_bits)
        return torch.from_numpy(found).view(self.values.shape)

    def columns_kept(self) -> Tensor:
        """Return the column of each value; int64, as gathering wants it."""
        groups = torch.arange(self.values.shape[1]) // self.pattern.n
        return self.places().long() + groups * self.pattern.m

    def to_dense(self) -> Float[Tensor, "rows columns"]:
        """Return the matrix with its zeros, for tests, exports and machines without kernels."""
        dense = torch.zeros(self.rows, self.columns, dtype=self.values.dtype)
        return dense.scatter_(1, self.columns_kept(), self.values)


def packed(weight: Float[Tensor, "rows columns"], kept: Tensor, pattern: NMPattern) -> PackedWeight:
    """Pack the kept weights of a matrix.

    Args:
        weight: The matrix.
        kept: A mask with N places in each group of M along the columns.
        pattern: N:M.
    """
    rows, columns = weight.shape
    groups = kept.reshape(rows, pattern.groups(columns), pattern.m)
    places = groups.nonzero()[:, 2].to(torch.uint8)
    values = weight.detach().reshape(groups.shape)[groups].view(rows, -1).contiguous()
    return PackedWeight(
        pattern=pattern,
        rows=rows,
        columns=columns,
        values=values,
        indices=indices_of(places, pattern),
    )


def indices_of(places: Tensor, pattern: NMPattern) -> UInt8[Tensor, " bytes"]:
    """Return the stream of bits that tells where in its group each value stands.

    Args:
        places: Of every value, in their order; uint8 of any shape.
        pattern: N:M.
    """
    return torch.from_numpy(packed_bits(places.numpy().ravel(), pattern.index_bits))
