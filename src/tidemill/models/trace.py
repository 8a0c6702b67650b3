"""The layers of a torch module, as `shapes` gives them for a config.

The order is that in which parts were registered, which is the order in which well-kept modules
run them; nothing is computed.
"""

from collections.abc import Collection, Iterator
from math import prod

from torch import nn

from tidemill.core.errors import ExpertError
from tidemill.models.shapes import LayerShape

__all__ = ["trace"]

ATTENTION = frozenset({"query", "key", "value"})
"""A module with these three linear maps mixes places with each other."""


def trace(module: nn.Module, *, dense: Collection[str] = ()) -> Iterator[LayerShape]:
    """Yield the layers of a module in order.

    Args:
        module: Of linear maps, embeddings, layer norms, and modules made of them. Attention
            is known by its maps ``query``, ``key`` and ``value``.
        dense: Names of linear maps that N:M sparsity is not for.

    Raises:
        ExpertError: A part has weights, and is none of these.
    """
    yield from _layers(module, "", frozenset(dense))


def _layers(module: nn.Module, name: str, dense: frozenset[str]) -> Iterator[LayerShape]:
    if isinstance(module, nn.Linear | nn.Embedding | nn.EmbeddingBag | nn.LayerNorm):
        yield _layer(module, name, dense)
        return
    if any(True for _ in module.parameters(recurse=False)):
        raise ExpertError(f"{name or 'the module'}: {type(module).__name__} is no known layer")
    parts = dict(module.named_children())
    for part, child in parts.items():
        yield from _layers(child, f"{name}.{part}" if name else part, dense)
    value = parts.get("value")
    if parts.keys() >= ATTENTION and isinstance(value, nn.Linear):
        yield LayerShape(
            name=name, kind="attention", inputs=value.in_features, outputs=value.out_features
        )


def _layer(
    module: nn.Linear | nn.Embedding | nn.EmbeddingBag | nn.LayerNorm,
    name: str,
    dense: frozenset[str],
) -> LayerShape:
    if isinstance(module, nn.Linear):
        return LayerShape(
            name=name,
            kind="linear",
            inputs=module.in_features,
            outputs=module.out_features,
            bias=module.bias is not None,
            sparsifiable=name not in dense,
        )
    if isinstance(module, nn.LayerNorm):
        width = prod(module.normalized_shape)
        return LayerShape(name=name, kind="norm", inputs=width, outputs=width)
    rows, width = module.num_embeddings, module.embedding_dim
    return LayerShape(name=name, kind="embedding", inputs=rows, outputs=width)
