"""How well types are guessed by plain means: majority, name lookup, naive Bayes.

Rows are JSON lines: ``{"name", "kind", "label", "package", "uses"}``; packages of the test rows
should stand in no training row. Heads are compared, with ``array`` for every kind of array, and
places whose type is ``any`` are left out. The pilot on npm packages got 13 to 15 % with naive
Bayes, 8 to 16 with name lookup and 2 to 5 with the majority: library code is far harder than
the applications of ManyTypes4TypeScript.

    .venv/bin/python benches/type_baselines.py TRAIN.jsonl TEST.jsonl [--quick]
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report import Figure, show
from tidemill.core.randomness import stream
from tidemill.metrics.types.answer import TypeAnswer
from tidemill.metrics.types.baselines.guessing import Guesser, TypedName
from tidemill.metrics.types.baselines.majority import Majority
from tidemill.metrics.types.baselines.naive_bayes import NaiveBayes
from tidemill.metrics.types.baselines.name_lookup import NameLookup
from tidemill.metrics.types.scoring import TypeScore, score
from tidemill.metrics.types.vocabulary import TypeVocabulary, vocabulary_of

__all__ = ["BASELINES", "Split", "figures_of", "read_rows", "scores_of"]

SEED = 7
QUICK_ROWS = 2_000

BASELINES: dict[str, Callable[[Sequence[TypedName]], Guesser]] = {
    "majority": Majority,
    "name lookup": NameLookup,
    "naive Bayes": NaiveBayes,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Rows to learn from and rows to be asked for.

    Attributes:
        train: Rows of some packages.
        test: Rows of others.
    """

    train: tuple[TypedName, ...]
    test: tuple[TypedName, ...]

    @property
    def vocabulary(self) -> TypeVocabulary:
        """The heads of the training rows."""
        return vocabulary_of(row.label for row in self.train)


def main() -> None:
    """Read rows, score the baselines and show them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path, help="rows to learn from, as JSON lines")
    parser.add_argument("test", type=Path, help="rows to be asked for")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows to be asked for")
    arguments = parser.parse_args()
    test = tuple(read_rows(arguments.test))
    split = Split(
        train=tuple(read_rows(arguments.train)),
        test=test[:QUICK_ROWS] if arguments.quick else test,
    )
    show("type baselines", [*figures_of(scores_of(split))], quick=arguments.quick)


def read_rows(path: Path) -> Iterator[TypedName]:
    """Read rows from JSON lines."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            facts: dict[str, Any] = json.loads(line)
            facts["uses"] = tuple(facts.get("uses", ()))
            yield TypedName(**facts)


def scores_of(split: Split) -> dict[str, TypeScore]:
    """Have every baseline learn, guess, and be scored."""
    scores = {}
    for name, learn in BASELINES.items():
        guesser = learn(split.train)
        answers = [_answered(row, guesser) for row in split.test]
        scores[name] = score(answers, split.vocabulary, stream(SEED, name))
    return scores


def _answered(row: TypedName, guesser: Guesser) -> TypeAnswer:
    guess = guesser.guess(row)
    return TypeAnswer(
        gold=row.label,
        predicted=guess.label,
        package=row.package,
        kind=row.kind,
        confidence=guess.confidence,
    )


def figures_of(scores: dict[str, TypeScore]) -> Iterator[Figure]:
    """Yield the share of right heads by baseline and group, each beside the majority's."""
    for name, scored in scores.items():
        for group, found in scored.groups.items():
            peer = scores["majority"].groups[group].head.mean
            between = f"{100 * found.head.low:.1f} to {100 * found.head.high:.1f}"
            yield Figure(
                name=f"{name}, {group} ({found.count:,})",
                value=100 * found.head.mean,
                unit="% of heads",
                peer=f"{between} by package; majority {100 * peer:.1f}",
            )


if __name__ == "__main__":
    main()
