"""Layers whose weight is there in packed form alone: they answer, and do not train."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.core.errors import ExpertError, InputError
from tidemill.sparsity import kernels
from tidemill.sparsity.convolution import packed_conv2d, places_of
from tidemill.sparsity.formcache import FormCache
from tidemill.sparsity.packed import PackedWeight
from tidemill.sparsity.plain import masked_linear
from tidemill.sparsity.products import packed_linear

__all__ = ["PackedConv2d", "PackedLinear", "joined", "packed_layer", "packed_product"]

ROWS_AT_ONCE = 256
"""Outputs of which a machine without kernels makes a matrix at a time."""


class PackedLinear(nn.Module):
    """A linear layer over a packed weight.

    Args:
        weight: Packed.
        bias: Added, or None.
        forms: Where its form is kept.
    """

    def __init__(
        self, weight: PackedWeight, bias: Float[Tensor, " outputs"] | None, forms: FormCache
    ) -> None:
        super().__init__()
        self.packed: PackedWeight = weight
        self.forms: FormCache = forms
        self.in_features: int = weight.columns
        self.out_features: int = weight.rows
        self.register_buffer("bias", bias.detach() if bias is not None else None)

    @override
    def forward(self, x: Float[Tensor, "*tokens inputs"]) -> Float[Tensor, "*tokens outputs"]:
        """Return X W^T + b."""
        return packed_product(x, self.packed, self.get_buffer("bias"), self.forms)


class PackedConv2d(nn.Module):
    """A convolution over a packed weight.

    Args:
        weight: Packed; columns are height, width and input channels of the kernel.
        bias: Added, or None.
        forms: Where its form is kept.
        kernel_size: Height and width.
        places: Stride, padding and dilation, height and width each.
    """

    def __init__(
        self,
        weight: PackedWeight,
        bias: Float[Tensor, " outputs"] | None,
        forms: FormCache,
        *,
        kernel_size: tuple[int, int],
        places: Sequence[int],
    ) -> None:
        super().__init__()
        self.packed: PackedWeight = weight
        self.forms: FormCache = forms
        self.kernel_size: tuple[int, int] = kernel_size
        self.places: tuple[int, ...] = tuple(places)
        self.register_buffer("bias", bias.detach() if bias is not None else None)

    @override
    def forward(
        self, x: Float[Tensor, "batch inputs height width"]
    ) -> Float[Tensor, "batch outputs rows columns"]:
        """Return the convolution."""
        own = self.get_buffer("bias")
        if not _has_kernels(x):
            answers = packed_product(self._patches(x), self.packed, own, self.forms)
            return answers.permute(0, 3, 1, 2)
        x, bias = _in_one_dtype(x, own)
        form, pattern = self.forms.form(self.packed, x.dtype), self.packed.pattern
        window = [*self.kernel_size, *self.places]
        shape = [form.rows, pattern.n, pattern.m]
        found: Tensor = packed_conv2d(x, form.values, form.offsets, bias, window, shape)
        return found

    def _patches(self, x: Tensor) -> Float[Tensor, "batch rows columns patch"]:
        """Put what the kernel sees at each place in a row: height, width, channel."""
        stride, padding, dilation = (self.places[at : at + 2] for at in (0, 2, 4))
        padded = functional.pad(x, (padding[1], padding[1], padding[0], padding[0]))
        places = padded.permute(0, 2, 3, 1).contiguous()
        batch, height, width, channels = places.shape
        high, wide = (
            (size - reach * (kernel - 1) - 1) // step + 1
            for size, kernel, step, reach in zip(
                (height, width), self.kernel_size, stride, dilation, strict=True
            )
        )
        rows, columns = width * channels, channels
        view = places.as_strided(
            (batch, high, wide, *self.kernel_size, channels),
            (
                height * rows,
                stride[0] * rows,
                stride[1] * columns,
                dilation[0] * rows,
                dilation[1] * columns,
                1,
            ),
        )
        return view.reshape(batch, high, wide, -1)


def packed_layer(
    layer: nn.Linear | nn.Conv2d, weight: PackedWeight, forms: FormCache
) -> PackedLinear | PackedConv2d:
    """Return what answers in a layer's place.

    Args:
        layer: Dense or sparse.
        weight: Its weight, packed.
        forms: Where its form is kept.
    """
    if isinstance(layer, nn.Linear):
        return PackedLinear(weight, layer.bias, forms)
    height, width = layer.kernel_size
    return PackedConv2d(
        weight, layer.bias, forms, kernel_size=(height, width), places=places_of(layer)
    )


def joined(layers: Sequence[PackedLinear]) -> PackedLinear:
    """Return one layer that gives the outputs of several, one after the other.

    What reads the same inputs does so once then.

    Args:
        layers: Of one pattern and the same inputs.

    Raises:
        ExpertError: They are not.
    """
    first = layers[0].packed
    if {(part.packed.pattern, part.packed.columns) for part in layers} != {
        (first.pattern, first.columns)
    }:
        raise ExpertError("layers of several patterns or inputs cannot be joined")
    kinds = [part.packed for part in layers]
    biases = [part.get_buffer("bias") for part in layers]
    bits = kinds[0].values.shape[1] * first.pattern.index_bits
    if any(part.rows * bits % 8 for part in kinds[:-1]):
        raise ExpertError("the indices of these layers do not end with a byte")
    weight = PackedWeight(
        pattern=first.pattern,
        rows=sum(part.rows for part in kinds),
        columns=first.columns,
        values=torch.cat([part.values for part in kinds]),
        indices=torch.cat([part.indices for part in kinds]),
    )
    return PackedLinear(weight, torch.cat(biases), layers[0].forms)


def packed_product(
    x: Float[Tensor, "*tokens inputs"],
    weight: PackedWeight,
    bias: Float[Tensor, " outputs"] | None,
    forms: FormCache,
) -> Float[Tensor, "*tokens outputs"]:
    """Return X W^T + b of a packed weight, by kernels where there are any.

    Args:
        x: Inputs, float32 or bfloat16.
        weight: Packed.
        bias: Added, or None.
        forms: Where the weight's form is kept.

    Raises:
        InputError: The inputs have another width.
    """
    if x.shape[-1] != weight.columns:
        raise InputError(f"inputs {tuple(x.shape)} for a weight of {weight.columns:,} columns")
    x, own = _in_one_dtype(x, bias)
    if not _has_kernels(x):
        return _in_torch(x, weight, own)
    form = forms.form(weight, x.dtype)
    if torch.compiler.is_compiling():
        shape = (weight.rows, weight.columns, weight.pattern.n, weight.pattern.m)
        found: Tensor = packed_linear(x, form.values, form.offsets, own, *shape)
        return found
    return kernels.product(x, form, own)


def _in_one_dtype(x: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Return inputs and bias as numbers of the kind in which products are made."""
    if torch.is_autocast_enabled(x.device.type):
        x = x.to(torch.get_autocast_dtype(x.device.type))
    return x, bias.to(x.dtype) if bias is not None else None


def _has_kernels(x: Tensor) -> bool:
    return x.device.type == "cpu" and kernels.available()


def _in_torch(x: Tensor, weight: PackedWeight, bias: Tensor | None) -> Tensor:
    """Make the product some rows at a time, so that the whole matrix is never there."""
    columns, values = weight.columns_kept(), weight.values.to(x.dtype)
    parts = []
    for start in range(0, weight.rows, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        chosen = columns[rows].to(x.device)
        matrix = torch.zeros(len(chosen), weight.columns, dtype=x.dtype, device=x.device)
        kept = torch.zeros(matrix.shape, dtype=torch.bool, device=x.device)
        matrix.scatter_(1, chosen, values[rows].to(x.device))
        kept.scatter_(1, chosen, value=True)
        parts.append(masked_linear(x, matrix, kept, bias[rows] if bias is not None else None))
    return torch.cat(parts, dim=-1)
