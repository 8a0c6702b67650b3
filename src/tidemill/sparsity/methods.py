"""The ways of N:M sparse training: which operand of which product is sparse.

A layer makes three products: forward Y = X W^T, the input's gradient dX = dY W, and the
weight's gradient dW = dY^T X. The last is dense in all of these methods. Nothing here loads
torch, so that recipes and planners may ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tidemill.core.errors import SettingError
from tidemill.sparsity.pattern import NMPattern

__all__ = ["METHODS", "Method", "method"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way of sparse training, in terms of what each product keeps.

    Attributes:
        name: As recipes say it.
        source: Paper and what of it is followed.
        forward: ``dense``, ``magnitude`` (N of M along the inputs) or ``both`` (one mask along
            inputs and outputs).
        backward: ``dense``, ``magnitude`` (N of M along the outputs, of the dense weight),
            ``forward`` (what the forward product used) or ``inside`` (N of M of that along the
            outputs in another order).
        prunes_gradient: Whether dY is pruned N:M along the outputs before dX is made.
        decays: Whether dropped weights decay besides (SR-STE's term).
    """

    name: str
    source: str
    forward: str = "dense"
    backward: str = "dense"
    prunes_gradient: bool = False
    decays: bool = False

    @property
    def is_dense(self) -> bool:
        """Whether nothing is ever dropped."""
        return self.forward == self.backward == "dense" and not self.prunes_gradient

    def saves(self) -> tuple[bool, bool]:
        """Say whether forward and input's gradient have N:M along their contraction."""
        backward = self.backward in {"magnitude", "inside"} or self.prunes_gradient
        return self.forward != "dense", backward or self.forward == "both"

    def undivided(self, pattern: NMPattern, inputs: int, outputs: int) -> tuple[str, int] | None:
        """Return the first side of a layer that groups run along and do not divide.

        Args:
            pattern: N:M.
            inputs: Of the layer.
            outputs: Of the layer.

        Returns:
            What is wrong, in words, and how long the side is; None where all divide.
        """
        forward, backward = self.saves()
        for side, length, matters in (("inputs", inputs, forward), ("outputs", outputs, backward)):
            if matters and length % pattern.m:
                return f"its {length:,} {side} do not divide into groups of {pattern.m}", length
        return None


_ALL = (
    Method(name="dense", source="no sparsity"),
    Method(
        name="srste",
        source="SR-STE, Zhou et al. 2021, arXiv 2102.04010: forward N:M, decay of dropped weights;"
        " dX is made of the pruned weight, as their code does",
        forward="magnitude",
        backward="forward",
        decays=True,
    ),
    Method(
        name="sdgp",
        source="SDGP, McDanel et al. 2022, arXiv 2202.00774: data gradients N:M, weights dense",
        prunes_gradient=True,
    ),
    Method(
        name="sdwp",
        source="the peer of BDWP that prunes weights in the backward pass alone, arXiv 2309.13015",
        backward="magnitude",
    ),
    Method(
        name="bdwp",
        source="BDWP, Fang et al. 2023, arXiv 2309.13015: both passes N:M, masks independent;"
        " the decay is SR-STE's (inferred)",
        forward="magnitude",
        backward="magnitude",
        decays=True,
    ),
    Method(
        name="bimask",
        source="Bi-Mask, Zhang et al. 2023, arXiv 2302.06058",
        forward="magnitude",
        backward="inside",
        decays=True,
    ),
    Method(
        name="transposable",
        source="transposable masks, Hubara et al. 2021, arXiv 2102.08124; with SR-STE's decay",
        forward="both",
        backward="forward",
        decays=True,
    ),
)

METHODS: Mapping[str, Method] = MappingProxyType({entry.name: entry for entry in _ALL})
"""Every method, by the name that recipes give it."""


def method(name: str) -> Method:
    """Return a method by its name.

    Raises:
        SettingError: There is none of that name.
    """
    if name not in METHODS:
        raise SettingError(
            f"there is no method {name[:40]!r} of sparse training",
            hint=f"Known: {', '.join(METHODS)}",
        )
    return METHODS[name]
