"""What a run tells of itself: one line of JSON for some steps, and its curve as a picture."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["JOURNAL", "Entry", "append", "entries", "trimmed"]

JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Some steps of a run, averaged, or a measurement.

    Attributes:
        step: Steps of all stages that were done.
        stage: Number of the stage.
        seconds: Time that training took so far.
        places: Tokens and nodes that were seen so far.
        losses: Mean loss of each objective since the last entry.
        accuracies: Mean accuracy of each objective since the last entry.
        measures: What was measured on the valid part; empty for a plain entry.
    """

    step: int
    stage: int
    seconds: float
    places: int
    losses: dict[str, float] = field(default_factory=dict)
    accuracies: dict[str, float] = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)


def append(folder: Path, entry: Entry) -> None:
    """Add an entry to a run's journal."""
    with (folder / JOURNAL).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(entry)) + "\n")


def entries(folder: Path) -> Iterator[Entry]:
    """Yield a run's entries; a last line that was cut off by a kill is passed over."""
    path = folder / JOURNAL
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            facts = json.loads(line)
        except ValueError:
            continue
        yield Entry(**facts)


def trimmed(folder: Path, step: int) -> None:
    """Drop the entries after a step: those that were written after the last checkpoint."""
    kept = [json.dumps(asdict(entry)) for entry in entries(folder) if entry.step <= step]
    draft = folder / f".{JOURNAL}.draft"
    draft.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
    draft.replace(folder / JOURNAL)
