"""Any torch model becomes a sparse one in place, and back."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tidemill.core.clock import Clock, SystemClock
from tidemill.sparsity import kernels
from tidemill.sparsity.convolution import SparseConv2d, as_weight
from tidemill.sparsity.layers import chosen_layers
from tidemill.sparsity.linear import SparseLinear
from tidemill.sparsity.masks import Mask
from tidemill.sparsity.operands import Operands
from tidemill.sparsity.spec import Sparsity

__all__ = ["Sparsifier", "desparsify", "sparsify"]

SparseLayer = SparseLinear | SparseConv2d

UPDATES = "updates"
CHANCE = "chance"


class Sparsifier:
    """The sparse layers of a model: makes their operands once an update.

    Args:
        layers: By name.
        spec: How they are sparse.
        chance: For methods that draw.
        clock: For what it costs.

    Attributes:
        seconds: Time that masks and operands took so far.
        updates: How often they were made.
    """

    def __init__(
        self,
        layers: Mapping[str, SparseLayer],
        spec: Sparsity,
        *,
        chance: torch.Generator | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.layers: Mapping[str, SparseLayer] = layers
        self.spec: Sparsity = spec
        self.seconds: float = 0.0
        self.updates: int = 0
        self._chance = chance
        self._clock = clock or SystemClock()
        self._former: dict[str, Mask] | None = None

    @property
    def bytes_held(self) -> int:
        """Bytes of operands and masks, besides the dense weights."""
        return sum(layer.operands.bytes_held for layer in self.layers.values())

    @property
    def is_sparse_in_the_end(self) -> bool:
        """Whether the trained model answers with its kept weights alone."""
        return self.spec.rule.forward != "dense" and not self.spec.dense_finish

    def make(self, *, changed_only: bool = False) -> None:
        """Choose masks and make operands of the weights as they now are.

        Args:
            changed_only: Whether layers that the last update left alone are passed over.
        """
        begun = self._clock.monotonic()
        choose = self.updates % self.spec.mask_interval == 0
        with torch.no_grad():
            for layer in self.layers.values():
                was_updated = not changed_only or layer.weight.grad is not None
                if layer.operands.is_sparse and was_updated:
                    layer.operands.make(layer.matrix(), self._chance, choose=choose)
        self.updates += 1
        self.seconds += self._clock.monotonic() - begun

    def decay(self) -> None:
        """Add to the gradient of each dropped weight a share of that weight (SR-STE).

        Zhou et al. 2021, equation 9, with the forward mask.
        """
        if not self.spec.rule.decays or not self.spec.decay:
            return
        for layer in self.layers.values():
            own, gradient = layer.operands, layer.weight.grad
            if own.is_sparse and own.mask is not None and gradient is not None:
                _decay(layer, gradient, own.mask, self.spec.decay)

    def attach(self, optimizer: torch.optim.Optimizer) -> None:
        """Let every update of an optimizer be followed by new operands.

        Args:
            optimizer: Over the model's parameters.
        """
        optimizer.register_step_pre_hook(self._before)
        optimizer.register_step_post_hook(self._after)

    def be_dense(self, *, dense: bool) -> None:
        """Let the layers be dense for a while, or sparse again.

        Args:
            dense: Which of them.
        """
        changed = [layer for layer in self.layers.values() if layer.operands.active == dense]
        for layer in changed:
            layer.operands.active = not dense
        if changed and not dense:
            self.make()

    def state(self) -> dict[str, Tensor]:
        """Return what does not follow from the weights, for a checkpoint.

        Nothing does where masks are chosen by magnitude after every update.
        """
        if self.spec.mask_interval == 1 and self.spec.rule.backward != "inside":
            return {}
        found = {UPDATES: torch.tensor(self.updates)}
        if self._chance is not None:
            found[CHANCE] = self._chance.get_state()
        for name, layer in self.layers.items():
            found |= {f"{name}:{key}": part for key, part in layer.operands.state().items()}
        return found

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a checkpoint, whose weights are loaded already.

        Args:
            state: From `state`.
        """
        if not state:
            self.make()
            return
        self.updates = int(state[UPDATES])
        if self._chance is not None:
            self._chance.set_state(state[CHANCE])
        for name, layer in self.layers.items():
            prefix = f"{name}:"
            own = {
                key.removeprefix(prefix): x for key, x in state.items() if key.startswith(prefix)
            }
            layer.operands.restore(own)
            layer.operands.make(layer.matrix(), choose=False)

    def flips(self) -> float | None:
        """Return the share of forward mask entries that changed since this was last asked.

        Returns:
            0 to 1; None at first, and where the method has no forward masks.
        """
        now = {
            name: layer.operands.mask.clone()
            for name, layer in self.layers.items()
            if layer.operands.mask is not None
        }
        former, self._former = self._former, now
        if not former or not now:
            return None
        changed = sum(int((mask ^ former[name]).sum()) for name, mask in now.items())
        return changed / sum(mask.numel() for mask in now.values())

    def _before(self, *_: Any) -> None:
        with torch.no_grad():
            self.decay()

    def _after(self, *_: Any) -> None:
        self.make(changed_only=True)


def sparsify(
    model: nn.Module,
    spec: Sparsity,
    *,
    exempt: Iterable[str] | None = None,
    dtype: torch.dtype = torch.float32,
    chance: torch.Generator | None = None,
) -> Sparsifier:
    """Make the linear layers and convolutions of a model sparse, in place.

    Parameters keep their names and identity, so that an optimizer may be there before or after.

    Args:
        model: Any module; its root itself is not replaced.
        spec: Pattern, method and options.
        exempt: Layers that stay dense; see `chosen_layers` for the default.
        dtype: Of the numbers in the products, float32 or bfloat16.
        chance: For methods that draw.

    Returns:
        What makes the operands: attach it to the optimizer.

    Raises:
        SettingError: A layer cannot be sparse; nothing was changed.
    """
    chosen = chosen_layers(model, spec, exempt)
    layers: dict[str, SparseLayer] = {}
    for name, layer in chosen.items():
        is_linear = isinstance(layer, nn.Linear)
        operands = Operands(spec=spec, dtype=dtype, with_kernels=is_linear)
        layers[name] = (
            SparseLinear(layer, operands)
            if isinstance(layer, nn.Linear)
            else SparseConv2d(layer, operands)
        )
        model.set_submodule(name, layers[name])
    made = Sparsifier(layers, spec, chance=chance)
    made.make()
    return made


def desparsify(model: nn.Module) -> None:
    """Make every sparse layer of a model a dense one again, in place, over the same parameters."""
    for name, layer in list(sparse_layers(model)):
        model.set_submodule(name, layer.dense())


def sparse_layers(model: nn.Module) -> Iterator[tuple[str, SparseLayer]]:
    """Yield the sparse layers of a model by name."""
    for name, part in model.named_modules():
        if isinstance(part, SparseLinear | SparseConv2d):
            yield name, part


def _decay(layer: SparseLayer, gradient: Tensor, mask: Mask, decay: float) -> None:
    if isinstance(layer, SparseLinear) and gradient.device.type == "cpu" and kernels.available():
        kernels.decayed(gradient, layer.weight, mask.view(torch.uint8), decay)
        return
    dropped = torch.where(mask, 0.0, layer.matrix())
    is_linear = isinstance(layer, SparseLinear)
    gradient.add_(dropped if is_linear else as_weight(dropped, layer.weight), alpha=decay)
