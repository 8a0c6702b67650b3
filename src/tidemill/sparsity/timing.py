"""What a layer's products take on this machine, dense and sparse side by side.

Dense and sparse products take turns within one process, so that both meet the same load, and
the fastest of several rounds counts: what others do on the machine only ever adds. Operands are
made as `Operands` makes them in training, and multiplied as `tidemill.sparsity.products` does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional

from tidemill.core.clock import Clock
from tidemill.core.errors import CapacityError
from tidemill.sparsity import kernels
from tidemill.sparsity.breakeven import LayerTimes, PassTimes
from tidemill.sparsity.kernels import Form
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.operands import Operand, Operands
from tidemill.sparsity.packed import packed
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.plain import pruned_gradient
from tidemill.sparsity.spec import Sparsity

__all__ = ["on_threads", "time_layer"]

LARGEST_BYTES = 2 << 30
"""Of a layer's weights and activations; more is not tried out."""

FEWEST_ROUNDS = 3
MOST_ROUNDS = 40

TICK = 1e-9
"""Seconds that nothing is faster than, however coarse the clock."""

Job = Callable[[], object]


@contextmanager
def on_threads(count: int | None) -> Iterator[int]:
    """Let products run in so many threads for a while.

    Args:
        count: Threads, or None for as many as torch takes by itself.

    Yields:
        How many there are.
    """
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def time_layer(
    shape: tuple[int, int],
    spec: Sparsity | None,
    *,
    token_counts: Sequence[int],
    dtype: str,
    seconds: float,
    clock: Clock,
) -> LayerTimes:
    """Measure the products of a linear layer with random weights.

    Args:
        shape: Outputs and inputs.
        spec: How it is sparse, or None for a dense layer.
        token_counts: Rows of activations to try, rising.
        dtype: ``float32`` or ``bfloat16``.
        seconds: What all rounds together may take, roughly; some are made in any case.
        clock: Measures.

    Raises:
        CapacityError: Weights and activations are too large to be tried out.
        TidemillError: There are no kernels, and the layer is sparse.
    """
    _check_room(shape, max(token_counts))
    layer = _Layer(shape, spec, getattr(torch, dtype))
    count = len(token_counts)
    end = clock.monotonic() + seconds

    def share(left: int) -> float:
        return (end - clock.monotonic()) / left

    with torch.no_grad():
        extra = _fastest(_rounds(layer.preparing(), share(count + 1), clock))
        passes = tuple(
            layer.passes(tokens, share(count - number), clock)
            for number, tokens in enumerate(token_counts)
        )
    return LayerTimes(
        passes=passes,
        pack_seconds=extra.get("pack", 0.0),
        fill_seconds=extra.get("fill", 0.0),
    )


class _Layer:
    """A linear layer with random weights, and the products that it would make."""

    def __init__(self, shape: tuple[int, int], spec: Sparsity | None, dtype: torch.dtype) -> None:
        self._shape = shape
        self._spec = spec
        self._dtype = dtype
        self._chance = torch.Generator().manual_seed(0)
        self._weight = torch.randn(shape, generator=self._chance)
        self._dense = self._weight.to(dtype)
        self._operands = Operands(spec=spec, dtype=dtype) if spec is not None else None
        if self._operands is not None:
            kernels.isa()  # says what to do where there are none
            self._operands.make(self._weight, self._weight)

    def preparing(self) -> dict[str, Job]:
        """Return what is done once an update, and once a loading."""
        operands, spec = self._operands, self._spec
        if operands is None or spec is None:
            return {}
        jobs: dict[str, Job] = {"pack": lambda: operands.make(self._weight, self._weight)}
        if spec.rule.saves()[0]:
            mask = magnitude_mask(self._weight, spec.pattern)
            kept = packed(self._weight.to(self._dtype), mask, spec.pattern)
            jobs["fill"] = lambda: kernels.expanded(kept, dtype=self._dtype)
        return jobs

    def passes(self, tokens: int, seconds: float, clock: Clock) -> PassTimes:
        """Measure the products of some tokens."""
        outputs, inputs = self._shape
        x, gradient = (
            torch.randn((tokens, width), generator=self._chance).to(self._dtype)
            for width in (inputs, outputs)
        )
        jobs: dict[str, Job] = {
            "forward": lambda: functional.linear(x, self._dense),
            "backward": lambda: functional.linear(gradient, self._dense.T),
            "update": lambda: gradient.T @ x,
        }
        taken = _rounds(jobs | self._sparse(x, gradient), seconds, clock)
        found = _fastest(taken)
        return PassTimes(
            tokens=tokens,
            dense_forward=found["forward"],
            dense_backward=found["backward"],
            update=found["update"],
            sparse_forward=found.get("sparse forward", found["forward"]),
            sparse_backward=found.get("sparse backward", found["backward"]),
            noise=_noise(taken),
        )

    def _sparse(self, x: Tensor, gradient: Tensor) -> dict[str, Job]:
        """Return the products that differ from the dense layer's."""
        own, spec = self._operands, self._spec
        if own is None or spec is None:
            return {}
        outputs, inputs = self._shape
        jobs: dict[str, Job] = {}
        if own.forward:
            forward = _product(own.forward, (outputs, inputs), spec.pattern)
            jobs["sparse forward"] = lambda: forward(x)
        if own.backward or spec.rule.prunes_gradient:
            operand = own.backward or [self._dense]
            backward = _product(operand, (inputs, outputs), spec.pattern, turned=True)
            jobs["sparse backward"] = (
                (lambda: backward(pruned_gradient(gradient, spec.pattern)))
                if spec.rule.prunes_gradient
                else (lambda: backward(gradient))
            )
        return jobs


def _product(
    operand: Operand, shape: tuple[int, int], pattern: NMPattern, *, turned: bool = False
) -> Callable[[Tensor], Tensor]:
    """Return the product with an operand: a form, or a matrix that is dense to torch."""
    if len(operand) == 1:
        matrix = operand[0].T if turned else operand[0]
        return lambda x: functional.linear(x, matrix)
    values, offsets = operand
    rows, columns = shape
    form = Form(pattern=pattern, rows=rows, columns=columns, values=values, offsets=offsets)
    return lambda x: kernels.product(x, form)


def _rounds(jobs: Mapping[str, Job], seconds: float, clock: Clock) -> dict[str, list[float]]:
    """Do several jobs in turn, some rounds long, and return what each took in each round."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    begun = clock.monotonic()
    for number in range(MOST_ROUNDS):
        if number >= FEWEST_ROUNDS and clock.monotonic() - begun > seconds:
            break
        for name, job in jobs.items():
            start = clock.monotonic()
            job()
            taken[name].append(max(TICK, clock.monotonic() - start))
    return taken


def _fastest(taken: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: min(rounds) for name, rounds in taken.items()}


def _noise(taken: Mapping[str, Sequence[float]]) -> float:
    usual: float = median(sum(together) for together in zip(*taken.values(), strict=True))
    return usual / sum(_fastest(taken).values())


def _check_room(shape: tuple[int, int], tokens: int) -> None:
    outputs, inputs = shape
    needed = 4 * (3 * outputs * inputs + 2 * tokens * (outputs + inputs))
    if needed > LARGEST_BYTES:
        raise CapacityError(
            f"a layer of {outputs:,} x {inputs:,} at {tokens:,} tokens takes {needed:,} bytes to"
            f" try out, and {LARGEST_BYTES:,} are allowed",
            hint="Ask for fewer --tokens, or leave --here away: counts need no memory.",
        )
