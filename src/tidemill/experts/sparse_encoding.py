"""N:M sparse weights as a file keeps them: the kept values, and where in their groups they stood.

The encoding's name is its pattern, such as ``2:8``. A tensor of two dimensions has its groups
along the second. A convolution of four, [out, in, height, width], has them along ``in`` for each
place of its kernel: it is kept as the matrix [out, height * width * in]. Why the places are kept
as they are: ``docs/why/0017-the-packed-form.md``.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Shaped, UInt8
from numpy import ndarray

from tidemill.core.errors import ExpertError
from tidemill.experts.dtypes import Floats, narrowed, widened
from tidemill.experts.parts import FLOATS, Part, Shape, check_roles
from tidemill.sparsity.bits import packed_bits, packed_bytes, unpacked_bits
from tidemill.sparsity.pattern import NMPattern

__all__ = ["NMSparse", "SparseParts"]

Grouped: TypeAlias = Float[ndarray, "groups m"]
Mask: TypeAlias = Bool[ndarray, "groups m"]
Places: TypeAlias = UInt8[ndarray, "groups n"]

ROLES: Final[Mapping[str, tuple[str, ...]]] = {"values": FLOATS, "indices": ("U8",)}
BLOCK_GROUPS: Final = 1 << 13
"""Groups that are unpacked at a time: a multiple of 8, so that each block begins at a byte."""

DAMAGED: Final = "the weights are damaged; get the expert again, or pack it again"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SparseParts:
    """An N:M tensor as it is stored, for whoever computes with it as it is.

    Both arrays are views: nothing is copied, and nothing is made dense. The indices are those
    of a sound package only after it was verified, as every expert from a registry is.

    Attributes:
        pattern: N:M.
        rows: Outputs of the matrix.
        columns: Its inputs: of a convolution ``height * width * in``, ``in`` running fastest.
        dtype: The kind of the values: ``F32``, ``F16`` or ``BF16``.
        values: The kept weights, group by group and by rising index; ``BF16`` as its bits.
        indices: Their places in their groups as a stream of `tidemill.sparsity.bits`,
            ``pattern.index_bits`` each.
    """

    pattern: NMPattern
    rows: int
    columns: int
    dtype: str
    values: Shaped[ndarray, "rows kept"]
    indices: UInt8[ndarray, " bytes"]

    @property
    def packed_bytes(self) -> int:
        """Bytes of values and indices, without padding."""
        return self.values.nbytes + self.indices.nbytes

    @property
    def dense_bytes(self) -> int:
        """Bytes that all weights would take in the same kind of float."""
        return self.rows * self.columns * self.values.itemsize


@dataclass(frozen=True, slots=True)
class NMSparse:
    """The encoding of one pattern: N values of each group of M, with their places.

    Attributes:
        pattern: N:M, with N below M.
    """

    pattern: NMPattern

    def layout(self, shape: Shape, dtypes: Mapping[str, str]) -> Mapping[str, Shape]:
        """Say that there are N values a group, and a stream of bits with their places."""
        check_roles(dtypes, ROLES)
        rows, columns = self._matrix(shape)
        kept = self.pattern.kept(columns)
        return {
            "values": (rows, kept),
            "indices": (packed_bytes(rows * kept, self.pattern.index_bits),),
        }

    def encode(self, values: Floats, dtype: str) -> Mapping[str, Part]:
        """Keep what is not zero.

        A group with fewer than N such values is filled up with zeros, at its lowest free
        places; -0.0 is a zero.

        Raises:
            ExpertError: A group has more than N; or the groups do not fit into the shape.
        """
        check_roles({"values": dtype}, {"values": FLOATS})
        rows, columns = self._matrix(values.shape)
        groups = _as_matrix(values).reshape(-1, self.pattern.m)
        kept = self._kept(groups, self.pattern.groups(columns))
        places = (np.flatnonzero(kept) % self.pattern.m).astype(np.uint8)
        numbers = groups[kept]
        numbers[numbers == 0] = 0  # where a group was filled up by -0.0
        stream = packed_bits(places, self.pattern.index_bits)
        return {
            "values": Part(dtype=dtype, numbers=narrowed(numbers, dtype).reshape(rows, -1)),
            "indices": Part(dtype="U8", numbers=stream),
        }

    def decode(self, parts: Mapping[str, Part], shape: Shape) -> Floats:
        """Return the tensor with its zeros.

        Raises:
            ExpertError: A value has its place beyond its group.
        """
        pattern = self.pattern
        dense = np.zeros(math.prod(shape), np.float32)
        numbers = parts["values"].numbers.reshape(-1, pattern.n)
        for first, places in self._blocks(parts):
            last = first + len(places)
            begins = np.arange(first, last)[:, None] * pattern.m
            dense[begins + places] = widened(numbers[first:last], parts["values"].dtype)
        return _as_tensor(dense, shape)

    def check(self, parts: Mapping[str, Part]) -> None:
        """Refuse places beyond their group or out of order, and bits behind the last one."""
        for first, places in self._blocks(parts):
            rises = (places[:, 1:] > places[:, :-1]).all(axis=1)
            if not rises.all():
                group = first + int(np.argmin(rises))
                raise ExpertError(
                    f"indices do not rise in {self._place(group, parts)}", hint=DAMAGED
                )
        stream = parts["indices"].numbers
        used = parts["values"].numbers.size * self.pattern.index_bits % 8
        if used and int(stream[-1]) >> used:
            raise ExpertError("bits that are not zero after its last index", hint=DAMAGED)

    def stored(self, parts: Mapping[str, Part], shape: Shape) -> SparseParts:
        """Return the parts for whoever computes with them as they are.

        Args:
            parts: Of a tensor, as `layout` says.
            shape: Of the whole tensor.
        """
        rows, columns = self._matrix(shape)
        return SparseParts(
            pattern=self.pattern,
            rows=rows,
            columns=columns,
            dtype=parts["values"].dtype,
            values=parts["values"].numbers,
            indices=parts["indices"].numbers,
        )

    def _matrix(self, shape: Shape) -> tuple[int, int]:
        """Return rows and columns of the matrix that a tensor is kept as."""
        if len(shape) not in {2, 4}:
            raise ExpertError(
                f"{self.pattern} is for tensors of 2 or 4 dimensions, and this has {len(shape)}",
                hint="keep it dense",
            )
        if shape[1] % self.pattern.m:
            raise ExpertError(
                f"{shape[1]:,} inputs do not divide into groups of {self.pattern.m}",
                hint=f"keep it dense, or by a pattern whose M divides {shape[1]:,}",
            )
        return shape[0], math.prod(shape[1:])

    def _kept(self, groups: Grouped, row_groups: int) -> Mask:
        """Return a mask with N places a group, among them all that are not zero."""
        kept: Mask = groups != 0
        free = self.pattern.n - kept.sum(axis=1, dtype=np.int8)
        if (free < 0).any():
            group = int(np.argmax(free < 0))
            raise ExpertError(
                f"row {group // row_groups}, group {group % row_groups} has"
                f" {self.pattern.n - int(free[group])} weights that are not zero,"
                f" and {self.pattern} keeps {self.pattern.n}",
                hint="prune the tensor to the pattern first, or keep it dense",
            )
        short = np.flatnonzero(free)
        empty = ~kept[short]
        kept[short] |= empty & (empty.cumsum(axis=1, dtype=np.int8) <= free[short, None])
        return kept

    def _blocks(self, parts: Mapping[str, Part]) -> Iterator[tuple[int, Places]]:
        """Yield the places of some groups after the other, with the number of the first."""
        n, m, bits = self.pattern.n, self.pattern.m, self.pattern.index_bits
        stream, groups = parts["indices"].numbers, parts["values"].numbers.size // n
        for first in range(0, groups, BLOCK_GROUPS):
            count = min(BLOCK_GROUPS, groups - first) * n
            begin = first * n * bits // 8
            piece = stream[begin : begin + packed_bytes(count, bits)]
            places = unpacked_bits(piece, count, bits).reshape(-1, n)
            if int(places.max()) >= m:
                group = first + int(np.argmax(places.max(axis=1) >= m))
                raise ExpertError(
                    f"an index of {m} or more in {self._place(group, parts)}", hint=DAMAGED
                )
            yield first, places

    def _place(self, group: int, parts: Mapping[str, Part]) -> str:
        row_groups = parts["values"].numbers.shape[1] // self.pattern.n
        return f"row {group // row_groups}, group {group % row_groups}"


def _as_matrix(values: Floats) -> Floats:
    if values.ndim == 2:
        return values
    return values.transpose(0, 2, 3, 1).reshape(len(values), -1)


def _as_tensor(dense: Floats, shape: Shape) -> Floats:
    if len(shape) == 2:
        return dense.reshape(shape)
    rows, inputs, height, width = shape
    turned = dense.reshape(rows, height, width, inputs).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(turned)
