"""The data-flow graphs of a file's units: none of them may cost the file."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from tidemill.core.clock import Clock
from tidemill.core.errors import InputError
from tidemill.source.dataflow.extractor import Extractor
from tidemill.source.parsing import SyntaxTree
from tidemill.source.units import Unit

__all__ = ["GraphLimits", "Graphless", "UnitGraphs"]

MOST_NAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphless:
    """Units of a file that are stored without a graph, for one reason.

    Attributes:
        path: The file.
        reason: ``graph failed: ...`` for a fault of ours, ``graph left out: ...`` for a limit.
        count: How many units.
        names: Qualified names of the first of them.
    """

    path: str
    reason: str
    count: int
    names: tuple[str, ...]

    @override
    def __str__(self) -> str:
        more = f" and {self.count - len(self.names):,} more" if self.count > len(self.names) else ""
        return f"{self.reason} ({', '.join(self.names)}{more})"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphLimits:
    """What a file's graphs may cost.

    Attributes:
        seconds: Time for all of them; looked at between units.
        max_unit_bytes: Longer units get none.
        refused: Why none is to be made at all; empty when they are.
    """

    seconds: float
    max_unit_bytes: int
    refused: str = ""


class UnitGraphs:
    """Makes the graphs of one file's units, and notes which there are none of and why.

    Args:
        tree: The parsed file.
        units: All its units.
        limits: What the graphs may cost.
        clock: Where the time comes from; it runs from now.

    Attributes:
        tree: As given.
        units: As given.
    """

    def __init__(
        self, tree: SyntaxTree, units: Sequence[Unit], *, limits: GraphLimits, clock: Clock
    ) -> None:
        self.tree = tree
        self.units = units
        self._limits = limits
        self._clock = clock
        self._ends_at = clock.monotonic() + limits.seconds
        self._refused = limits.refused
        self._missing: dict[str, list[str]] = {}
        self._extractor: Extractor | None = None

    def packed(self, unit: Unit) -> bytes:
        """Return the packed graph of a unit, empty where there is none."""
        refused = self._refusal(unit)
        if not refused:
            try:
                return self._made().packed(unit)
            except InputError as error:
                refused = f"graph left out: {error.message}"
            except Exception as error:  # noqa: BLE001  a fault of ours must not cost the user's file
                refused = f"graph failed: {type(error).__name__}: {error}"
        self._missing.setdefault(refused, []).append(unit.qualified_name)
        return b""

    def graphless(self, path: str) -> tuple[Graphless, ...]:
        """Return the units that got no graph so far, reason by reason."""
        return tuple(
            Graphless(path=path, reason=reason, count=len(names), names=tuple(names[:MOST_NAMES]))
            for reason, names in self._missing.items()
        )

    def _refusal(self, unit: Unit) -> str:
        """Say why no graph is tried for this unit; empty when one is."""
        if self._refused:
            return self._refused
        if unit.end - unit.start > self._limits.max_unit_bytes:
            return f"graph left out: more than max_unit_bytes = {self._limits.max_unit_bytes:,}"
        if self._clock.monotonic() > self._ends_at:
            self._refused = f"graph left out: {self._limits.seconds:g} s for this file were over"
        return self._refused

    def _made(self) -> Extractor:
        if self._extractor is None:
            try:
                self._extractor = Extractor(self.tree, self.units)
            except Exception as error:
                self._refused = f"graph failed: {type(error).__name__}: {error}"
                raise
        return self._extractor
