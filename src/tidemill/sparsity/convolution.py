"""A convolution that trains with N:M sparsity, its groups along the channels.

The weight is looked at as a matrix: outputs by (height, width, input channels), so that M
consecutive columns are channels of one place of the kernel. Groups for the input's gradient run
along the output channels.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.sparsity.linear import in_dtype_of
from tidemill.sparsity.masks import Matrix
from tidemill.sparsity.operands import Operands
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.plain import pruned_gradient

__all__ = ["SparseConv2d", "as_matrix", "as_weight", "places_of", "sparse_conv2d"]


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


class SparseConv2d(nn.Conv2d):
    """A convolution over the parameters of another, made of sparse operands.

    Args:
        convolution: The layer whose parameters are shared; without groups, padded with zeros.
        operands: What the products are made of.
    """

    def __init__(self, convolution: nn.Conv2d, operands: Operands) -> None:
        nn.Module.__init__(self)
        self.__dict__.update({name: getattr(convolution, name) for name in nn.Conv2d.__constants__})
        self._reversed_padding_repeated_twice = convolution._reversed_padding_repeated_twice  # noqa: SLF001
        self.weight = convolution.weight
        self.bias = convolution.bias
        self.operands = operands
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
    del backward, pattern, prunes
    own = bias.to(x.dtype) if bias is not None else None
    chosen = _weight_of(forward, weight, x.dtype)
    return functional.conv2d(x, chosen, own, places[:2], places[2:4], places[4:6])


@sparse_conv2d.register_fake
def _(x: Tensor, weight: Tensor, bias: Tensor | None, *rest: Any) -> Tensor:
    places = rest[2]
    own = bias.to(x.dtype) if bias is not None else None
    return functional.conv2d(x, weight.to(x.dtype), own, places[:2], places[2:4], places[4:6])


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
        chosen = _weight_of(backward, weight, x.dtype)
        for_x = _gradients(pruned, x, chosen, ctx.places, which=(True, False))[0]
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
