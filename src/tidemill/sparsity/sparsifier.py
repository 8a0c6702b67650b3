"""Any torch model becomes a sparse one in place, and back."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn

from tidemill.core.clock import Clock, SystemClock
from tidemill.sparsity import kernels
from tidemill.sparsity.convolution import SparseConv2d, as_weight
from tidemill.sparsity.layers import chosen_layers, leave_fast_paths
from tidemill.sparsity.linear import SparseLinear
from tidemill.sparsity.operands import Operands
from tidemill.sparsity.spec import Sparsity

__all__ = ["Sparsifier", "desparsify", "sparsify"]

SparseLayer = SparseLinear | SparseConv2d

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
        self._former: dict[str, Tensor] | None = None
        self._attached: WeakSet[torch.optim.Optimizer] = WeakSet()

    @property
    def bytes_held(self) -> int:
        """Bytes of operands and masks, besides the dense weights."""
        return sum(layer.operands.bytes_held for layer in self.layers.values())

    def make(self, *, choose: bool | None = None) -> None:
        """Make the operands of every sparse layer's weight as it now is.

        Args:
            choose: Whether masks are chosen anew; by default as the mask interval says.
        """
        self._make(self.layers.values(), choose=choose)

    def _make(self, layers: Iterable[SparseLayer], *, choose: bool | None = None) -> None:
        begun = self._clock.monotonic()
        chosen = [layer for layer in layers if layer.operands.is_sparse]
        for layer in chosen:
            layer.operands.make(layer.weight, layer.matrix(), choose=choose)
        self.updates += bool(chosen)
        self.seconds += self._clock.monotonic() - begun

    def attach(self, optimizer: torch.optim.Optimizer) -> None:
        """Let every update of an optimizer be followed by new operands.

        Args:
            optimizer: Over the model's parameters, or some of them; a second call changes
                nothing.
        """
        if optimizer not in self._attached:
            self._attached.add(optimizer)
            optimizer.register_step_pre_hook(self._before)
            optimizer.register_step_post_hook(self._after)

    def be_dense(self, *, dense: bool) -> None:
        """Let the layers be dense for a while, or sparse again, with masks chosen anew.

        Args:
            dense: Which of them.
        """
        changed = [layer for layer in self.layers.values() if layer.operands.active == dense]
        for layer in changed:
            layer.operands.active = not dense
        if changed and not dense:
            self.make(choose=True)

    def state(self) -> dict[str, Tensor]:
        """Return what does not follow from the weights, for a checkpoint.

        Nothing does where masks are chosen by magnitude after every update.
        """
        if self.spec.mask_interval == 1 and self.spec.rule.backward != "inside":
            return {}
        found = {} if self._chance is None else {CHANCE: self._chance.get_state()}
        for name, layer in self.layers.items():
            found |= {f"{name}:{key}": part for key, part in layer.operands.state().items()}
        return found

    def restore(self, state: Mapping[str, Tensor], *, dense: bool = False) -> None:
        """Go on from a checkpoint, whose weights are loaded already.

        Args:
            state: From `state`.
            dense: Whether the layers were dense then.
        """
        if state and self._chance is not None:
            self._chance.set_state(state[CHANCE])
        for name, layer in self.layers.items():
            layer.operands.active = not dense
            if state:
                layer.operands.restore(_under(f"{name}:", state))
            if layer.operands.is_sparse:
                layer.operands.make(layer.weight, layer.matrix(), choose=not state)

    def flips(self) -> float | None:
        """Return the share of forward mask entries that changed since this was last asked.

        Returns:
            0 to 1; None at first, and where the method has no forward masks.
        """
        masks = {name: layer.operands.mask for name, layer in self.layers.items()}
        now = {name: mask for name, mask in masks.items() if mask is not None}
        former, self._former = self._former, now
        if not former or not now:
            return None
        changed = sum(int((mask ^ former[name]).sum()) for name, mask in now.items())
        return changed / sum(mask.numel() for mask in now.values())

    def decay(self, weights: Iterable[Tensor]) -> None:
        """Add to the gradient of each dropped weight a share of that weight (SR-STE).

        Zhou et al. 2021, equation 9, with the forward mask.

        Args:
            weights: Those that are about to be updated.
        """
        if not self.spec.rule.decays or not self.spec.decay:
            return
        wanted = {id(weight) for weight in weights}
        with torch.no_grad():
            for layer in self.layers.values():
                gradient = layer.weight.grad
                is_meant = layer.operands.is_sparse and id(layer.weight) in wanted
                if is_meant and gradient is not None:
                    _decay(layer, gradient, self.spec.decay)

    def _before(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> Any:
        """Let gradients decay before the update; those of a closure once it has made them."""
        weights = [part for group in optimizer.param_groups for part in group["params"]]
        # The optimizer is itself the first of the arguments.
        closure = kwargs.get("closure") or (args[1] if len(args) > 1 else None)
        if closure is None:
            self.decay(weights)
            return None

        def decaying() -> Any:
            loss = closure()
            self.decay(weights)
            return loss

        return args[:1], {**kwargs, "closure": decaying}

    def _after(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """Make the operands of what an update changed."""
        # A fused update leaves no trace in a tensor's version, so nobody is asked about that.
        updated = {
            id(part)
            for group in optimizer.param_groups
            for part in group["params"]
            if part.grad is not None
        }
        self._make(layer for layer in self.layers.values() if id(layer.weight) in updated)


def sparsify(
    model: nn.Module,
    spec: Sparsity,
    *,
    exempt: Iterable[str] | None = None,
    dtype: torch.dtype | None = None,
    chance: torch.Generator | None = None,
) -> Sparsifier:
    """Make the linear layers and convolutions of a model sparse, in place.

    Parameters keep their names and identity, so that an optimizer may be there before or after.

    Args:
        model: Any module; its root itself is not replaced.
        spec: Pattern, method and options.
        exempt: Layers that stay dense; see `chosen_layers` for the default.
        dtype: Of the numbers in the products; by default that of each weight. Under autocast
            too, products are made in it.
        chance: For methods that draw.

    Returns:
        What makes the operands: attach it to the optimizer.

    Raises:
        SettingError: A layer cannot be sparse; nothing was changed.
    """
    layers: dict[str, SparseLayer] = {}
    for name, layer in chosen_layers(model, spec, exempt).items():
        numbers = layer.weight.dtype if dtype is None else dtype
        operands = Operands(spec=spec, dtype=numbers, chance=chance)
        layers[name] = (
            SparseLinear(layer, operands)
            if isinstance(layer, nn.Linear)
            else SparseConv2d(layer, operands)
        )
    made = Sparsifier(layers, spec, chance=chance)
    made.make()
    for name, sparse in layers.items():
        model.set_submodule(name, sparse)
    leave_fast_paths(model)
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


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): part for key, part in state.items() if key.startswith(prefix)}


def _decay(layer: SparseLayer, gradient: Tensor, decay: float) -> None:
    """Add a share of each dropped weight to its gradient; a form says which those are."""
    own, matrix, is_linear = layer.operands, layer.matrix(), isinstance(layer, SparseLinear)
    if own.form is not None and matrix.device.type == gradient.device.type == "cpu":
        weight = matrix.float().contiguous()
        is_direct = is_linear and gradient.dtype == torch.float32 and gradient.is_contiguous()
        added = gradient if is_direct else torch.zeros_like(weight)
        kernels.decayed(added, weight, own.form, decay)
        if not is_direct:
            gradient.add_(added if is_linear else as_weight(added, layer.weight))
    elif (mask := own.mask) is not None:
        added = matrix.masked_fill(mask.to(matrix.device), 0.0)
        gradient.add_(added if is_linear else as_weight(added, layer.weight), alpha=decay)
