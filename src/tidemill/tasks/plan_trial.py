"""A plan is tried out: the products of its layers run on this machine, dense and sparse."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from tidemill.core.clock import Clock
from tidemill.core.errors import MissingExtraError, TidemillError
from tidemill.core.progress import Progress
from tidemill.sparsity.spec import Sparsity
from tidemill.tasks.plan_report import LayerPlan, Machine, SparsityPlan

if TYPE_CHECKING:
    from tidemill.sparsity.breakeven import LayerTimes

__all__ = ["TOKENS_TRIED", "tried_out"]

TOKENS_TRIED = (1, 8, 64, 256, 1_024)
"""Where the number of tokens is looked for from which a layer gains."""

MOST_NOISE = 1.5
"""Above it, figures say more of the machine's other work than of the layers."""

DTYPES = {"fp32": "float32", "bf16": "bfloat16"}
NOT_TRIED = "convolutions are counted and not tried out here: see benches/nm_convolution.py"
BUSY = (
    "this machine is busy (load {load:.1f} on {cores} processors; products usually took {noise:.1f}"
    " times as long as at best): try again when it is quiet, or with fewer threads"
)

Shape: TypeAlias = tuple[int, int, bool]
"""Outputs, inputs, and whether the layer is sparse."""


def tried_out(
    plan: SparsityPlan,
    spec: Sparsity,
    *,
    threads: int | None,
    seconds: float,
    progress: Progress,
    clock: Clock,
) -> SparsityPlan:
    """Return a plan with the times that its linear layers take here.

    Equal shapes are measured once.

    Args:
        plan: Counted.
        spec: How its layers are sparse.
        threads: That products run in, or None for as many as torch takes.
        seconds: What it may take, roughly.
        progress: Told of every shape.
        clock: Measures.

    Raises:
        CapacityError: A layer is too large to be tried out.
        MissingExtraError: Torch is missing.
        TidemillError: There are no kernels.
    """
    try:
        from tidemill.sparsity import kernels, timing  # noqa: PLC0415  torch is heavy, and an extra
    except ImportError as error:
        raise MissingExtraError("trying out a plan", extra="experts") from error
    _check_kernels(kernels.why_not())
    begun, load = clock.monotonic(), os.getloadavg()[0]
    jobs = _shapes(plan.layers)
    found: dict[Shape, LayerTimes] = {}
    with timing.on_threads(threads) as running:
        for number, (shape, counts) in enumerate(jobs.items()):
            outputs, inputs, is_sparse = shape
            progress.advance(number, len(jobs), f"{outputs:,} x {inputs:,}")
            found[shape] = timing.time_layer(
                (outputs, inputs),
                spec if is_sparse else None,
                token_counts=counts,
                dtype=DTYPES[plan.precision],
                seconds=(begun + seconds - clock.monotonic()) / (len(jobs) - number),
                clock=clock,
            )
    progress.advance(len(jobs), len(jobs), "")
    layers = tuple(replace(layer, times=found.get(_shape(layer))) for layer in plan.layers)
    machine = Machine(
        instruction_set=kernels.isa(),
        threads=running,
        tried=TOKENS_TRIED,
        seconds=clock.monotonic() - begun,
    )
    notes = (*plan.notes, *_left_out(layers), *_busy(layers, running, load))
    return replace(plan, layers=layers, machine=machine, notes=notes)


def _check_kernels(why: str) -> None:
    if why:
        raise TidemillError(
            f"nothing can be tried out here: there are no native kernels ({why})",
            hint="python -m tidemill.core.native builds them where there is a compiler, and"
            " TIDEMILL_NATIVE=off hides them; without --here, plan counts alone.",
        )


def _shape(layer: LayerPlan) -> Shape:
    return layer.outputs, layer.inputs, layer.is_sparse


def _shapes(layers: Sequence[LayerPlan]) -> Mapping[Shape, Sequence[int]]:
    """Return the shapes that are tried out, each once, with the numbers of tokens."""
    counts: dict[Shape, set[int]] = {}
    for layer in layers:
        if layer.kind == "linear":
            wanted = {layer.rows, *(TOKENS_TRIED if layer.is_sparse else ())}
            counts.setdefault(_shape(layer), set()).update(wanted)
    return {shape: sorted(tokens) for shape, tokens in counts.items()}


def _left_out(layers: Sequence[LayerPlan]) -> Iterator[str]:
    if any(layer.kind == "convolution" for layer in layers):
        yield NOT_TRIED


def _busy(layers: Sequence[LayerPlan], threads: int, load: float) -> Iterator[str]:
    """Say that others were at work: rounds differ, or too few processors were free before."""
    noise = max((layer.times.at(layer.rows).noise for layer in layers if layer.times), default=1.0)
    cores = len(os.sched_getaffinity(0))
    if noise > MOST_NOISE or load + threads > cores + 1:
        yield BUSY.format(load=load, cores=cores, noise=noise)
