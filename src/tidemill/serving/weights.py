"""An expert's weights as its network takes them: packed and 8-bit ones stay as they are."""

from tidemill.experts.package import ExpertPackage
from tidemill.experts.tensors import Tensor
from tidemill.models.loading import Weight, Weights
from tidemill.models.tables import StoredTable
from tidemill.sparsity.packed import PackedWeight
from tidemill.sparsity.views import as_tensor

__all__ = ["weights_of"]

INT8 = "int8-rows"


def weights_of(package: ExpertPackage) -> Weights:
    """Return the tensors of an expert by name, over the memory that they are in.

    Args:
        package: With the bytes of its weights at hand.
    """
    return {name: _weight(tensor) for name, tensor in package.tensors.items()}


def _weight(tensor: Tensor) -> Weight:
    parts = tensor.sparse
    if parts is not None:
        shape = (parts.rows, parts.columns)
        return PackedWeight.from_arrays(parts.pattern, shape, parts.values, parts.indices)
    if tensor.encoding == INT8:
        table = tensor.table
        scales = None if table.scales is None else as_tensor(table.scales)
        return StoredTable(as_tensor(table.numbers), scales)
    return tensor.to_float32()
