"""What a stored tensor is, and which kinds of numbers it may hold: shared by all encodings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tidemill.core.errors import ExpertError
from tidemill.experts.dtypes import Numbers

__all__ = ["FLOATS", "EncodedTensor", "Part", "Shape", "check_roles"]

Shape: TypeAlias = tuple[int, ...]

FLOATS = ("F32", "F16", "BF16")
"""The kinds of float that weights are kept as."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One of the stored tensors that a tensor is made of.

    Attributes:
        dtype: The kind of its numbers.
        numbers: The numbers, in their true shape.
    """

    dtype: str
    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedTensor:
    """A tensor as a file stores it, to be written again as it is.

    Attributes:
        encoding: How its values are kept.
        shape: Of the values.
        parts: The stored numbers, by role.
    """

    encoding: str
    shape: Shape
    parts: Mapping[str, Part]


def check_roles(dtypes: Mapping[str, str], allowed: Mapping[str, tuple[str, ...]]) -> None:
    """Make sure that the parts of a tensor are those that its encoding has.

    Args:
        dtypes: The kinds of the parts that are there, by role.
        allowed: The kinds that each of them may have.

    Raises:
        ExpertError: A part is missing, one too many, or of another kind.
    """
    if set(dtypes) != set(allowed):
        raise ExpertError(f"parts {sorted(dtypes)} instead of {sorted(allowed)}")
    for role, dtype in dtypes.items():
        if dtype not in allowed[role]:
            raise ExpertError(f"{role} of kind {dtype} instead of {' or '.join(allowed[role])}")
