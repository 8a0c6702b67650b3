"""What a run of sprouts came to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tidemill.training.sprouting.outcome import SproutOutcome

__all__ = ["SproutReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SproutReport:
    """What came out.

    Attributes:
        folder: The run's.
        experts: The registry's folder.
        base: What all grew from: name and hash.
        wanted: Sprouts that were asked for.
        kept: What became of packages with a sprout.
        refused: What became of those without.
        resumed: How many of both were there already.
    """

    folder: Path
    experts: Path
    base: str
    wanted: int
    kept: Sequence[SproutOutcome]
    refused: Sequence[SproutOutcome]
    resumed: int

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all packages, in whatever run they were grown."""
        return sum(outcome.cpu_seconds for outcome in (*self.kept, *self.refused))

    @property
    def better_held_out(self) -> int:
        """Sprouts whose loss on the held-out part is below their base's."""
        return sum(outcome.is_better_held_out for outcome in self.kept)

    def mean(self, whose: str, figure: str) -> float:
        """Return the mean of a figure over the sprouts that are kept, 0 where there are none.

        Args:
            whose: ``base`` or ``sprout``.
            figure: ``valid.loss``, ``valid.mrr``, ``test.loss`` or ``test.mrr``.
        """
        values = [getattr(outcome, whose)[figure] for outcome in self.kept]
        return sum(values) / len(values) if values else 0.0

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        figures = ("valid.loss", "valid.mrr", "test.loss", "test.mrr")
        return {
            "folder": str(self.folder),
            "experts": str(self.experts),
            "base": self.base,
            "wanted": self.wanted,
            "kept": [asdict(outcome) for outcome in self.kept],
            "refused": [asdict(outcome) for outcome in self.refused],
            "resumed": self.resumed,
            "better_held_out": self.better_held_out,
            "means": {
                whose: {figure: self.mean(whose, figure) for figure in figures}
                for whose in ("base", "sprout")
            },
            "cpu_seconds": self.cpu_seconds,
        }
