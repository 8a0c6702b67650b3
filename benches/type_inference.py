"""How often types are right, on packages that nothing was learnt from.

Asked are the types that authors wrote, in files from which all annotations are blanked: by the
expert that comes with Tidemill, by the TypeScript compiler, by both together (the compiler
where there is no any in what it says, else the expert), and by plain means: the majority, the most
frequent type of the same name, naive Bayes over names and uses. All of them in one run, with
intervals that resample whole packages. Exact types are compared in normal form; heads without
type arguments, where ``X | null`` has the head of ``X`` and all arrays are ``array``; lenient
is the rule of CodeTIDAL5's own script: the text is contained. The published 71.27 % of
CodeTIDAL5 are of other data, and stand beside nothing here.

    .venv/bin/python benches/type_inference.py --prepare
    .venv/bin/python benches/type_inference.py [--quick] [--expert FOLDER]
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from alone import NOBODYS
from type_askers import (
    Asked,
    Said,
    asked_of,
    by_compiler,
    by_expert,
    packages_of,
    typed_names,
)

from report import Figure, show
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings, resolve
from tidemill.corpus.build import build_corpus
from tidemill.corpus.packed import PackedCorpus, open_corpus
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.metrics.types.answer import TypeAnswer
from tidemill.metrics.types.baselines.guessing import Guesser, TypedName
from tidemill.metrics.types.baselines.majority import Majority
from tidemill.metrics.types.baselines.naive_bayes import NaiveBayes
from tidemill.metrics.types.baselines.name_lookup import NameLookup
from tidemill.metrics.types.scoring import TypeScore, score
from tidemill.metrics.types.vocabulary import TypeVocabulary, vocabulary_of
from tidemill.serving.local import local_experts
from tidemill.source.typescript.syntax.wording import says_any

REPOSITORY = Path(__file__).parents[1]
CORPUS = REPOSITORY / "build" / "corpus" / "types"
EXPERT = "types-ts"
SEED = 7
QUICK_FILES = 60
HEADS_TARGET = 0.25
SPEED_TARGET, PUBLISHED_SPEED = 50.0, 8.72
"""Types a second: ours on two cores, and CodeTIDAL5's on an M1 of 2020."""


def main() -> None:
    """Prepare, or measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="build the set")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_FILES} files of each part")
    parser.add_argument("--expert", type=Path, help="another expert than the one that is shipped")
    arguments = parser.parse_args()
    if arguments.prepare:
        if not CORPUS.is_dir():
            build_corpus("types", output=CORPUS, settings=resolve().settings)
        return
    if not CORPUS.is_dir():
        raise SystemExit("the set is not there; build it with --prepare")
    corpus = open_corpus(CORPUS)
    figures = [*measured(corpus, _expert(arguments.expert), quick=arguments.quick)]
    show("type_inference", figures, quick=arguments.quick)


def _expert(folder: Path | None) -> ExpertPackage:
    return open_expert(folder or local_experts(Settings(experts=NOBODYS)).find(EXPERT).folder)


def measured(corpus: PackedCorpus, expert: ExpertPackage, *, quick: bool) -> Iterator[Figure]:
    """Ask everybody, and yield the figures."""
    test = [*packages_of(corpus, "test", QUICK_FILES if quick else None)]
    train = [*packages_of(corpus, "train", 10 * QUICK_FILES if quick else None)]
    learnt = [row for package in train for row in typed_names(package)]
    asked = [one for package in test for one in asked_of(package)]
    vocabulary = vocabulary_of(row.label for row in learnt)
    compiler = [one for package in test for one in by_compiler(package)]
    begun = time.perf_counter()
    model = [one for package in test for one in by_expert(package, expert)]
    rate = sum(one.text is not None for one in model) / (time.perf_counter() - begun)
    sayings = {
        "expert": model,
        "compiler": compiler,
        "both": [
            m if c.text is None or says_any(c.text) else c
            for c, m in zip(compiler, model, strict=True)
        ],
    }
    plain: dict[str, Callable[[Sequence[TypedName]], Guesser]] = {
        "majority": Majority,
        "name lookup": NameLookup,
        "naive Bayes": NaiveBayes,
    }
    for name, learn in plain.items():
        guesser = learn(learnt)
        sayings[name] = [_guessed(guesser, one.row) for one in asked]
    scores = {name: _score(asked, said, vocabulary, name) for name, said in sayings.items()}
    _print_tables(scores)
    yield from _figures(scores, rate)


def _guessed(guesser: Guesser, row: TypedName) -> Said:
    guess = guesser.guess(row)
    return Said(text=guess.label, confidence=guess.confidence)


def _score(
    asked: Sequence[Asked], said: Sequence[Said], vocabulary: TypeVocabulary, name: str
) -> TypeScore:
    answers = [
        TypeAnswer(
            gold=one.row.label,
            predicted=answer.text,
            package=one.row.package,
            kind=one.row.kind,
            confidence=answer.confidence,
            user_defined=one.is_own,
        )
        for one, answer in zip(asked, said, strict=True)
    ]
    return score(answers, vocabulary, stream(SEED, name))


def _print_tables(scores: Mapping[str, TypeScore]) -> None:
    """Print who is right how often, group by group, and what abstaining buys."""
    groups = scores["expert"].groups
    for measure in ("exact", "head", "lenient"):
        print(f"\n{measure}, % of places (intervals by package)")
        print(f"  {'':<14}" + "".join(f"{name:>18}" for name in groups))
        print(f"  {'places':<14}" + "".join(f"{own.count:>18,}" for own in groups.values()))
        for name, scored in scores.items():
            cells = []
            for group in groups:
                found = getattr(scored.groups[group], measure)
                between = f"{100 * found.low:.0f}-{100 * found.high:.0f}"
                cells.append(f"{100 * found.mean:6.1f} ({between:>6})")
            print(f"  {name:<14}" + "".join(f"{cell:>18}" for cell in cells))
    print("\nthe expert when it abstains below a confidence")
    print(f"  {'confidence':>10} {'coverage':>9} {'exact':>7} {'head':>7}")
    curve = scores["expert"].curve
    for point in curve[:: max(1, len(curve) // 10)]:
        print(
            f"  {point.threshold:>10.2f} {100 * point.coverage:>8.1f}%"
            f" {100 * point.exact:>6.1f}% {100 * point.head:>6.1f}%"
        )


def _figures(scores: Mapping[str, TypeScore], rate: float) -> Iterator[Figure]:
    shares = {
        measure: {
            name: 100 * getattr(scored.groups["all"], measure).mean
            for name, scored in scores.items()
        }
        for measure in ("exact", "head", "lenient")
    }
    for measure, found in shares.items():
        others = [name for name in found if name not in {"expert", "both"}]
        peers = ", ".join(f"{name} {found[name]:.1f}" for name in others)
        best = max(found[name] for name in others)
        yield Figure(
            name=f"{measure}, expert",
            value=found["expert"],
            unit="%",
            peer=peers,
            target="heads >= 25 %, above all peers" if measure == "head" else "above all peers",
            met=found["expert"] > best
            and (measure != "head" or found["expert"] >= 100 * HEADS_TARGET),
        )
        alone = max(found["expert"], found["compiler"])
        yield Figure(
            name=f"{measure}, both",
            value=found["both"],
            unit="%",
            peer=f"expert {found['expert']:.1f}, compiler {found['compiler']:.1f}",
            target="above either alone",
            met=found["both"] > alone,
        )
    yield Figure(
        name="calibration error of exact types",
        value=scores["expert"].exact_calibration.error,
        unit="",
        peer="the published server says 1.0 of every type",
    )
    yield Figure(
        name="types a second",
        value=rate,
        unit="/s",
        peer=f"CodeTIDAL5 on an M1: {PUBLISHED_SPEED}",
        target=f">= {SPEED_TARGET:.0f}",
        met=rate >= SPEED_TARGET,
    )


if __name__ == "__main__":
    main()
