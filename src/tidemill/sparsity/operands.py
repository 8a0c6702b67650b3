"""What a layer's products are made of between two updates: made once, used many times.

An operand is a list of tensors, so that it passes through torch's operators as it is:
none for the dense weight, one for a matrix without its dropped weights, and the two of a
`Form` where kernels make the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from tidemill.sparsity import kernels
from tidemill.sparsity.bimask import BiMask
from tidemill.sparsity.kernels import Form
from tidemill.sparsity.masks import Along, Mask, Matrix
from tidemill.sparsity.plain import masked
from tidemill.sparsity.selection import chosen_mask
from tidemill.sparsity.spec import Sparsity
from tidemill.sparsity.transposable import transposable_mask

__all__ = ["Operand", "Operands"]

Operand: TypeAlias = list[Tensor]

_NATIVE = {torch.float32, torch.bfloat16}


@dataclass(slots=True, kw_only=True, eq=False)
class Operands:
    """The operands of one layer under one sparsity.

    Attributes:
        spec: How the layer is sparse.
        dtype: Of the numbers in the products.
        pays: Whether kernels are worth it for the forward product, and for the input's gradient.
        places: Of a convolution's kernel. Its forward product sums over (place, input), that of
            the input's gradient over (place, output) with the kernel turned by half a circle.
        forward: For Y = X W^T.
        backward: For dX = dY W.
        active: Whether the layer is sparse now; in dense steps it is not.
        chance: For methods that draw.
        made: How often operands were made after an update.
    """

    spec: Sparsity
    dtype: torch.dtype = torch.float32
    pays: tuple[bool, bool] = (True, True)
    places: int = 1
    active: bool = True
    forward: Operand = field(default_factory=list)
    backward: Operand = field(default_factory=list)
    chance: torch.Generator | None = None
    made: int = 0
    _made_of: tuple[int, int] | None = None
    _mask: Mask | None = None
    _backward_mask: Mask | None = None
    _forms: dict[Along, Form] = field(default_factory=dict)
    _inside: BiMask = field(default_factory=BiMask)

    @property
    def is_sparse(self) -> bool:
        """Whether the products differ from the dense layer's now."""
        return self.active and not (self.spec.rule.is_dense or self.spec.pattern.is_dense)

    @property
    def form(self) -> Form | None:
        """The forward product's form where it is all that says which weights are kept."""
        form = self._forms.get("columns")
        if self._mask is not None or form is None or not self.forward:
            return None
        return form if self.forward[0] is form.values else None

    @property
    def mask(self) -> Mask | None:
        """The forward mask, where the method has one."""
        return self._mask if self.form is None else kernels.marked(self.form)

    @property
    def bytes_held(self) -> int:
        """Bytes of both operands and the masks."""
        masks = [mask for mask in (self._mask, self._backward_mask) if mask is not None]
        held = {id(part): part for part in (*self.forward, *self.backward, *masks)}
        return sum(part.numel() * part.element_size() for part in held.values())

    def is_stale(self, weight: Tensor) -> bool:
        """Whether a weight was written, moved or replaced since operands were made of it.

        Updates that this knows of are followed by `make`; loading a state, averaging models and
        optimizers that call back in the middle of a step are not.

        Args:
            weight: The layer's parameter.
        """
        return self.is_sparse and self._made_of != _trace(weight)

    def state(self) -> dict[str, Tensor]:
        """Return masks and permutation."""
        parts = {
            "forward": self._mask,
            "backward": self._backward_mask,
            "order": self._inside.order,
            "drawn": torch.tensor(self._inside.made),
            "made": torch.tensor(self.made),
        }
        return {name: part for name, part in parts.items() if part is not None}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take up what `state` gave."""
        self._mask, self._backward_mask = state.get("forward"), state.get("backward")
        self._inside.order, self._inside.made = state.get("order"), int(state["drawn"])
        self.made = int(state["made"])

    def make(self, weight: Tensor, matrix: Matrix, *, choose: bool | None = None) -> None:
        """Make both operands of the weight as it now is.

        Args:
            weight: The layer's parameter.
            matrix: The same, outputs by inputs.
            choose: Whether masks are chosen anew; else the kept weights stay where they are.
                By default as `Sparsity.mask_interval` says.
        """
        if self.spec.rule.is_dense or self.spec.pattern.is_dense:
            return
        if choose is None:
            choose = self.made % self.spec.mask_interval == 0
            self.made += 1
        self._made_of = _trace(weight)
        # Tensors of inference mode could not be trained with afterwards.
        with torch.inference_mode(mode=False), torch.no_grad():
            self._make(_for_products(matrix), choose=choose)

    def _make(self, matrix: Matrix, *, choose: bool) -> None:
        method = self.spec.rule
        if self._is_direct(matrix):
            self._make_direct(matrix)
            return
        if choose or (self._mask is None and self._backward_mask is None):
            self._choose(matrix)
        saves_forward, saves_backward = method.saves()
        self.forward = self._of(matrix, self._mask, "columns" if saves_forward else None)
        self.backward = self._of(matrix, self._backward_mask, "rows" if saves_backward else None)

    def _is_direct(self, weight: Tensor) -> bool:
        """Whether kernels choose and copy in one pass over the weight."""
        method = self.spec.rule
        own = method.forward in {"dense", "magnitude"} and method.backward != "inside"
        return own and self.spec.mask_interval == 1 and self._uses_kernels(weight)

    def _uses_kernels(self, weight: Tensor) -> bool:
        is_native = weight.device.type == "cpu" and weight.dtype == torch.float32
        return is_native and self.dtype in _NATIVE and kernels.available()

    def _make_direct(self, weight: Tensor) -> None:
        method, pattern = self.spec.rule, self.spec.pattern
        forward_pays, backward_pays = self.pays
        if method.forward == "magnitude" and forward_pays:
            self._mask, self.forward = None, self._form(weight, "columns")
        elif method.forward == "magnitude":
            self._mask = chosen_mask(weight, pattern)
            self.forward = self._masked(weight, self._mask)
        if method.backward == "magnitude" and backward_pays:
            self.backward = self._form(weight, "rows")
        elif method.backward == "magnitude":
            self.backward = self._masked(weight, chosen_mask(weight, pattern, along="rows"))
        elif method.backward == "forward":
            own = self.form
            self.backward = (
                [kernels.pruned(weight, own).to(self.dtype)] if own is not None else self.forward
            )

    def _form(self, weight: Tensor, along: Along) -> Operand:
        is_turned = along == "rows" and self.places > 1
        form = kernels.made(
            _turned(weight, self.places) if is_turned else weight,
            self.spec.pattern,
            along="columns" if is_turned else along,
            dtype=self.dtype,
            into=self._forms.get(along),
        )
        self._forms[along] = form
        return [form.values, form.offsets]

    def _masked(self, weight: Tensor, mask: Mask) -> Operand:
        return [masked(weight, mask.to(weight.device)).to(self.dtype)]

    def _choose(self, weight: Tensor) -> None:
        method, pattern = self.spec.rule, self.spec.pattern
        if method.forward == "magnitude":
            self._mask = chosen_mask(weight, pattern)
        elif method.forward == "both":
            self._mask = transposable_mask(weight, pattern)
        if method.backward == "magnitude":
            self._backward_mask = chosen_mask(weight, pattern, along="rows")
        elif method.backward == "forward":
            self._backward_mask = self._mask
        elif method.backward == "inside" and self._mask is not None:
            self._backward_mask = self._inside.mask(weight, self._mask, pattern, self.chance)

    def _of(self, weight: Tensor, mask: Mask | None, along: Along | None) -> Operand:
        """Return what is left under a mask: as a form where groups run along the contraction."""
        if mask is None:
            return []
        pays = self.pays[along == "rows"] and self.spec.rule.backward != "inside"
        if along is None or not pays or not self._uses_kernels(weight):
            return self._masked(weight, mask)
        # What was dropped is zero, so the largest of each group are those that were kept.
        return self._form(masked(weight, mask), along)


def _turned(matrix: Matrix, places: int) -> Matrix:
    """Return inputs by (place, output), the places in reverse order, of outputs by (place, input).

    In two steps: torch turns a whole matrix fast, and then copies whole lines.
    """
    lines = matrix.T.contiguous().view(places, -1, len(matrix))
    return lines.flip(0).transpose(0, 1).reshape(-1, places * len(matrix))


def _for_products(matrix: Matrix) -> Matrix:
    """Return a weight as masks and forms are made of it; halves are widened exactly."""
    own = matrix.detach()
    return (own if own.dtype == torch.float64 else own.float()).contiguous()


def _trace(weight: Tensor) -> tuple[int, int]:
    """Return what changes whenever a weight is written, moved or replaced."""
    # Tensors of inference mode keep no count; they are not trained either.
    version = 0 if weight.is_inference() else weight._version  # noqa: SLF001  torch has no other
    return version, weight.data_ptr()
