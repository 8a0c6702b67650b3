"""What became of a router of sprouts, written down so that it is not made again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tidemill.core.files import write_atomically

__all__ = ["RoutedReport", "routed_in", "write_routed"]

FILE = "router.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedReport:
    """A router, and what it is worth.

    Attributes:
        name: Of the expert.
        key: Hash of plan, sprouts and recipe: another key is another router.
        categories: Packages that it tells apart.
        sprouts: Of them, those whose sprout answers; for the others the base does.
        features: Words that it knows.
        steps: Updates of its weights.
        best_single: The one expert that is best for all, by the valid part.
        fitted: Mean reciprocal rank on the valid part, which chose map and threshold: of ``base``,
            ``best_single`` and ``routed``.
        test: Figures on the held-out part, as `RoutingReport` has them.
        strays: The same part of packages that are none of the categories: ``texts``, ``coverage``,
            ``base`` and ``routed``; empty where there are none.
    """

    name: str
    key: str
    categories: int
    sprouts: int
    features: int
    steps: int
    best_single: str
    fitted: Mapping[str, float]
    test: Mapping[str, Any]
    strays: Mapping[str, float]

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return asdict(self)


def write_routed(folder: Path, report: RoutedReport) -> None:
    """Write a report down, in one step.

    Args:
        folder: The run's.
        report: What came out.

    Raises:
        CapacityError: The disk is full.
        StoreError: It cannot be written.
    """
    write_atomically(folder / FILE, json.dumps(report.to_dict(), indent=2).encode())


def routed_in(folder: Path, key: str) -> RoutedReport | None:
    """Return the report in a run's folder.

    Args:
        folder: The run's.
        key: Of plan, sprouts and recipe as they now are.

    Returns:
        The report; None where there is none, it is damaged, or something has changed since.
    """
    try:
        found = RoutedReport(**json.loads((folder / FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.key == key else None
