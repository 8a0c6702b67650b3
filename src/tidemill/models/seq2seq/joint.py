"""Linear layers over the same inputs, which are one product where they are packed."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from tidemill.sparsity.packed_layers import PackedLinear, joined

__all__ = ["join_packed", "outputs_of"]


def outputs_of(
    part: nn.Module, names: Sequence[str], hidden: Float[Tensor, "*places inputs"]
) -> Sequence[Float[Tensor, "*places outputs"]]:
    """Return the outputs of some layers of a part.

    Args:
        part: Has the layers under their names, or all of them as ``joint``.
        names: Of layers of as many outputs each.
        hidden: What all of them read.
    """
    joint = getattr(part, "joint", None)
    if joint is not None:
        return joint(hidden).chunk(len(names), dim=-1)  # type: ignore[no-any-return]
    return [part.get_submodule(name)(hidden) for name in names]


def join_packed(part: nn.Module, names: Sequence[str]) -> None:
    """Make some layers of a part its ``joint``, if all of them are packed.

    Args:
        part: Has the layers under their names.
        names: Of layers of as many outputs each.
    """
    layers = [part.get_submodule(name) for name in names]
    packed = [layer for layer in layers if isinstance(layer, PackedLinear)]
    if len(packed) == len(layers) > 1:
        part.joint = joined(packed)
        for name in names:
            delattr(part, name)
