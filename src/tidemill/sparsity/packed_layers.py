"""Layers whose weight is there in packed form alone: they answer, and do not train."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.core.errors import ExpertError, InputError
from tidemill.sparsity import kernels
from tidemill.sparsity.chain import Dense
from tidemill.sparsity.convolution import packed_conv2d, places_of
from tidemill.sparsity.formcache import FormCache
from tidemill.sparsity.packed import PackedWeight, indices_of
from tidemill.sparsity.plain import masked_linear
from tidemill.sparsity.products import packed_linear
from tidemill.sparsity.window import Window

__all__ = [
    "PackedConv2d",
    "PackedLayer",
    "PackedLinear",
    "joined",
    "joined_bias",
    "joined_weight",
    "packed_layer",
    "packed_product",
    "packed_state",
]

ROWS_AT_ONCE = 256
"""Outputs of which a machine without kernels makes a matrix at a time."""


class PackedLayer(nn.Module):
    """A layer over a packed weight, whose parts are kept in its state.

    Attributes:
        sources: The names of the layers that it stands for, where somebody has told it.

    Args:
        weight: Packed.
        bias: Added, or None.
        forms: Where its form is kept.
    """

    def __init__(
        self, weight: PackedWeight, bias: Float[Tensor, " outputs"] | None, forms: FormCache
    ) -> None:
        super().__init__()
        self.sources: tuple[str, ...] = ()
        self.packed: PackedWeight = weight
        self.forms: FormCache = forms
        self.register_buffer("bias", bias.detach() if bias is not None else None)

    def take(self, weight: PackedWeight, bias: Tensor | None, forms: FormCache) -> None:
        """Answer with another weight from now on.

        Args:
            weight: Of the same pattern and size.
            bias: Added, or None.
            forms: Where its form is kept.
        """
        own = vars(self)  # past `Module.__setattr__`: switches between experts do this
        own["packed"], own["forms"], own["_buffers"]["bias"] = weight, forms, bias

    @override
    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination.update(packed_state(prefix, self.packed))

    @override
    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        wanted = packed_state(prefix, self.packed)
        others = {name: part for name, part in state_dict.items() if name not in wanted}
        super()._load_from_state_dict(
            others, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        absent = [name for name in wanted if name not in state_dict]
        missing_keys.extend(absent)
        if absent:
            return
        copy = not local_metadata.get("assign_to_params_buffers", False)
        parts = [
            state_dict[name].detach().to(own.device, own.dtype, copy=copy)
            for name, own in wanted.items()
        ]
        # No buffers: forms are known by the weight they are made of, so a weight is replaced whole.
        former = self.packed
        try:
            self.packed = replace(former, values=parts[0], indices=parts[1])
        except ExpertError as error:
            error_msgs.append(f"{prefix.removesuffix('.')}: {error}")
        else:
            self.forms.drop(former)


def packed_state(prefix: str, weight: PackedWeight) -> dict[str, Tensor]:
    """Return the parts of a packed weight as a layer's state names them.

    Args:
        prefix: The layer's name and a dot.
        weight: Its weight.
    """
    return {f"{prefix}packed_values": weight.values, f"{prefix}packed_indices": weight.indices}


class PackedLinear(PackedLayer):
    """A linear layer over a packed weight."""

    @property
    def in_features(self) -> int:
        """Inputs, as `nn.Linear` calls them."""
        return self.packed.columns

    @property
    def out_features(self) -> int:
        """Outputs."""
        return self.packed.rows

    def dense(self) -> Dense:
        """Return what a chain takes of it, with the form of its weight in fp32."""
        form = self.forms.form(self.packed, torch.float32)
        return Dense(form=form, bias=self._buffers["bias"])

    @override
    def forward(self, x: Float[Tensor, "*tokens inputs"]) -> Float[Tensor, "*tokens outputs"]:
        """Return X W^T + b."""
        return packed_product(x, self.packed, self.get_buffer("bias"), self.forms)


class PackedConv2d(PackedLayer):
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
        super().__init__(weight, bias, forms)
        self.kernel_size: tuple[int, int] = kernel_size
        self.places: tuple[int, ...] = tuple(places)

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
        window, shape = [*self.kernel_size, *self.places], [form.rows, pattern.n, pattern.m]
        found: Tensor = packed_conv2d(x, form.values, form.offsets, bias, window, shape)
        return found

    def _patches(self, x: Tensor) -> Float[Tensor, "batch rows columns patch"]:
        """Put what the kernel sees at each place in a row: height, width, channel."""
        window = Window.of(self.kernel_size, self.places)
        stride, padding, dilation = window.stride, window.padding, window.dilation
        high, wide = window.outputs(*x.shape[2:])
        padded = functional.pad(x, (padding[1], padding[1], padding[0], padding[0]))
        places = padded.permute(0, 2, 3, 1).contiguous()
        batch, height, width, channels = places.shape
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
    weight = joined_weight([layer.packed for layer in layers])
    bias = joined_bias([dict(layer.named_buffers()).get("bias") for layer in layers])
    found = PackedLinear(weight, bias, layers[0].forms)
    found.sources = tuple(source for layer in layers for source in layer.sources)
    return found


def joined_weight(weights: Sequence[PackedWeight]) -> PackedWeight:
    """Return the rows of several weights as one, itself where there is but one.

    Args:
        weights: Of one pattern and the same inputs.

    Raises:
        ExpertError: They are not.
    """
    first = weights[0]
    if len(weights) == 1:
        return first
    if {(part.pattern, part.columns) for part in weights} != {(first.pattern, first.columns)}:
        raise ExpertError("layers of several patterns or inputs cannot be joined")
    return PackedWeight(
        pattern=first.pattern,
        rows=sum(part.rows for part in weights),
        columns=first.columns,
        values=torch.cat([part.values for part in weights]),
        indices=_joined_indices(weights),
    )


def joined_bias(biases: Sequence[Tensor | None]) -> Tensor | None:
    """Return several biases as one; None where none is added.

    Raises:
        ExpertError: Some are there, and some are not.
    """
    there = [bias for bias in biases if bias is not None]
    if 0 < len(there) < len(biases):
        raise ExpertError("some of these layers add a bias, and some do not")
    if not there:
        return None
    return there[0] if len(there) == 1 else torch.cat(there)


def _joined_indices(weights: Sequence[PackedWeight]) -> Tensor:
    pattern = weights[0].pattern
    if all(part.values.numel() * pattern.index_bits % 8 == 0 for part in weights[:-1]):
        return torch.cat([part.indices for part in weights])
    # Some end within a byte, so the stream is made anew: a dozen times as slow.
    return indices_of(torch.cat([part.places() for part in weights]), pattern)


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
