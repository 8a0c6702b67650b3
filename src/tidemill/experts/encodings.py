"""How a tensor's values are kept: one class an encoding, and the table that names them.

A new encoding is a class here and a line in ``ENCODINGS``; whatever stands in the table is
written, read, verified and tested like the others. Besides the table, every N:M pattern is the
name of an encoding: `tidemill.experts.sparse_encoding`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from tidemill.core.errors import ExpertError
from tidemill.experts.dtypes import Floats, Numbers, narrowed, widened
from tidemill.experts.parts import FLOATS, Part, Shape, check_roles
from tidemill.experts.patterns import is_pattern, nm_pattern
from tidemill.experts.sparse_encoding import NMSparse

__all__ = ["ENCODINGS", "Dense", "Encoding", "Int8Rows", "Storage", "encoding"]

SCALES = ("F32", "F16")
LARGEST_INT8 = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How one tensor is to be kept.

    Attributes:
        encoding: A name in ``ENCODINGS``, or an N:M pattern such as ``2:8``.
        dtype: The kind of its floats: of the values, or of the scales.
    """

    encoding: str = "dense"
    dtype: str = "F32"


class Encoding(Protocol):
    """The seam: from float32 to stored parts and back."""

    def layout(self, shape: Shape, dtypes: Mapping[str, str]) -> Mapping[str, Shape]:
        """Say which parts there must be, and their true shapes.

        Args:
            shape: Of the whole tensor.
            dtypes: The kinds of the parts that are there, by role.

        Raises:
            ExpertError: These parts, or a tensor of this shape, cannot be.
        """
        ...

    def encode(self, values: Floats, dtype: str) -> Mapping[str, Part]:
        """Make the parts.

        Args:
            values: Finite.
            dtype: The kind of float to keep.

        Raises:
            ExpertError: The values cannot be kept so.
        """
        ...

    def decode(self, parts: Mapping[str, Part], shape: Shape) -> Floats:
        """Return the values that the parts stand for."""
        ...

    def check(self, parts: Mapping[str, Part]) -> None:
        """Look at every number for what the encoder never writes; NaN is looked for elsewhere.

        Raises:
            ExpertError: There is such a number.
        """
        ...


class Dense:
    """Every value as a float."""

    def layout(self, shape: Shape, dtypes: Mapping[str, str]) -> Mapping[str, Shape]:
        """Say that the values have the tensor's shape."""
        check_roles(dtypes, {"values": FLOATS})
        return {"values": shape}

    def encode(self, values: Floats, dtype: str) -> Mapping[str, Part]:
        """Round to the kind of float."""
        check_roles({"values": dtype}, {"values": FLOATS})
        return {"values": Part(dtype=dtype, numbers=narrowed(values, dtype))}

    def decode(self, parts: Mapping[str, Part], shape: Shape) -> Floats:
        """Return the values; a view of the stored ones where they are float32."""
        values = parts["values"]
        return widened(values.numbers, values.dtype).reshape(shape)

    def check(self, parts: Mapping[str, Part]) -> None:
        """Find nothing: any finite float may be a value."""


class Int8Rows:
    """Symmetric 8-bit integers, with one scale for each row along the first axis."""

    def layout(self, shape: Shape, dtypes: Mapping[str, str]) -> Mapping[str, Shape]:
        """Say that there are the integers and a scale a row."""
        check_roles(dtypes, {"values": ("I8",), "scales": SCALES})
        _check_rows(shape)
        return {"values": shape, "scales": shape[:1]}

    def encode(self, values: Floats, dtype: str) -> Mapping[str, Part]:
        """Round each row to steps of a 127th of its largest value.

        The scale is rounded up, so that the largest value still has a step, and no value
        is off by more than half a step.
        """
        check_roles({"scales": dtype}, {"scales": SCALES})
        _check_rows(values.shape)
        rows = values.reshape(len(values), -1)
        peaks = np.abs(rows).max(axis=1)
        scales = _scales(peaks, dtype)
        divisors = np.where(peaks > 0, widened(scales, dtype), np.float32(1))
        steps = np.rint(rows.astype(np.float64) / divisors[:, None]).astype(np.int8)
        return {
            "values": Part(dtype="I8", numbers=steps.reshape(values.shape)),
            "scales": Part(dtype=dtype, numbers=scales),
        }

    def decode(self, parts: Mapping[str, Part], shape: Shape) -> Floats:
        """Return the integers times their row's scale."""
        scales = widened(parts["scales"].numbers, parts["scales"].dtype)
        rows = parts["values"].numbers.reshape(shape[0], -1).astype(np.float32)
        rows *= scales[:, None]
        return rows.reshape(shape)

    def check(self, parts: Mapping[str, Part]) -> None:
        """Refuse -128, which has no positive twin, and scales below zero."""
        if bool((parts["values"].numbers < -LARGEST_INT8).any()):
            raise ExpertError("-128 is no symmetric 8-bit value")
        if bool((parts["scales"].numbers < 0).any()):
            raise ExpertError("a scale is below zero")


def _scales(peaks: Floats, dtype: str) -> Numbers:
    """Return a 127th of each peak, rounded up to the kind of float."""
    exact = peaks.astype(np.float64) / LARGEST_INT8
    scales = narrowed(exact.astype(np.float32), dtype)
    larger = np.nextafter(scales, scales.dtype.type(np.inf))
    return np.where(scales.astype(np.float64) < exact, larger, scales)


def _check_rows(shape: Shape) -> None:
    if len(shape) < 2:
        raise ExpertError("rows need a tensor of two dimensions or more")


ENCODINGS: Mapping[str, Encoding] = MappingProxyType({"dense": Dense(), "int8-rows": Int8Rows()})
"""Every encoding that is known, by the name that packages give it, but for N:M patterns."""


def encoding(name: str) -> Encoding:
    """Return the encoding of that name.

    Args:
        name: In ``ENCODINGS``, or an N:M pattern such as ``2:8``.

    Raises:
        ExpertError: It is unknown, perhaps of a newer Tidemill.
    """
    if name in ENCODINGS:
        return ENCODINGS[name]
    if is_pattern(name):
        return NMSparse(nm_pattern(name))
    known = ", ".join(sorted(ENCODINGS))
    raise ExpertError(
        f"unknown encoding {name[:100]!r}",
        hint=f"use a newer Tidemill; this one knows {known}, and N:M patterns such as 2:8",
    )
