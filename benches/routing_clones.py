"""The router that comes with Tidemill: which clone expert reads code whose language nobody says.

It learns from what the experts' own sets have in their train parts. What is valid there falls into
two halves by problem: one chooses map, threshold and temperature, the other is held out, and with
it are the Code Jam programs, which are for measuring alone. Whoever answers reads code as a server
does where no language is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from grouped import by_group
from numpy.typing import NDArray

from tidemill.core.hashing import content_hash
from tidemill.core.randomness import stream
from tidemill.corpus.example import Example
from tidemill.corpus.packed import open_corpus
from tidemill.experts.manifest import Metric, Training
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.packing import write_expert
from tidemill.experts.registry import SHIPPED
from tidemill.metrics.ranking import ranking_of, reciprocal_rank
from tidemill.models.routing import TextRouter
from tidemill.serving.embedder import CodeText, Embedder, open_embedder
from tidemill.training.routing.drafting import (
    confidences_of,
    router_config_of,
    router_draft,
    text_router,
)
from tidemill.training.routing.learning import Labelled, LearntCategories, learn_categories
from tidemill.training.routing.mapping import ExpertMap, fit_map
from tidemill.training.routing.measuring import RoutingReport, routing_report
from tidemill.training.routing.recipes import CLONES

__all__ = [
    "CORPORA",
    "EXPERTS",
    "NAME",
    "SETS",
    "Held",
    "held",
    "measured",
    "others",
    "sure_of",
    "train",
]

CORPORA = Path(__file__).parents[1] / "build" / "corpus"
SETS = ("poj104", "translation-java-cs", "gcj-java", "cloze-maxmin")
NAME = "routing-clones"
EXPERTS = ("clones-c-terms", "clones-c", "clones-java")
CATEGORIES = {"C++": ("poj104", "cpp"), "Java": ("translation-java-cs", "java")}
CATEGORIES |= {"C#": ("translation-java-cs", "csharp")}
LEARNT = 6_000
"""Of each category."""

MEMBERS = 40
"""Programs of a problem at most."""

METRICS = ("routed", "base", "best_single", "category_oracle", "accuracy", "coverage")
ABOUT = """\
Names the clone expert for code whose language nobody says. It tells C++, Java and C# apart by
words and marks of punctuation; for each, that expert answers which did best on valid programs.

## Limits

It learnt from contest programs in C++ and from library methods in Java and C#. Whole Java programs
of a contest look like C++ to it for the most part, and the expert for those is better at them.
It knows no other language: {others:.0%} of functions in five others it is sure about all the same.
The figures are means over held-out programs (part `test`): average precision among a problem's
programs, or the reciprocal rank of a method's translation, by whoever answers without being told
the language. `category_oracle` is the best expert for each of the four kinds: C++ programs, Java
programs, Java methods, C# methods.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Programs that nobody learnt from, of one kind.

    Attributes:
        name: Of the kind.
        label: Place of its category.
        examples: The programs.
        others: For translations, the other halves in the same order.
    """

    name: str
    label: int
    examples: Sequence[Example]
    others: Sequence[Example] = ()


def train(folder: Path) -> ExpertPackage:
    """Learn, choose the map on one half, measure on the other, and write the expert.

    Args:
        folder: Where to; nothing is there.
    """
    learnt = _learnt()
    half = _asked(held(0))
    confidences = confidences_of(learnt, CLONES, half.texts)
    best = int(half.scores.mean(axis=0).argmax())
    config = router_config_of(
        learnt,
        CLONES,
        answers="clones",
        categories=tuple(CATEGORIES),
        experts=EXPERTS,
        fitted=fit_map(half.scores, confidences, default=best),
    )
    router = text_router(learnt, config)
    report = measured(router, held(1))
    draft = router_draft(
        NAME,
        learnt,
        config,
        training=Training(
            recipe=NAME,
            recipe_hash=CLONES.hash,
            steps=learnt.steps,
            seed=CLONES.seed,
            data_hash=_data_hash(),
        ),
        metrics=tuple(
            Metric(name=name, value=report.figures[name], data="clone-kinds", split="test")
            for name in METRICS
        ),
        about=ABOUT.format(others=sure_of(router, others())),
    )
    return write_expert(folder, draft)


def measured(router: TextRouter, kinds: Sequence[Held]) -> RoutingReport:
    """Measure a router; its oracle knows the kind of each program, which is more than its category.

    Args:
        router: As it is served.
        kinds: What is asked.
    """
    asked, config = _asked(kinds), router.config
    fitted = ExpertMap(
        experts=np.array([EXPERTS.index(name) for name in config.experts]),
        default=EXPERTS.index(config.default),
        least_confidence=config.least_confidence,
    )
    report = routing_report(asked.scores, router.confidences(asked.texts), asked.labels, fitted)
    return replace(report, category_oracle=asked.oracle)


def held(half: int, *, members: int = MEMBERS) -> list[Held]:
    """Return one half of the programs that nobody learnt from.

    Args:
        half: 0 chooses, 1 is held out.
        members: Programs of a problem at most.
    """
    methods = _translations(half)
    programs = _by_problem("poj104", "valid", members)[half::2]
    kinds = [
        Held(name="C++ programs", label=0, examples=[one for own in programs for one in own]),
        Held(name="Java methods", label=1, examples=methods[0], others=methods[1]),
        Held(name="C# methods", label=2, examples=methods[1], others=methods[0]),
    ]
    if half:
        measured_alone = _by_problem("gcj-java", "test", members)
        examples = [one for own in measured_alone for one in own]
        kinds.append(Held(name="Java programs", label=1, examples=examples))
    return kinds


def others() -> list[str]:
    """Return functions in languages that are none of the categories."""
    found = open_corpus(CORPORA / "cloze-maxmin").examples("test")
    return [one.code for one in found if one.language != "java"]


def sure_of(router: TextRouter, texts: Sequence[str]) -> float:
    """Return the share of texts about which a router is sure."""
    return float(np.mean([verdict.is_sure for verdict in router.verdicts(texts)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Programs with what each expert makes of them."""

    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    oracle: float


@cache
def _embedders() -> tuple[Embedder, ...]:
    return tuple(open_embedder(open_expert(SHIPPED / name)) for name in EXPERTS)


def _asked(kinds: Sequence[Held]) -> _Asked:
    examples = [one for kind in kinds for one in kind.examples]
    scores = [
        np.stack([_quality(kind, embedder) for embedder in _embedders()], axis=1) for kind in kinds
    ]
    return _Asked(
        texts=tuple(one.code for one in examples),
        labels=np.repeat([kind.label for kind in kinds], [len(kind.examples) for kind in kinds]),
        scores=np.concatenate(scores).astype(np.float64),
        oracle=sum(len(own) * float(own.mean(axis=0).max()) for own in scores) / len(examples),
    )


def _quality(kind: Held, embedder: Embedder) -> NDArray[np.float64]:
    """Return how well one expert answers each program of a kind."""
    vectors = embedder.code(_unnamed(kind.examples))
    if not kind.others:
        return by_group(vectors, [one.group for one in kind.examples]).map_at_r
    likeness = vectors @ embedder.code(_unnamed(kind.others)).T
    return reciprocal_rank(ranking_of(likeness, np.eye(len(likeness))))


def _unnamed(examples: Sequence[Example]) -> list[CodeText]:
    """Return code as a server gets it where nobody says its language."""
    return [CodeText(text=one.code.encode(), language="", graph=b"") for one in examples]


def _learnt() -> LearntCategories:
    chance = stream(CLONES.seed, "programs")
    texts: dict[str, list[str]] = {"train": [], "valid": []}
    labels: dict[str, list[int]] = {"train": [], "valid": []}
    # The temperature is chosen too, so not by what is held out.
    choosing = {(kind.label, one.group) for kind in held(0) for one in kind.examples}
    for label, (name, language) in enumerate(CATEGORIES.values()):
        for part, most in (("train", LEARNT), ("valid", LEARNT // 10)):
            examples = open_corpus(CORPORA / name).examples(part)
            own = [one for one in examples if one.language == language]
            taken = chance.sample(own, min(most, len(own)))
            if part == "valid":
                taken = [one for one in taken if (label, one.group) in choosing]
            texts[part] += [one.code for one in taken]
            labels[part] += [label] * len(taken)
    parts = {part: Labelled(texts=tuple(texts[part]), labels=tuple(labels[part])) for part in texts}
    return learn_categories(parts["train"], parts["valid"], len(CATEGORIES), recipe=CLONES)


def _by_problem(name: str, part: str, members: int) -> list[list[Example]]:
    """Return the programs of each problem, so many at most."""
    found: dict[str, list[Example]] = {}
    for one in open_corpus(CORPORA / name).examples(part):
        found.setdefault(one.group, []).append(one)
    return [found[problem][:members] for problem in sorted(found)]


def _translations(half: int) -> tuple[list[Example], list[Example]]:
    """Return every other Java method, and its C# form."""
    sides: dict[str, dict[str, Example]] = {}
    for one in open_corpus(CORPORA / "translation-java-cs").examples("valid"):
        sides.setdefault(one.group, {})[one.language] = one
    both = [sides[group] for group in sorted(sides) if len(sides[group]) == 2][half::2]
    return [one["java"] for one in both], [one["csharp"] for one in both]


def _data_hash() -> str:
    return content_hash(repr([open_corpus(CORPORA / name).hash for name in SETS]).encode())
