"""What torch's operations are to a model: products, and the work between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod
from types import MappingProxyType
from typing import Any

from torch import Tensor

from tidemill.core.errors import ExpertError
from tidemill.models.operation_origins import Origins
from tidemill.models.product_record import ProductRecord
from tidemill.models.products import PointwiseKind, WeightProduct

__all__ = ["Operation", "OperationNotes"]

KEPT = "the model keeps it dense"

ATTENTION = (
    "_scaled_dot_product_attention_math_for_mps",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_fused_attention_overrideable",
    "scaled_dot_product_attention",
)
"""Scores, softmax and what is weighed, in one."""

_KINDS: Mapping[PointwiseKind, tuple[str, ...]] = MappingProxyType(
    {
        "relu": ("relu", "leaky_relu", "hardtanh", "threshold", "_prelu_kernel"),
        "gelu": (
            *("elu", "gelu", "hardsigmoid", "hardswish", "mish", "sigmoid", "silu", "softplus"),
            "tanh",
        ),
        "softmax": ("_log_softmax", "_safe_softmax", "_softmax"),
        "batch-norm": (
            "_batch_norm_no_update",
            "_batch_norm_with_update",
            "_native_batch_norm_legit",
            "_native_batch_norm_legit_no_training",
            "native_batch_norm",
        ),
        "layer-norm": ("_fused_rms_norm", "native_group_norm", "native_layer_norm"),
        "max-pool": ("adaptive_max_pool2d", "amax", "max_pool2d_with_indices"),
        "average-pool": ("_adaptive_avg_pool2d", "avg_pool2d"),
    }
)
WORK: Mapping[str, PointwiseKind] = MappingProxyType(
    {name: kind for kind, names in _KINDS.items() for name in names}
)
"""What is done to each number that goes in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One that has run.

    Attributes:
        name: As torch calls it, without the mark of those that change their input.
        where: The module that runs.
        operands: What went in.
        result: What came out.
    """

    name: str
    where: str
    operands: Sequence[Any]
    result: Any

    def sides(self, count: int) -> list[Tensor]:
        """Return the first operands, which are tensors; none where they are not."""
        first = [operand for operand in self.operands[:count] if isinstance(operand, Tensor)]
        return first if len(first) == count else []


class OperationNotes:
    """Notes operations for one example of a batch.

    Args:
        record: Where to.
        origins: Of tensors.
        batch: Examples that run together.
        dense: Names and patterns of layers that stay dense.
    """

    def __init__(
        self, record: ProductRecord, origins: Origins, *, batch: int, dense: Sequence[str]
    ) -> None:
        self._record = record
        self._origins = origins
        self._batch = batch
        self._dense = tuple(dense)
        self._known: dict[str, Callable[[Operation], None]] = {
            "_embedding_bag": self._summed_up,
            "add": self._added,
            "addmm": self._shifted,
            "baddbmm": self._shifted,
            "bmm": self._multiplied,
            "convolution": self._convolved,
            "embedding": self._looked_up,
            "index": self._looked_up,
            "index_select": self._looked_up,
            "mean": self._averaged,
            "mm": self._multiplied,
            "mul": self._added,
            "sum": self._averaged,
            **dict.fromkeys(ATTENTION, self._attended),
            **dict.fromkeys(WORK, self._worked),
        }

    def knows(self, name: str) -> bool:
        """Whether an operation is one of those that are noted."""
        return name in self._known

    def note(self, operation: Operation) -> None:
        """Note an operation, if it does anything that is counted.

        Raises:
            ExpertError: It has weights, and is not done as a known product; or its numbers do
                not divide among the examples.
        """
        if operation.name in self._known:
            self._known[operation.name](operation)

    def _worked(self, operation: Operation) -> None:
        source = operation.sides(1)
        if source and self._origins.is_given(source[0]) and source[0].is_floating_point():
            self._work(operation, WORK[operation.name], source[0].numel())

    def _added(self, operation: Operation) -> None:
        pair = operation.sides(2)
        if pair and pair[0].shape == pair[1].shape and all(map(self._origins.is_activation, pair)):
            self._work(operation, "add", pair[0].numel())

    def _averaged(self, operation: Operation) -> None:
        """A mean of squares over the last side is that of a norm."""
        source = operation.sides(1)
        if len(operation.operands) < 2 or not source or not operation.operands[1]:
            return
        if not self._origins.is_activation(source[0]):
            return
        is_norm = self._origins.is_square(source[0]) and operation.name == "mean"
        is_last = list(operation.operands[1]) in ([-1], [source[0].dim() - 1])
        kind: PointwiseKind = "layer-norm" if is_norm and is_last else "average-pool"
        self._work(operation, kind, source[0].numel())

    def _looked_up(self, operation: Operation) -> None:
        table = operation.sides(1)
        if table and self._origins.is_weight(table[0]) and self._origins.is_given(operation.result):
            self._work(operation, "lookup", operation.result.numel())

    def _summed_up(self, operation: Operation) -> None:
        table, places = operation.sides(2)
        if self._origins.is_given(places):
            self._work(operation, "lookup", places.numel() * table.shape[1])

    def _attended(self, operation: Operation) -> None:
        query, key, value = operation.sides(3)
        count = self._share(prod(query.shape[:-2]), operation)
        places = (query.shape[-2], key.shape[-2])
        self._record.batched(operation.where, count, (places[0], query.shape[-1], places[1]))
        self._record.work(operation.where, "softmax", count * places[0] * places[1])
        self._record.batched(operation.where, count, (*places, value.shape[-1]))

    def _shifted(self, operation: Operation) -> None:
        _, left, right = operation.sides(3)
        self._product(operation, left, right)

    def _multiplied(self, operation: Operation) -> None:
        left, right = operation.sides(2)
        self._product(operation, left, right)

    def _product(self, operation: Operation, left: Tensor, right: Tensor) -> None:
        if self._origins.is_weight(right) and self._origins.is_given(left):
            self._linear(operation, left, right)
        elif self._origins.is_weight(left) and self._origins.is_given(right):
            self._linear(operation, right.mT, left.mT)
        elif self._origins.is_given(left) and self._origins.is_given(right):
            self._batched(operation, left, right)

    def _linear(self, operation: Operation, source: Tensor, weight: Tensor) -> None:
        """A weight that was spread over a batch is one; others are independent of each other."""
        batched = weight.shape[0] if weight.dim() == 3 else 1
        groups = 1 if batched == 1 or weight.stride(0) == 0 else batched
        rows = self._share(source.numel() // source.shape[-1] // groups, operation)
        for name, outputs in self._layers(operation, weight, weight.shape[-1]):
            self._record.product(
                WeightProduct(
                    name=name,
                    inputs=weight.shape[-2],
                    outputs=outputs,
                    groups=groups,
                    rows=rows,
                    dense_because=self._reason(name),
                    is_first=not self._origins.is_learnt(source),
                )
            )

    def _batched(self, operation: Operation, left: Tensor, right: Tensor) -> None:
        count = prod(left.shape[:-2])
        rows, contraction, columns = *left.shape[-2:], right.shape[-1]
        has_gradients = self._origins.is_activation(left) and self._origins.is_activation(right)
        # What one row weighs is a mean, as is what no weights have gone into.
        if not has_gradients or (rows == 1 and count == self._batch):
            self._work(operation, "average-pool", count * rows * contraction * columns)
        elif count % self._batch:
            sides = (self._share(rows, operation), contraction, columns)
            self._record.batched(operation.where, count, sides)
        else:
            self._record.batched(
                operation.where, count // self._batch, (rows, contraction, columns)
            )

    def _convolved(self, operation: Operation) -> None:
        source, weight = operation.sides(2)
        if not self._origins.is_given(source):
            return
        if not self._origins.is_learnt(weight):
            self._work(operation, "average-pool", source.numel())
            return
        is_turned = operation.operands[6]
        if self._origins.is_given(weight) or is_turned or weight.dim() not in {3, 4}:
            raise ExpertError(
                f"{operation.where}: a convolution of this kind is no known product",
                hint="Known are those of one or two sides, not transposed, with learnt weights.",
            )
        groups, strides = operation.operands[8], operation.operands[3]
        outputs = weight.shape[0]
        ((name, _),) = self._layers(operation, weight, 0)
        self._record.product(
            WeightProduct(
                name=name,
                kind="convolution",
                inputs=weight.shape[1],
                outputs=outputs // groups,
                window=_pair(weight.shape[2:]),
                stride=_pair(strides),
                groups=groups,
                rows=self._share(operation.result.numel() // outputs, operation),
                dense_because=self._reason(name),
                is_first=not self._origins.is_learnt(source),
            )
        )

    def _layers(
        self, operation: Operation, weight: Tensor, outputs: int
    ) -> Sequence[tuple[str, int]]:
        """Return the layers that a weight was put together of, with their outputs."""
        parts = self._origins.parts(weight)
        if sum(rows for _, rows in parts) == outputs and len(parts) > 1:
            return parts
        name = "+".join(layer for layer, _ in parts)
        # Of layers that share a weight, the one that runs.
        runs = self._origins.is_owner(operation.where, name)
        return ((operation.where if runs else name, outputs),)

    def _reason(self, name: str) -> str:
        return KEPT if any(fnmatchcase(name, wanted) for wanted in self._dense) else ""

    def _work(self, operation: Operation, kind: PointwiseKind, elements: int) -> None:
        self._record.work(operation.where, kind, self._share(elements, operation))

    def _share(self, total: int, operation: Operation) -> int:
        """Return what one example has of a whole."""
        if total % self._batch:
            raise ExpertError(
                f"{operation.where}: {total:,} numbers or rows of {operation.name} do not divide"
                f" among {self._batch} examples"
            )
        return total // self._batch


def _pair(sides: Sequence[int]) -> tuple[int, int]:
    """Return rows and columns; what has one side lies along the columns."""
    return (sides[0], sides[1]) if len(sides) == 2 else (1, sides[0])
