"""Every operation that torch is asked for is seen, while a module runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from typing_extensions import override

from tidemill.core.errors import ExpertError
from tidemill.models.operation_notes import Operation, OperationNotes
from tidemill.models.operation_origins import Origins
from tidemill.models.product_record import ProductRecord

__all__ = ["OperationWatch"]

MOVES = frozenset(
    (
        *("_to_copy", "_unsafe_view", "cat", "clone", "constant_pad_nd", "copy", "gather"),
        *("index_add", "index_put", "native_dropout", "repeat", "roll", "scatter", "stack"),
    )
)
"""They put learnt numbers beside others, and multiply none."""


class OperationWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Notes what a module computes, from its inputs to its answer.

    Args:
        network: Its parameters are the weights.
        given: The tensors that it is shown.
        batch: Examples in them.
        dense: Names and patterns of layers that stay dense.

    Attributes:
        record: What has been noted, for one example.
    """

    def __init__(
        self, network: nn.Module, given: Sequence[Tensor], *, batch: int, dense: Sequence[str]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.record: ProductRecord = ProductRecord()
        self._origins = Origins(network, given)
        self._notes = OperationNotes(self.record, self._origins, batch=batch, dense=dense)
        self._running: list[str] = []

    def enter(self, name: str) -> None:
        """Hear that a module begins."""
        self._running.append(name)

    def leave(self) -> None:
        """Hear that the last module that began has ended."""
        self._running.pop()

    @override
    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run an operation, and note it."""
        name, named = func.overloadpacket.__name__.rstrip("_"), dict(kwargs or {})
        if func.namespace == "prim":  # what is asked of a tensor itself, such as its device
            return func(*args, **named)
        if not self._notes.knows(name):
            # Where nobody may ask for gradients, torch hands over operations made of others.
            with self:
                whole = func.decompose(*args, **named)
            if whole is not NotImplemented:
                return whole
        result = func(*args, **named)
        where = (self._running or [""])[-1] or "model"
        operation = Operation(name=name, where=where, operands=args, result=result)
        self._refuse_unknown(func, operation)
        self._origins.spread(name, [*args, *named.values()], result)
        self._notes.note(operation)
        return result

    def _refuse_unknown(self, func: Any, operation: Operation) -> None:
        if self._notes.knows(operation.name) or operation.name in MOVES:
            return
        if func.is_view or torch.Tag.pointwise in func.tags:
            return
        sides = [leaf for leaf in tree_leaves(operation.operands) if isinstance(leaf, Tensor)]
        weights = [side for side in sides if self._origins.is_weight(side)]
        if weights and any(self._origins.is_given(side) for side in sides):
            owner = self._origins.parts(weights[0])[0][0]
            raise ExpertError(
                f"{operation.where}: {operation.name} with the weights of {owner} is no known"
                " product",
                hint="Known are convolutions, linear maps, embeddings, norms, and attention.",
            )
