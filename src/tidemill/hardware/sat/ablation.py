"""What each of SAT's three dataflow methods brings, and the methods of training side by side."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tidemill.hardware.sat.machine import SatMachine
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.step import StepTime, step_time
from tidemill.hardware.workload.network import Network
from tidemill.sparsity.pattern import NMPattern

__all__ = ["METHODS", "PATTERNS", "Variant", "dataflow_variants", "method_variants"]

METHODS = ("dense", "srste", "sdgp", "sdwp", "bdwp")
PATTERNS = (NMPattern(2, 4), NMPattern(2, 8), NMPattern(2, 16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A step in one of several ways.

    Attributes:
        name: What is different.
        step: What it takes.
        speedup: Over a dense step on the same machine, of dataflow methods with all three.
    """

    name: str
    step: StepTime
    speedup: float


def dataflow_variants(
    network: Network, machine: SatMachine, options: SatOptions
) -> Iterator[Variant]:
    """Yield a step with all dataflow methods, with each left out, and with none.

    Where scheduling is left out, outputs are stationary everywhere, or weights. What the options
    leave out themselves does not count.
    """
    options = replace(options, interleave=True, pregenerate=True, schedule="best")
    dense = _dense(network, machine, options)
    ways = {
        "all three": options,
        "no interleave mapping": replace(options, interleave=False),
        "no pre-generation": replace(options, pregenerate=False),
        "no scheduling: outputs stay": replace(options, schedule="os"),
        "no scheduling: weights stay": replace(options, schedule="ws"),
        "no interleaving, outputs stay": replace(options, interleave=False, schedule="os"),
        "none, outputs stay": replace(options, interleave=False, pregenerate=False, schedule="os"),
        "none, weights stay": replace(options, interleave=False, pregenerate=False, schedule="ws"),
    }
    for name, way in ways.items():
        yield _variant(name, step_time(network, machine, way), dense)


def method_variants(
    network: Network, machine: SatMachine, options: SatOptions
) -> Iterator[Variant]:
    """Yield a step of every training method at every pattern."""
    dense = _dense(network, machine, options)
    for method in METHODS:
        for pattern in PATTERNS if method != "dense" else PATTERNS[:1]:
            way = replace(options, method=method, pattern=pattern)
            name = method if method == "dense" else f"{method} {pattern}"
            yield _variant(name, step_time(network, machine, way), dense)


def _dense(network: Network, machine: SatMachine, options: SatOptions) -> StepTime:
    return step_time(network, machine, replace(options, method="dense"))


def _variant(name: str, step: StepTime, dense: StepTime) -> Variant:
    return Variant(name=name, step=step, speedup=dense.cycles / step.cycles)
