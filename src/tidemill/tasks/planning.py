"""Say before training what N:M sparsity would save, and here and now whether it does.

Counts are exact and need neither torch nor weights. Times are measured on this machine, once
for every shape that several layers share, with random weights.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import SettingError
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.experts.registry import open_registry
from tidemill.models.products import WeightProduct
from tidemill.sparsity.cost import Product, layer_cost
from tidemill.sparsity.spec import Sparsity
from tidemill.tasks.plan_report import LayerPlan, SparsityPlan
from tidemill.tasks.plan_trial import tried_out
from tidemill.tasks.planned_models import PlannedModel, planned_model

__all__ = ["DEFAULT_TOKENS", "PlanOptions", "plan_sparsity"]

DEFAULT_TOKENS = 1_024
"""Rows of a step where nobody says otherwise."""

MOST_TOKENS = 1 << 31

SECONDS = 12.0
"""What trying out takes, roughly; large layers take longer."""

DEFAULT_SPARSITY = "2:8"
DEFAULT_METHOD = "bdwp"
BYTES = {"fp32": 4, "bf16": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What a plan is made for; what is None is as the model says, else the usual.

    Attributes:
        method: Of sparse training; ``bdwp`` if nobody says otherwise.
        precision: ``fp32``, the usual, or ``bf16``.
        tokens: Rows of a step: tokens and nodes of all its texts, patches or pixels of images.
        here: Whether products are tried out on this machine.
        threads: That they run in; by default as many as torch takes.
        seconds: What trying out may take, roughly.

    Raises:
        SettingError: One of them is out of its range.
    """

    method: str | None = None
    precision: Literal["fp32", "bf16"] | None = None
    tokens: int = DEFAULT_TOKENS
    here: bool = False
    threads: int | None = None
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        if not 1 <= self.tokens <= MOST_TOKENS:
            raise SettingError(
                f"a step of {self.tokens} tokens", hint=f"It has 1 to {MOST_TOKENS:,}."
            )
        if self.precision not in {None, *BYTES}:
            raise SettingError(
                f"unknown precision {self.precision!r}", hint=f"Known: {', '.join(BYTES)}"
            )
        cores = len(os.sched_getaffinity(0))
        if self.threads is not None and not 1 <= self.threads <= cores:
            raise SettingError(
                f"{self.threads} threads", hint=f"This process may use 1 to {cores}."
            )
        if not self.seconds >= 0:
            raise SettingError(f"{self.seconds} seconds", hint="It is 0 or more.")


def plan_sparsity(
    model: str | Path,
    sparsity: str | None = None,
    *,
    options: PlanOptions | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> SparsityPlan:
    """Say layer by layer what N:M sparse training would save.

    The bound is that of multiply-accumulates (MACs): 3 / (2 N/M + 1) for BDWP where every layer
    is sparse (arXiv 2309.13015). A layer gains here if its three products and the making of its
    operands take less time than the three dense products.

    Args:
        model: An expert's name or folder, a recipe's name or file, or a ``config.json``.
        sparsity: N:M; by default what the model says, else 2:8.
        options: Method, precision, tokens, and whether to try it out.
        settings: By default those in force.
        progress: Told of every shape that is tried out.
        clock: Measures.

    Raises:
        InputError: There is no such model, or its recipe cannot be used.
        ExpertError: A package or config is damaged or of an unknown kind.
        SettingError: The pattern, the method or an option cannot be.
        CapacityError: A layer is too large to be tried out.
        MissingExtraError: It is to be tried out, and torch is missing.
        TidemillError: It is to be tried out, and there are no kernels.
    """
    chosen = options or PlanOptions()
    found = planned_model(str(model), open_registry(settings or resolve().settings))
    spec = Sparsity.parse(
        (found.sparsity or DEFAULT_SPARSITY) if sparsity is None else sparsity,
        (found.method or DEFAULT_METHOD) if chosen.method is None else chosen.method,
    )
    plan = _counted(found, spec, chosen)
    if not chosen.here:
        return plan
    return tried_out(
        plan,
        spec,
        threads=chosen.threads,
        seconds=chosen.seconds,
        progress=progress or Silence(),
        clock=clock or SystemClock(),
    )


def _counted(found: PlannedModel, spec: Sparsity, options: PlanOptions) -> SparsityPlan:
    own = found.products
    precision = options.precision or found.precision or "fp32"
    layers = tuple(
        _layer(product, spec, max(1, options.tokens * product.rows // own.places), precision)
        for product in own.products
    )
    return SparsityPlan(
        model=found.name,
        source=found.source,
        kind=own.kind,
        sparsity=str(spec.pattern),
        method=spec.method,
        precision=precision,
        tokens=options.tokens,
        unit=own.unit,
        layers=layers,
        # Forward once, backward twice: each of the two factors has a gradient.
        attention_macs=3 * own.attention_macs * options.tokens // own.places,
        notes=found.notes,
    )


def _layer(product: WeightProduct, spec: Sparsity, rows: int, precision: str) -> LayerPlan:
    reason, remedy = _why_dense(product, spec)
    dense, planned = (
        layer_cost(
            Product(
                tokens=rows,
                inputs=product.contraction,
                outputs=product.groups * product.outputs,
                needs_gradient=not product.is_first,
                is_sparse=is_sparse,
            ),
            spec.pattern,
            spec.rule,
            value_bytes=BYTES[precision],
        )
        for is_sparse in (False, not reason)
    )
    return LayerPlan(
        name=product.name,
        kind=product.kind,
        inputs=product.contraction,
        outputs=product.groups * product.outputs,
        rows=rows,
        sparsity="dense" if reason else str(spec.pattern),
        reason=reason,
        remedy=remedy,
        dense=dense,
        planned=planned,
    )


def _why_dense(product: WeightProduct, spec: Sparsity) -> tuple[str, str]:
    """Return why a layer stays dense and what to do about it; nothing where it does not."""
    if spec.rule.is_dense or spec.pattern.is_dense:
        return f"{spec.pattern} by {spec.method} drops nothing", ""
    if product.dense_because:
        return product.dense_because, ""
    undivided = spec.rule.undivided(spec.pattern, product.inputs, product.outputs)
    if undivided is None:
        return "", ""
    reason, length = undivided
    above = -(-length // spec.pattern.m) * spec.pattern.m
    remedy = (
        f"choose a pattern whose M divides {length:,}, or a width such as {above:,};"
        " or name the layer in exempt, for training refuses it as it is"
    )
    return reason, remedy
