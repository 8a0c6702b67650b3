"""A convolution that trains with N:M sparsity, its groups along the channels.

The weight is looked at as a matrix: outputs by (height, width, input channels), so that M
consecutive columns are channels of one place of the kernel. Groups for the input's gradient run
along the output channels. At a stride of 1 that gradient is a convolution too: of the output's
gradient, with the kernel turned by half a circle, and inputs and outputs changed over.

Kernels read images in torch's ``channels_last``; others are copied into it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.sparsity import kernels
from tidemill.sparsity.kernels import Form
from tidemill.sparsity.linear import in_dtype_of
from tidemill.sparsity.masks import Matrix
from tidemill.sparsity.operands import Operands
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.plain import pruned_gradient
from tidemill.sparsity.window import Window

__all__ = [
    "SparseConv2d",
    "as_matrix",
    "as_weight",
    "kernels_pay",
    "packed_conv2d",
    "places_of",
    "sparse_conv2d",
]


def as_matrix(weight: Tensor) -> Matrix:
    """Return a weight [outputs, inputs, height, width] as outputs by (height, width, inputs)."""
    return weight.permute(0, 2, 3, 1).reshape(len(weight), -1)


def as_weight(matrix: Matrix, like: Tensor) -> Tensor:
    """Return such a matrix as a weight of another's shape."""
    outputs, inputs, height, width = like.shape
    return matrix.view(outputs, height, width, inputs).permute(0, 3, 1, 2)


def places_of(layer: nn.Conv2d) -> list[int]:
    """Return stride, padding and dilation of a convolution, height and width each."""
    padding = layer.padding
    if isinstance(padding, str):
        # torch lets "same" stand for odd kernels with a stride of 1.
        reach = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        padding = tuple(0 if padding == "valid" else width // 2 for width in reach)
    return [*layer.stride, *padding, *layer.dilation]


TURNING = {torch.float32: 12.0, torch.bfloat16: 14.0}
"""Output channels of a dense convolution that cost what turning a kernel's activations does."""

SLOWNESS = {torch.float32: 1.25, torch.bfloat16: 1.7}
"""Time of a kernel's multiply-add, in those of a dense convolution."""

WORTHWHILE = 1.2
"""How much faster a kernel has to be: small images gain less, since torch skips their borders."""


def kernels_pay(outputs: int, density: float, dtype: torch.dtype) -> bool:
    """Say whether kernels are faster than torch's dense convolution with masked weights.

    Activations are turned once for all outputs, so that many are needed: in float32 about 24 at
    2:8 and 58 at 2:4; in bfloat16 35 at 2:8, and 2:4 never pays. The two figures above were
    fitted to what benches/nm_convolution.py measures in one thread of a processor with AVX-512.

    Args:
        outputs: Channels that come out: for the input's gradient, the inputs.
        density: Share of the weights that is kept.
        dtype: Of the numbers in the product.
    """
    if dtype not in TURNING:
        return False
    return outputs > WORTHWHILE * (TURNING[dtype] + SLOWNESS[dtype] * density * outputs)


class SparseConv2d(nn.Conv2d):
    """A convolution over the parameters of another, made of sparse operands.

    Args:
        convolution: The layer whose parameters are shared; without groups, padded with zeros.
        operands: What the products are made of; kernels make those for which that pays.
    """

    def __init__(self, convolution: nn.Conv2d, operands: Operands) -> None:
        nn.Module.__init__(self)
        self.__dict__.update({name: getattr(convolution, name) for name in nn.Conv2d.__constants__})
        self._reversed_padding_repeated_twice = convolution._reversed_padding_repeated_twice  # noqa: SLF001
        self.weight: Tensor = convolution.weight
        self.bias: Tensor | None = convolution.bias
        window = Window.of(self.weight.shape[2:], places_of(self))
        forward, backward = (
            kernels_pay(channels, operands.spec.pattern.density, operands.dtype)
            for channels in self.weight.shape[:2]
        )
        self.operands: Operands = replace(
            operands,
            pays=(forward, backward and window.can_turn),
            places=window.area,
        )
        self.train(convolution.training)

    def matrix(self) -> Matrix:
        """Return the weight with the contraction along its columns."""
        return as_matrix(self.weight)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution."""
        own = self.operands
        if not own.is_sparse:
            return super().forward(input)
        if not torch.compiler.is_compiling() and own.is_stale(self.weight):
            own.make(self.weight, self.matrix(), choose=True)
        # The operands have the numbers that products are made in; casting anew would part them.
        with torch.autocast(input.device.type, enabled=False):
            found: Tensor = sparse_conv2d(
                input.to(own.dtype),
                self.weight,
                self.bias,
                own.forward,
                own.backward,
                places_of(self),
                [own.spec.pattern.n, own.spec.pattern.m],
                own.spec.rule.prunes_gradient,
            )
        return in_dtype_of(found, input)

    def dense(self) -> nn.Conv2d:
        """Return the dense layer over the same parameters."""
        made = nn.Conv2d(
            self.in_channels,
            self.out_channels,
            self.kernel_size,  # type: ignore[arg-type]
            stride=self.stride,  # type: ignore[arg-type]
            padding=self.padding,  # type: ignore[arg-type]
            dilation=self.dilation,  # type: ignore[arg-type]
            bias=self.bias is not None,
            device="meta",
        )
        made.weight, made.bias = self.weight, self.bias
        return made.train(self.training)


@torch.library.custom_op("tidemill::sparse_conv2d", mutates_args=())
def sparse_conv2d(  # noqa: PLR0913, PLR0917  an operator takes values by place
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    forward: Sequence[Tensor],
    backward: Sequence[Tensor],
    places: Sequence[int],
    pattern: Sequence[int],
    prunes: bool,
) -> Tensor:
    """Return a convolution of which forward and input's gradient are made of sparse operands.

    Args:
        x: Inputs [batch, channels, height, width]; their dtype is that of the products.
        weight: The dense weight, which gets a dense gradient.
        bias: Added.
        forward: The matrix of the forward product, or nothing for the dense weight.
        backward: That of the input's gradient.
        places: Stride, padding and dilation.
        pattern: N and M.
        prunes: Whether the gradient is pruned N:M before the input's is made.
    """
    del backward, prunes
    own = bias.to(x.dtype) if bias is not None else None
    memory_format = _format_of(x, weight)
    if _is_form(forward):
        window = Window.of(weight.shape[2:], places)
        found = _with_form(x, forward, own, window, shape=(len(weight), *pattern))
        return found.contiguous(memory_format=memory_format)
    chosen = _weight_of(forward, weight, x.dtype).contiguous(memory_format=memory_format)
    return functional.conv2d(x, chosen, own, places[:2], places[2:4], places[4:6])


@sparse_conv2d.register_fake
def _(x: Tensor, weight: Tensor, bias: Tensor | None, *rest: Any) -> Tensor:
    forward, places = rest[0], rest[2]
    if _is_form(forward):
        size = Window.of(weight.shape[2:], places).outputs(*x.shape[2:])
        found = x.new_empty((len(x), len(weight), *size))
        return found.contiguous(memory_format=_format_of(x, weight))
    own = bias.to(x.dtype) if bias is not None else None
    return functional.conv2d(x, weight.to(x.dtype), own, places[:2], places[2:4], places[4:6])


@torch.library.custom_op("tidemill::packed_conv2d", mutates_args=())
def packed_conv2d(  # noqa: PLR0917  an operator takes values by place
    x: Tensor,
    values: Tensor,
    offsets: Tensor,
    bias: Tensor | None,
    window: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Return a convolution of a weight that is there as a kernel's form alone; has no gradient.

    Args:
        x: Inputs [batch, channels, height, width].
        values: Of the form.
        offsets: Of the form.
        bias: Added.
        window: Kernel, stride, padding and dilation, height and width each.
        shape: Output channels, N and M.
    """
    seen = Window.of(window[:2], window[2:])
    return _with_form(x, (values, offsets), bias, seen, shape=shape)


@packed_conv2d.register_fake
def _(x: Tensor, *rest: Any) -> Tensor:
    window, shape = rest[3], rest[4]
    size = Window.of(window[:2], window[2:]).outputs(*x.shape[2:])
    return x.new_empty((len(x), *size, shape[0])).permute(0, 3, 1, 2)


def _is_form(operand: Sequence[Tensor]) -> bool:
    return len(operand) == len(("values", "offsets"))


def _with_form(
    x: Tensor,
    parts: Sequence[Tensor],
    bias: Tensor | None,
    window: Window,
    *,
    shape: Sequence[int],
) -> Tensor:
    rows, n, m = shape
    values, offsets = parts
    columns = x.shape[1] * window.area
    pattern = NMPattern(n, m)
    form = Form(pattern=pattern, rows=rows, columns=columns, values=values, offsets=offsets)
    return kernels.convolved(x, form, window, bias)


def _format_of(*parts: Tensor) -> torch.memory_format:
    """Return how torch's convolution lays out what it makes of these."""
    for part in parts:
        is_last = part.is_contiguous(memory_format=torch.channels_last)
        if is_last and not part.is_contiguous():
            return torch.channels_last
    return torch.contiguous_format


def _weight_of(operand: Sequence[Tensor], weight: Tensor, dtype: torch.dtype) -> Tensor:
    return as_weight(operand[0], weight) if operand else weight.to(dtype)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG001
    x, weight, bias, forward, backward, places, pattern, prunes = inputs
    ctx.save_for_backward(x, weight, *backward)
    ctx.places, ctx.pattern, ctx.prunes = places, NMPattern(*pattern), prunes
    ctx.bias_dtype = bias.dtype if bias is not None else None
    ctx.forward_length = len(forward)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
    x, weight, *backward = ctx.saved_tensors
    wanted = ctx.needs_input_grad
    for_x = for_weight = for_bias = None
    if wanted[0]:
        pruned = _pruned(gradient, ctx.pattern) if ctx.prunes else gradient
        for_x = _for_input(ctx, pruned)
    if wanted[1]:
        # Neither side is pruned: every weight learns, the dropped ones as well.
        chosen = weight.to(x.dtype)
        found = _gradients(gradient, x, chosen, ctx.places, which=(False, True))[1]
        for_weight = found.to(weight.dtype)
    if ctx.bias_dtype is not None and wanted[2]:
        for_bias = gradient.sum(dim=(0, 2, 3)).to(ctx.bias_dtype)
    lists = ([None] * ctx.forward_length, [None] * len(backward))
    return (for_x, for_weight, for_bias, *lists, None, None, None)


sparse_conv2d.register_autograd(_backward, setup_context=_setup)


def _for_input(ctx: Any, gradient: Tensor) -> Tensor:
    x, weight, *backward = ctx.saved_tensors
    if not _is_form(backward):
        chosen = _weight_of(backward, weight, x.dtype)
        return _gradients(gradient, x, chosen, ctx.places, which=(True, False))[0]
    turned = Window.of(weight.shape[2:], ctx.places).turned()
    window = [*turned.kernel, *turned.stride, *turned.padding, *turned.dilation]
    shape = [x.shape[1], ctx.pattern.n, ctx.pattern.m]
    found: Tensor = packed_conv2d(gradient, *backward, None, window, shape)
    return found.contiguous(memory_format=_format_of(x, weight))


def _gradients(
    gradient: Tensor, x: Tensor, weight: Tensor, places: Sequence[int], *, which: tuple[bool, bool]
) -> tuple[Tensor, Tensor]:
    found: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.convolution_backward(
        gradient,
        x,
        weight,
        None,
        places[:2],
        places[2:4],
        places[4:6],
        transposed=False,
        output_padding=[0, 0],
        groups=1,
        output_mask=[*which, False],
    )
    return found[0], found[1]


def _pruned(gradient: Tensor, pattern: NMPattern) -> Tensor:
    """Prune a gradient along the output channels."""
    return pruned_gradient(gradient.permute(0, 2, 3, 1), pattern).permute(0, 3, 1, 2)
