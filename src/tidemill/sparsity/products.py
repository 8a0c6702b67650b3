"""The products of sparse layers as torch operators, with their gradients.

``tidemill::sparse_linear`` trains: its operands were made after the last update.
``tidemill::packed_linear`` answers: its weight is there in packed form alone.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from typing_extensions import override

from tidemill.sparsity import kernels
from tidemill.sparsity.kernels import Form
from tidemill.sparsity.operands import Operands
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.plain import masked_linear, pruned_gradient

__all__ = ["packed_linear", "sparse_linear", "trained_linear"]


@torch.library.custom_op("tidemill::sparse_linear", mutates_args=())
def sparse_linear(  # noqa: PLR0913, PLR0917  an operator takes values by place
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    forward: Sequence[Tensor],
    backward: Sequence[Tensor],
    n: int,
    m: int,
    prunes: bool,
) -> Tensor:
    """Return X W^T + b, of which forward and input's gradient are made of sparse operands.

    Args:
        x: Inputs [..., inputs]; their dtype is that of the products.
        weight: The dense weight [outputs, inputs], which gets a dense gradient.
        bias: Added.
        forward: The operand of the forward product (see `Operands`).
        backward: That of the input's gradient.
        n: Of the pattern.
        m: Of the pattern.
        prunes: Whether the gradient is pruned N:M before the input's is made.
    """
    del backward, prunes  # for the gradient
    return _answer(x, weight, bias, forward, pattern=NMPattern(n, m))


@sparse_linear.register_fake
def _(x: Tensor, weight: Tensor, *_: object) -> Tensor:
    return x.new_empty((*x.shape[:-1], weight.shape[0]))


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG001
    x, weight, bias, _, backward, n, m, prunes = inputs
    ctx.save_for_backward(x, weight, *backward)
    ctx.pattern, ctx.prunes = NMPattern(n, m), prunes
    ctx.bias_dtype = bias.dtype if bias is not None else None
    ctx.forward_length = len(inputs[3])


def _backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
    lists = ([None] * ctx.forward_length, [None] * (len(ctx.saved_tensors) - 2))
    return (*_gradients(ctx, gradient), *lists, None, None, None)


sparse_linear.register_autograd(_backward, setup_context=_setup)


class _SparseLinear(torch.autograd.Function):
    """The same as the operator, without what makes an operator traceable: that takes .3 ms."""

    @staticmethod
    @override
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        x, weight, bias, forward, _, n, m, _ = inputs
        _setup(ctx, inputs, x)
        return _answer(x, weight, bias, forward, pattern=NMPattern(n, m))

    @staticmethod
    @override
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        return (*_gradients(ctx, gradients[0]), *[None] * 5)


def trained_linear(x: Tensor, weight: Tensor, bias: Tensor | None, operands: Operands) -> Tensor:
    """Return X W^T + b with gradients, of a layer's operands.

    Args:
        x: Inputs [..., inputs].
        weight: The dense weight [outputs, inputs].
        bias: Added.
        operands: Made of it.
    """
    spec = operands.spec
    apply: Any = sparse_linear if torch.compiler.is_compiling() else _SparseLinear.apply
    found: Tensor = apply(
        x.to(operands.dtype),
        weight,
        bias,
        operands.forward,
        operands.backward,
        spec.pattern.n,
        spec.pattern.m,
        spec.rule.prunes_gradient,
    )
    return found


def _answer(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    operand: Sequence[Tensor],
    *,
    pattern: NMPattern,
) -> Tensor:
    outputs, inputs = weight.shape
    own = bias.to(x.dtype) if bias is not None else None
    return _product(x, weight, operand, own, form=(pattern, outputs, inputs))


def _gradients(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Return the gradients of input, weight and bias, as far as they are wanted."""
    x, weight, *backward = ctx.saved_tensors
    for_x = for_weight = for_bias = None
    if ctx.needs_input_grad[0]:
        pruned = pruned_gradient(gradient, ctx.pattern) if ctx.prunes else gradient
        outputs, inputs = weight.shape
        for_x = _product(
            pruned, weight, backward, None, form=(ctx.pattern, inputs, outputs), turned=True
        )
    rows = gradient.reshape(-1, gradient.shape[-1])
    if ctx.needs_input_grad[1]:
        # Neither side is pruned: every weight learns, the dropped ones as well.
        for_weight = (rows.T @ x.reshape(-1, x.shape[-1])).to(weight.dtype)
    if ctx.bias_dtype is not None and ctx.needs_input_grad[2]:
        for_bias = rows.sum(dim=0).to(ctx.bias_dtype)
    return for_x, for_weight, for_bias


def _product(
    x: Tensor,
    weight: Tensor,
    operand: Sequence[Tensor],
    bias: Tensor | None,
    *,
    form: tuple[NMPattern, int, int],
    turned: bool = False,
) -> Tensor:
    """Return the product with an operand, whichever kind it is."""
    if len(operand) == len(("values", "offsets")):
        pattern, rows, columns = form
        values, offsets = operand
        # As an operator while a graph is traced: there are no numbers to multiply then.
        apply = _multiplied if type(x) is Tensor else packed_linear
        return apply(x, values, offsets, bias, rows, columns, pattern.n, pattern.m)
    matrix = operand[0] if operand else weight.to(x.dtype)
    turned_matrix = matrix.T if turned else matrix
    if operand and not torch.compiler.is_compiling() and not bool(torch.isfinite(x).all()):
        return masked_linear(x, turned_matrix, turned_matrix != 0, bias)
    return functional.linear(x, turned_matrix, bias)


@torch.library.custom_op("tidemill::packed_linear", mutates_args=())
def packed_linear(  # noqa: PLR0913, PLR0917  an operator takes values by place
    x: Tensor,
    values: Tensor,
    offsets: Tensor,
    bias: Tensor | None,
    rows: int,
    columns: int,
    n: int,
    m: int,
) -> Tensor:
    """Return X W^T + b of a weight that is there as a kernel's form alone; has no gradient.

    Args:
        x: Inputs [..., columns].
        values: Of the form.
        offsets: Of the form.
        bias: Added.
        rows: Outputs.
        columns: Inputs.
        n: Of the pattern.
        m: Of the pattern.
    """
    return _multiplied(x, values, offsets, bias, rows, columns, n, m)


def _multiplied(  # noqa: PLR0913, PLR0917  as the operator
    x: Tensor,
    values: Tensor,
    offsets: Tensor,
    bias: Tensor | None,
    rows: int,
    columns: int,
    n: int,
    m: int,
) -> Tensor:
    form = Form(pattern=NMPattern(n, m), rows=rows, columns=columns, values=values, offsets=offsets)
    return kernels.product(x, form, bias)


@packed_linear.register_fake
def _(x: Tensor, *rest: Any) -> Tensor:
    rows: int = rest[3]
    return x.new_empty((*x.shape[:-1], rows))
