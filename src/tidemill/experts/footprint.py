"""What the sparse layers of an expert take, beside what they would take with all their weights."""

from collections.abc import Iterable
from dataclasses import dataclass

from tidemill.experts.tensors import Tensor

__all__ = ["Footprint", "footprint_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Bytes of the tensors that are kept by an N:M pattern.

    Attributes:
        tensors: How many there are.
        packed_bytes: Of their values and indices in the file, the padding included.
        dense_bytes: Of all their weights, in the same kinds of float.
    """

    tensors: int
    packed_bytes: int
    dense_bytes: int

    @property
    def share(self) -> float:
        """Packed by dense bytes."""
        return self.packed_bytes / self.dense_bytes

    def to_dict(self) -> dict[str, int]:
        """Return the facts, ready for JSON."""
        return {
            "tensors": self.tensors,
            "packed_bytes": self.packed_bytes,
            "dense_bytes": self.dense_bytes,
        }


def footprint_of(tensors: Iterable[Tensor]) -> Footprint | None:
    """Add up the sparse tensors of an expert; None where there are none.

    Args:
        tensors: All of its tensors.
    """
    found = [(tensor, sparse) for tensor in tensors if (sparse := tensor.sparse)]
    if not found:
        return None
    return Footprint(
        tensors=len(found),
        packed_bytes=sum(tensor.stored_bytes for tensor, _ in found),
        dense_bytes=sum(sparse.dense_bytes for _, sparse in found),
    )
