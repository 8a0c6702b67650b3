"""The products of a torch module, found by running it once without numbers.

Every operation that torch is asked for is seen, so that what functions compute counts like what
layers compute. Nothing is allocated, and the module itself is left alone: a copy of it runs, whose
tensors have shapes and nothing else.
"""

import copy
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_leaves

from tidemill.core.errors import ExpertError
from tidemill.models.operation_watch import OperationWatch
from tidemill.models.products import ModelProducts
from tidemill.sparsity.layers import spared_layers

__all__ = ["trace_products"]


def trace_products(
    module: nn.Module,
    *example: object,
    run: Callable[..., object] | None = None,
    dense: Collection[str] | None = None,
) -> ModelProducts:
    """Return what a module computes for one example of a batch.

    What is made of weights alone, such as a table of distances, is made once a step; it is left
    out. So is what moves numbers and changes none.

    Args:
        module: Of convolutions, linear maps, attention, norms, and what else has no weights; in
            its present mode of training or answering.
        example: What it is called with. The batch is the first side of the first tensor;
            tensors may be in lists, tables and dataclasses.
        run: What is called with the module and the example, where that is not the module itself.
        dense: Names of layers that stay dense; `fnmatch` patterns will do. By default those that
            sparse training leaves alone.

    Raises:
        ExpertError: An operation with weights is none of the known products; or the module needs
            numbers to run.
    """
    given = list(_tensors(example))
    if not given or not given[0].dim():
        raise ExpertError("the example has no tensor whose first side is the batch")
    spared = spared_layers(module) if dense is None else tuple(dense)
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    shadows: dict[int, Any] = {id(tensor): _shadow(tensor, fake) for tensor in given}
    network = _shadow_of(module, fake)
    watch = OperationWatch(
        network,
        [shadows[id(tensor)] for tensor in given],
        batch=given[0].shape[0],
        dense=spared,
    )
    _name(network, watch)
    asked = network if run is None else partial(run, network)
    shown = copy.deepcopy(example, shadows)
    try:
        with torch.enable_grad(), fake, watch:
            asked(*shown)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ExpertError(
            f"{type(module).__name__} does not run without numbers: {str(error)[:300]}",
            hint="What is computed may depend on shapes alone; does it take this example?",
        ) from error
    is_image = given[0].dim() == 4
    return watch.record.made(
        type(module).__name__,
        places=watch.record.longest,
        example="image" if is_image else "text",
        unit=("patches" if watch.record.attends else "pixels") if is_image else "tokens",
    )


def _tensors(example: object) -> Iterator[Tensor]:
    for leaf in tree_leaves(example):
        if isinstance(leaf, Tensor):
            yield leaf
        elif is_dataclass(leaf) and not isinstance(leaf, type):
            yield from _tensors([getattr(leaf, item.name) for item in fields(leaf)])


def _shadow(tensor: Tensor, fake: FakeTensorMode) -> Tensor:
    """Return a tensor of the same shape without numbers, on a processor."""
    with fake:
        return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype)


def _shadow_of(module: nn.Module, fake: FakeTensorMode) -> nn.Module:
    """Return a copy of a module whose tensors have no numbers; none are copied on the way."""
    known: dict[int, Any] = {}
    for parameter in module.parameters():
        known[id(parameter)] = nn.Parameter(
            _shadow(parameter.detach(), fake), requires_grad=parameter.requires_grad
        )
    for buffer in module.buffers():
        known[id(buffer)] = _shadow(buffer, fake)
    return copy.deepcopy(module, known)


def _name(network: nn.Module, watch: OperationWatch) -> None:
    """Let the watch hear which module runs."""
    for name, part in network.named_modules():
        part.register_forward_pre_hook(partial(_enter, watch, name), prepend=True)
        part.register_forward_hook(partial(_leave, watch), always_call=True)


def _enter(watch: OperationWatch, name: str, *_: object) -> None:
    watch.enter(name)


def _leave(watch: OperationWatch, *_: object) -> None:
    watch.leave()
