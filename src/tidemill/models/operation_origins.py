"""Where the numbers of a tensor come from: what a module is shown, and what it has learnt."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from torch import Tensor, UntypedStorage, nn
from torch.utils._pytree import tree_leaves

__all__ = ["Origins", "Part"]

Part: TypeAlias = tuple[str, int]
"""A layer, and how many rows of a weight are its own."""


class Origins:
    """Known by storage, for views of a tensor share that and little else.

    Args:
        network: Its parameters are learnt.
        given: The tensors that it is shown.
    """

    def __init__(self, network: nn.Module, given: Iterable[Tensor]) -> None:
        # Storages are kept, so that no other takes the place of one in memory.
        self._given: dict[int, UntypedStorage] = {}
        self._learnt: dict[int, tuple[UntypedStorage, tuple[Part, ...]]] = {}
        self._squares: dict[int, UntypedStorage] = {}
        for tensor in given:
            self._give(tensor)
        self._owners: dict[str, set[str]] = {}
        for name, parameter in network.named_parameters(remove_duplicate=False):
            layer = name.removesuffix(".weight")
            if not self.is_learnt(parameter):
                self._learn(parameter, ((layer, len(parameter) if parameter.dim() else 1),))
            self._owners.setdefault(self.parts(parameter)[0][0], set()).add(layer)

    def is_given(self, tensor: Tensor) -> bool:
        """Whether it depends on what the module is shown."""
        return id(tensor.untyped_storage()) in self._given

    def is_learnt(self, tensor: Tensor) -> bool:
        """Whether it depends on parameters."""
        return id(tensor.untyped_storage()) in self._learnt

    def is_weight(self, tensor: Tensor) -> bool:
        """Whether it is made of parameters alone."""
        return self.is_learnt(tensor) and not self.is_given(tensor)

    def is_activation(self, tensor: Tensor) -> bool:
        """Whether it has a gradient, and is another for every example."""
        return self.is_learnt(tensor) and self.is_given(tensor)

    def is_square(self, tensor: Tensor) -> bool:
        """Whether it is what a norm without means takes the mean of."""
        return id(tensor.untyped_storage()) in self._squares

    def parts(self, weight: Tensor) -> tuple[Part, ...]:
        """Return the layers that a weight belongs to."""
        return self._learnt[id(weight.untyped_storage())][1]

    def is_owner(self, layer: str, other: str) -> bool:
        """Whether a layer has the weights of another, whose name they go by."""
        return layer in self._owners.get(other, ())

    def spread(self, name: str, operands: Sequence[object], result: object) -> None:
        """Pass on where numbers come from.

        Args:
            name: Of the operation.
            operands: What went in.
            result: What came out.
        """
        if name.endswith("_like") or name.startswith("new_"):
            return  # what is filled anew, such as a mask of dropout, has no more than the shape
        sources = [leaf for leaf in tree_leaves(list(operands)) if isinstance(leaf, Tensor)]
        learnt = [source for source in sources if self.is_learnt(source)]
        is_given = any(self.is_given(source) for source in sources)
        for tensor in tree_leaves(result):
            if not isinstance(tensor, Tensor):
                continue
            if is_given:
                self._give(tensor)
            if learnt and not self.is_learnt(tensor):
                self._learn(tensor, self._parts_of(name, operands, learnt))
            if name == "pow" and len(operands) > 1 and operands[1] == 2:
                storage = tensor.untyped_storage()
                self._squares[id(storage)] = storage

    def _parts_of(
        self, name: str, operands: Sequence[object], learnt: Sequence[Tensor]
    ) -> tuple[Part, ...]:
        """Return whose rows a tensor has; layers one below the other keep their own."""
        if name != "cat":
            return self.parts(learnt[0])
        own = [(self.parts(weight), len(weight)) for weight in learnt]
        if len(operands) == 1 or operands[1] == 0:
            return tuple(("+".join(layer for layer, _ in parts), rows) for parts, rows in own)
        names = "+".join(layer for parts, _ in own for layer, _ in parts)
        return ((names, len(learnt[0])),)

    def _give(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        self._given[id(storage)] = storage

    def _learn(self, tensor: Tensor, parts: tuple[Part, ...]) -> None:
        storage = tensor.untyped_storage()
        self._learnt[id(storage)] = (storage, parts)
