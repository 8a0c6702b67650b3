"""Weights as files store them: as networks take them, and with other values in the same places."""

from tidemill.experts.dtypes import Floats, narrowed, widened
from tidemill.experts.encodings import encoding
from tidemill.experts.parts import EncodedTensor, Part
from tidemill.experts.sparse_encoding import NMSparse, SparseParts
from tidemill.models.loading import Weight
from tidemill.sparsity.packed import PackedWeight

__all__ = ["packed_of", "rewritten", "values_of", "weight_of"]


def packed_of(tensor: EncodedTensor) -> PackedWeight | None:
    """Return an N:M tensor as a packed weight; None for other encodings."""
    parts = _sparse(tensor)
    if parts is None:
        return None
    shape = (parts.rows, parts.columns)
    return PackedWeight.from_arrays(parts.pattern, shape, parts.values, parts.indices)


def weight_of(tensor: EncodedTensor) -> Weight:
    """Return a tensor as a network takes it: N:M matrices stay packed."""
    packed = packed_of(tensor)
    return packed if packed is not None else values_of(tensor)


def values_of(tensor: EncodedTensor) -> Floats:
    """Return the values that are stored: of an N:M tensor, [rows, kept]."""
    if (parts := _sparse(tensor)) is not None:
        return widened(parts.values, parts.dtype)
    return encoding(tensor.encoding).decode(tensor.parts, tensor.shape)


def rewritten(tensor: EncodedTensor, values: Floats) -> EncodedTensor:
    """Return a tensor with other values; an N:M tensor keeps its indices to the byte.

    Args:
        tensor: As it is stored.
        values: Of the shape that `values_of` gives.

    Raises:
        ExpertError: A value is too large for how the tensor is kept.
    """
    parts = dict(tensor.parts)
    if _sparse(tensor) is not None:
        dtype = parts["values"].dtype
        parts["values"] = Part(dtype=dtype, numbers=narrowed(values, dtype))
    else:
        dtype = parts["scales" if "scales" in parts else "values"].dtype
        parts = dict(encoding(tensor.encoding).encode(values, dtype))
    return EncodedTensor(encoding=tensor.encoding, shape=tensor.shape, parts=parts)


def _sparse(tensor: EncodedTensor) -> SparseParts | None:
    kind = encoding(tensor.encoding)
    return kind.stored(tensor.parts, tensor.shape) if isinstance(kind, NMSparse) else None
