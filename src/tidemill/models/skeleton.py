"""A network without weights of its own, which takes those of one expert after the other.

Experts of one shape differ in their numbers alone. So the network is made once, on the meta
device, where nothing is filled in; each expert's weights are brought into the kinds that its
places want once as well; and a switch to another expert is an assignment of pointers. Nothing is
copied, and what is shared memory stays shared.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from tidemill.core.errors import ExpertError
from tidemill.models.encoder import Stack
from tidemill.models.loading import Weight, Weights, load_weights
from tidemill.models.tables import StoredTable, TableEmbedding
from tidemill.sparsity import kernels
from tidemill.sparsity.formcache import FormCache
from tidemill.sparsity.packed import PackedWeight
from tidemill.sparsity.packed_layers import PackedLayer, joined_bias, joined_weight
from tidemill.sparsity.views import as_tensor

__all__ = ["Filling", "Signature", "Skeleton", "signature_of"]

Network = TypeVar("Network", bound=nn.Module)
Signature: TypeAlias = tuple[tuple[str, str], ...]
Put: TypeAlias = Callable[[], None]

NO_BOUND = 1 << 62
"""Forms of a filling live as long as it does; whoever makes fillings has a budget."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filling:
    """The weights of one expert, ready to be put into a skeleton's places.

    Attributes:
        puts: Assignments, one a place.
        bytes_held: Bytes that are this expert's own in this process: forms, joined weights and
            what had to be converted. Views of shared memory do not count.
    """

    puts: tuple[Put, ...]
    bytes_held: int


def signature_of(weights: Weights) -> Signature:
    """Return what two experts of one config must have in common to share a skeleton."""
    return tuple(sorted((name, _kind(weight)) for name, weight in weights.items()))


def _kind(weight: object) -> str:
    match weight:
        case PackedWeight():
            return f"{weight.pattern} {weight.rows} x {weight.columns}"
        case StoredTable():
            return f"table {weight.shape}"
        case _:
            return "dense"


class Skeleton(Generic[Network]):
    """One network for all experts of a config and signature.

    Args:
        make: Makes the network.
        weights: Of the first expert: which places there are, and how each is kept.
        finish: Told once of the network with its packed layers in place; may join some.

    Raises:
        ExpertError: The weights are not the network's.
    """

    def __init__(
        self,
        make: Callable[[], Network],
        weights: Weights,
        finish: Callable[[Network], None] = lambda _: None,
    ) -> None:
        self._network = load_weights(make, weights, copied=False)
        finish(self._network)
        self._signature = signature_of(weights)
        self._places = tuple(_places(self._network))
        self._empty = tuple(place.emptied() for place in self._places)
        self._holds: Filling | None = None
        self._lock = threading.RLock()
        self._put(self._empty)

    def filling(self, weights: Weights) -> Filling:
        """Return an expert's weights, ready for its switches.

        Args:
            weights: Of the same names and kinds as the first expert's.

        Raises:
            ExpertError: They are not.
        """
        if signature_of(weights) != self._signature:
            raise ExpertError("these weights are of another shape than the network")
        filled = [place.filled(weights) for place in self._places]
        return Filling(
            puts=tuple(put for put, _ in filled), bytes_held=sum(held for _, held in filled)
        )

    @contextmanager
    def holding(self, filling: Filling) -> Iterator[Network]:
        """Lend the network with the weights of an expert in it: the switch.

        Args:
            filling: From this skeleton.
        """
        with self._lock:
            if self._holds is not filling:
                self._put(filling.puts)
                self._holds = filling
            yield self._network

    def forget(self, filling: Filling) -> None:
        """Let go of an expert's weights, so that their memory can be used again.

        Args:
            filling: From this skeleton; if it is not the one held, nothing happens.
        """
        with self._lock:
            if self._holds is filling:
                self._put(self._empty)
                self._holds = None

    def _put(self, puts: tuple[Put, ...]) -> None:
        for put in puts:
            put()


class _Place(Protocol):
    """Where some weight of an expert goes."""

    def filled(self, weights: Weights) -> tuple[Put, int]:
        """Return the assignment of an expert's weight, and the bytes that it holds itself."""
        ...

    def emptied(self) -> Put:
        """Return the assignment of nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _DensePlace:
    """A parameter or a buffer."""

    module: nn.Module
    leaf: str
    name: str

    def filled(self, weights: Weights) -> tuple[Put, int]:
        weight = weights[self.name]
        if isinstance(weight, StoredTable):
            made = weight.whole()
            return self._assigned(made), made.nbytes
        return self._assigned(_dense(weight)), 0

    def emptied(self) -> Put:
        return self._assigned(torch.empty_like(getattr(self.module, self.leaf), device="meta"))

    def _assigned(self, value: Tensor) -> Put:
        """Return the assignment, past `Module.__setattr__`, which looks at each for long.

        What it looks at holds already: a parameter takes a parameter's place, a buffer a buffer's.
        """
        parameters, buffers = vars(self.module)["_parameters"], vars(self.module)["_buffers"]
        if self.leaf in parameters:
            value = nn.Parameter(value, requires_grad=False)
            return partial(parameters.__setitem__, self.leaf, value)
        return partial(buffers.__setitem__, self.leaf, value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PackedPlace:
    """A packed layer, perhaps joined of several."""

    layer: PackedLayer

    def filled(self, weights: Weights) -> tuple[Put, int]:
        sources = self.layer.sources
        parts = [weights[f"{source}.weight"] for source in sources]
        weight = joined_weight([part for part in parts if isinstance(part, PackedWeight)])
        biases = [weights.get(f"{source}.bias") for source in sources]
        bias = joined_bias([None if one is None else _dense(one) for one in biases])
        forms = FormCache(NO_BOUND)
        if kernels.available():
            forms.form(weight, torch.float32)
        held = forms.filling.bytes_held
        if len(sources) > 1:
            held += weight.bytes_held + (0 if bias is None else bias.nbytes)
        return partial(self.layer.take, weight, bias, forms), held

    def emptied(self) -> Put:
        former = self.layer.packed
        return partial(self.layer.take, former.on_meta(), None, FormCache(0))


def _dense(weight: Weight) -> Tensor:
    if isinstance(weight, PackedWeight | StoredTable):
        raise ExpertError("a weight is kept in a form that its place does not take")
    return as_tensor(weight)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _TablePlace:
    """An embedding over a stored table."""

    module: TableEmbedding
    name: str

    def filled(self, weights: Weights) -> tuple[Put, int]:
        return partial(setattr, self.module, "table", weights[self.name]), 0

    def emptied(self) -> Put:
        nothing = StoredTable(torch.empty(self.module.table.shape, device="meta"))
        return partial(setattr, self.module, "table", nothing)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ChainPlace:
    """Where the layers of an encoder keep the chain that they are in one call."""

    stack: Stack

    def filled(self, weights: Weights) -> tuple[Put, int]:
        del weights  # the chain is made of what the other places have, once they have it
        return partial(vars(self.stack).__setitem__, "fused", self.stack.new_fused()), 0

    def emptied(self) -> Put:
        return partial(vars(self.stack).__setitem__, "fused", None)


def _places(network: nn.Module) -> Iterator[_Place]:
    for path, module in network.named_modules():
        if isinstance(module, Stack):
            yield _ChainPlace(stack=module)
        if isinstance(module, PackedLayer):
            yield _PackedPlace(layer=module)
        elif isinstance(module, TableEmbedding):
            yield _TablePlace(module=module, name=f"{path}.weight")
        else:
            leaves = (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
            for leaf, _ in leaves:
                yield _DensePlace(module=module, leaf=leaf, name=f"{path}.{leaf}".lstrip("."))
