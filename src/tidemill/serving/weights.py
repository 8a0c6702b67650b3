"""An expert's weights as its network takes them: sparse matrices stay packed."""

from tidemill.experts.package import ExpertPackage
from tidemill.experts.tensors import Tensor
from tidemill.models.loading import Weight, Weights
from tidemill.sparsity.packed import PackedWeight

__all__ = ["weights_of"]


def weights_of(package: ExpertPackage) -> Weights:
    """Return the tensors of an expert by name.

    Args:
        package: Opened.
    """
    return {name: _weight(tensor) for name, tensor in package.tensors.items()}


def _weight(tensor: Tensor) -> Weight:
    parts = tensor.sparse
    if parts is None:
        return tensor.to_float32()
    shape = (parts.rows, parts.columns)
    return PackedWeight.from_arrays(parts.pattern, shape, parts.values, parts.indices)
