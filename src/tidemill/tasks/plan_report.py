"""What N:M sparsity would save in a model, layer by layer: the answer of ``tidemill plan``."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Literal

from tidemill.sparsity.breakeven import LEAST_GAIN, LayerTimes
from tidemill.sparsity.cost import LayerCost

__all__ = ["LayerPlan", "Machine", "SparsityPlan", "Totals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where products were tried out.

    Attributes:
        instruction_set: Of the sparse kernels.
        threads: That products ran in.
        tried: Numbers of tokens, rising.
        seconds: That trying out took.
    """

    instruction_set: str
    threads: int
    tried: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPlan:
    """One layer, dense and as planned.

    Attributes:
        name: As its tensors are named.
        kind: What makes the product.
        inputs: The contraction of the forward product.
        outputs: Its other side.
        rows: Of the activations in a step.
        sparsity: N:M, or ``dense``.
        reason: Why it stays dense; empty where it does not.
        remedy: What to do about that; may be empty.
        dense: Cost of a step with all its weights.
        planned: Cost of a step as planned.
        times: What it takes on this machine, or None where that was not tried out.
    """

    name: str
    kind: Literal["linear", "convolution"]
    inputs: int
    outputs: int
    rows: int
    sparsity: str
    reason: str = ""
    remedy: str = ""
    dense: LayerCost
    planned: LayerCost
    times: LayerTimes | None = None

    @property
    def is_sparse(self) -> bool:
        """Whether something is dropped."""
        return not self.reason

    @property
    def share(self) -> Fraction:
        """What is left of the MACs of a dense step."""
        return Fraction(self.planned.total, self.dense.total)

    @property
    def gain(self) -> float | None:
        """Times as fast as dense that a step is here; None where it was not tried out."""
        return self.times.gain(self.rows) if self.times and self.is_sparse else None

    @property
    def gains(self) -> bool | None:
        """Whether that is a gain; None where it was not tried out."""
        return self.times.gains(self.rows) if self.times and self.is_sparse else None

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "rows": self.rows,
            "sparsity": self.sparsity,
            "reason": self.reason,
            "remedy": self.remedy,
            "macs": {"dense": _macs(self.dense), "planned": _macs(self.planned)},
            "weight_bytes": {
                "dense": self.dense.forward_bytes,
                "planned": self.planned.forward_bytes,
            },
            "share_of_macs": float(self.share),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over layers.

    Attributes:
        dense_macs: Of a step with all weights.
        planned_macs: Of a step as planned.
        dense_bytes: Of the weights of the forward products.
        planned_bytes: Of the same, packed where they are sparse.
    """

    dense_macs: int
    planned_macs: int
    dense_bytes: int
    planned_bytes: int

    @property
    def bound(self) -> float:
        """Times as fast as dense that a step can be at most, at an equal rate of MACs."""
        return self.dense_macs / self.planned_macs

    @classmethod
    def of(cls, layers: Iterable[LayerPlan]) -> "Totals":
        """Add up some layers."""
        listed = list(layers)
        return cls(
            dense_macs=sum(layer.dense.total for layer in listed),
            planned_macs=sum(layer.planned.total for layer in listed),
            dense_bytes=sum(layer.dense.forward_bytes for layer in listed),
            planned_bytes=sum(layer.planned.forward_bytes for layer in listed),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SparsityPlan:
    """The whole answer.

    Attributes:
        model: Its name.
        source: What its shape was read from.
        kind: Its ``model_type``.
        sparsity: N:M.
        method: How it would be trained.
        precision: Of the numbers in the products.
        tokens: Rows of the activations of a step, where the model is longest.
        unit: What these are.
        layers: In the order in which they run.
        attention_macs: Of a dense step's attention, which has no weights and saves nothing;
            not in the totals.
        machine: Where it was tried out, or None.
        notes: What had to be assumed, or was left out.
    """

    model: str
    source: Literal["expert", "recipe", "network", "config", "topology"]
    kind: str
    sparsity: str
    method: str
    precision: Literal["fp32", "bf16"]
    tokens: int
    unit: str
    layers: tuple[LayerPlan, ...]
    attention_macs: int
    machine: Machine | None = None
    notes: tuple[str, ...] = ()

    @property
    def totals(self) -> Totals:
        """Sums over all layers."""
        return Totals.of(self.layers)

    @property
    def sparse_layers(self) -> tuple[LayerPlan, ...]:
        """Those of which something is dropped."""
        return tuple(layer for layer in self.layers if layer.is_sparse)

    @property
    def dense_seconds(self) -> float:
        """Of a dense step of the layers that were tried out here."""
        return sum(layer.times.at(layer.rows).dense_step for layer in self.layers if layer.times)

    @property
    def planned_seconds(self) -> float:
        """Of a step as planned of the same layers, operands included."""
        return sum(layer.times.sparse_step(layer.rows) for layer in self.layers if layer.times)

    @property
    def predicted(self) -> float | None:
        """Times as fast as dense that a step of the linear layers is here; None if not tried."""
        return self.dense_seconds / self.planned_seconds if self.planned_seconds else None

    @property
    def findings(self) -> tuple[str, ...]:
        """The answer: a sentence on what was counted, and one on what was tried out."""
        if not self.sparse_layers:
            return ("No layer can be sparse: nothing is saved.",)
        totals = self.totals
        counted = (
            f"{len(self.sparse_layers):,} of {len(self.layers):,} layers at {self.sparsity} leave"
            f" {totals.planned_macs / totals.dense_macs:.1%} of a training step's products:"
            f" at most {totals.bound:.2f} times as fast as dense."
        )
        return (counted, self._here(self.machine)) if self.machine else (counted,)

    def _here(self, machine: Machine) -> str:
        tried = [layer for layer in self.sparse_layers if layer.times]
        if self.predicted is None or not tried:
            return "None of them has kernels for training: nothing is gained here."
        gaining = sum(bool(layer.gains) for layer in tried)
        threads = "1 thread" if machine.threads == 1 else f"{machine.threads} threads"
        return (
            f"Here, in {threads}, {gaining:,} of {len(tried):,} gain at {self.tokens:,}"
            f" {self.unit}, and a step's linear layers are predicted to be"
            f" {self.predicted:.2f} times as fast as dense."
        )

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        facts: dict[str, object] = {
            "model": self.model,
            "source": self.source,
            "kind": self.kind,
            "sparsity": self.sparsity,
            "method": self.method,
            "precision": self.precision,
            "tokens": self.tokens,
            "unit": self.unit,
            "layers": [layer.to_dict() | self._tried(layer) for layer in self.layers],
            "totals": asdict(self.totals) | {"bound": self.totals.bound},
            "attention_macs": self.attention_macs,
            "here": None,
            "notes": list(self.notes),
            "summary": " ".join(self.findings),
        }
        if self.machine is not None:
            facts["here"] = asdict(self.machine) | {
                "dense_step_seconds": self.dense_seconds,
                "planned_step_seconds": self.planned_seconds,
                "predicted_gain": self.predicted,
                "least_gain": LEAST_GAIN,
            }
        return facts

    def _tried(self, layer: LayerPlan) -> dict[str, object]:
        if self.machine is None or layer.times is None:
            return {"here": None}
        times = layer.times
        here: dict[str, object] = {
            "times": [asdict(one) for one in times.passes],
            "pack_seconds": times.pack_seconds,
            "fill_seconds": times.fill_seconds,
            "gain": layer.gain,
            "gains": layer.gains,
        }
        if layer.is_sparse:
            here["gains_from"] = times.gains_from(self.machine.tried)
        return {"here": here}


def _macs(cost: LayerCost) -> dict[str, int]:
    return {"forward": cost.forward, "backward": cost.backward, "update": cost.update}
