"""What became of one package: a sprout that is kept, or the reason why there is none."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tidemill.core.files import write_atomically

__all__ = ["SproutOutcome", "outcome_in", "write_outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SproutOutcome:
    """What came out for one package.

    Attributes:
        name: Of the expert.
        key: Hash of base, pairs and recipe: another key is another outcome.
        kept: Whether the expert is in the registry.
        reason: Why there is none; empty where there is.
        tries: How often it was trained.
        reaches: How much of what each stage learnt counts.
        losses: Of the sprout on the valid part after each stage.
        steps: Updates of the weights in the last try.
        pairs: How many there are in each part.
        base: Loss and MRR of the base: ``valid.loss``, ``valid.mrr``, ``test.loss``, ``test.mrr``.
        sprout: The same of the sprout; of one that is refused, on the valid part alone.
        errors: Standard error of the mean by which the sprout's loss is below, by part.
        cpu_seconds: Processor time that all of it took.
    """

    name: str
    key: str
    kept: bool
    reason: str = ""
    tries: int
    reaches: list[float]
    losses: list[float]
    steps: int
    pairs: dict[str, int]
    base: dict[str, float]
    sprout: dict[str, float]
    errors: dict[str, float]
    cpu_seconds: float = 0.0

    @property
    def is_better_held_out(self) -> bool:
        """Whether the sprout's loss on the held-out part is below its base's."""
        return self.kept and self.sprout["test.loss"] < self.base["test.loss"]

    def timed(self, cpu_seconds: float) -> "SproutOutcome":
        """Return the outcome with the processor time that it took."""
        return replace(self, cpu_seconds=cpu_seconds)


def write_outcome(folder: Path, outcome: SproutOutcome) -> None:
    """Write an outcome down, in one step.

    Args:
        folder: Of all outcomes; it is there.
        outcome: What came out.

    Raises:
        CapacityError: The disk is full.
        StoreError: It cannot be written.
    """
    data = json.dumps(asdict(outcome), indent=2).encode()
    write_atomically(_place(folder, outcome.name), data)


def outcome_in(folder: Path, name: str, key: str) -> SproutOutcome | None:
    """Return what was written down of a package.

    Args:
        folder: Of all outcomes.
        name: Of the expert.
        key: Of base, pairs and recipe as they now are.

    Returns:
        The outcome; None where there is none, it is damaged, or something has changed since.
    """
    try:
        facts: dict[str, Any] = json.loads(_place(folder, name).read_bytes())
        found = SproutOutcome(**facts)
    except (OSError, ValueError, TypeError):
        return None
    return found if found.key == key else None


def _place(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"
