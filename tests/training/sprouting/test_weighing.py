"""The map of a router of sprouts, over experts whose answers are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typing_extensions import override

from tidemill.core.progress import Silence
from tidemill.core.settings import Settings
from tidemill.training.routing.mapping import Scores
from tidemill.training.sprouting.judging import Asked, Judge
from tidemill.training.sprouting.queries import Category, PackageQueries
from tidemill.training.sprouting.weighing import BASE, JudgedPart, JudgedParts, weighed

PACKAGES = 8
TEXTS = 40
FOUND, MISSED = 0.8, 0.5

WEAK = 3
"""The package whose sprout is worse there than the base."""

BARE = 5
"""The package without a sprout."""

OWNERS = [BASE if label == BARE else label + 1 for label in range(PACKAGES)]


class KnownJudge(Judge):
    """Answers by who owns a text's package, and remembers what was asked."""

    asked: dict[str, np.ndarray]

    @override
    def scores(self, texts: PackageQueries, part: str, asked: Sequence[Asked]) -> Scores:
        found = np.full((len(texts), PACKAGES + 1), np.nan)
        for one in asked:
            found[one.chosen, one.expert] = truth(texts)[one.chosen, one.expert]
        before = self.asked.get(part, np.zeros_like(found, dtype=np.bool_))
        if before.shape == found.shape:
            self.asked[part] = before | ~np.isnan(found)
        return found


def truth(texts: PackageQueries) -> Scores:
    """Everybody finds what the base finds, and a sprout more in its own package."""
    chance = np.random.default_rng(len(texts))
    found = np.full((len(texts), PACKAGES + 1), MISSED) + chance.normal(0, 0.01, (len(texts), 1))
    for label in range(PACKAGES):
        gain = {WEAK: -0.2, BARE: 0.0}.get(label, FOUND - MISSED)
        found[texts.labels == label, label + 1] += gain
    # A sprout of another package is a little worse than the base.
    others = np.arange(1, PACKAGES + 1)[None, :] != texts.labels[:, None] + 1
    found[:, 1:] -= 0.02 * others
    return found


def part(name: str, right: float, packages: Sequence[int] = range(PACKAGES)) -> JudgedPart:
    """Texts of packages; the router is wrong about some of them, and then less sure."""
    categories = [
        Category(name=str(label), title="", language="python", pairs=Path(), hash="")
        for label in packages
    ]
    labels = np.repeat(np.arange(len(packages)), TEXTS)
    texts = PackageQueries(
        packages=categories,
        texts=tuple(map(str, range(len(labels)))),
        labels=labels,
        places=np.tile(np.arange(TEXTS), len(packages)),
    )
    wrong = np.arange(len(labels)) % TEXTS >= right * TEXTS
    taken = np.where(wrong, (labels + 1) % PACKAGES, labels)
    confidences = np.full((len(labels), PACKAGES), 0.02, dtype=np.float32)
    confidences[np.arange(len(labels)), taken] = np.where(wrong, 0.4, 0.86)
    return JudgedPart(name=name, texts=texts, confidences=confidences)


def judge() -> KnownJudge:
    made = KnownJudge(
        folder=Path(), experts=(), candidates=8, settings=Settings(), progress=Silence()
    )
    made.asked = {}
    return made


def parts(right: float = 0.7, strays: Sequence[int] = ()) -> JudgedParts:
    return JudgedParts(
        valid=part("valid", right),
        test=part("test", right),
        strays=part("stray", 0.0, strays),
        owners=OWNERS,
    )


@pytest.mark.claim("coe.regret")
def test_routed_sprouts_lose_less_than_half_of_what_the_best_single_one_loses() -> None:
    found = weighed(judge(), parts())
    report = found.test
    assert report.routed > report.base
    assert report.routed > report.best_single
    assert report.regret <= 0.5 * report.single_regret
    assert report.coverage == pytest.approx(0.7)
    assert report.sure_accuracy == 1.0


def test_who_is_no_better_than_the_base_is_not_asked() -> None:
    found = weighed(judge(), parts())
    assert found.fitted.experts[WEAK] == found.fitted.experts[BARE] == BASE
    others = [label for label in range(PACKAGES) if label not in {WEAK, BARE}]
    assert found.fitted.experts[others].tolist() == [label + 1 for label in others]


def test_no_more_is_asked_than_the_map_and_the_oracle_need() -> None:
    one = judge()
    weighed(one, parts())
    texts = part("test", 0.7).texts
    asked = one.asked["test"]
    assert asked[:, BASE].all()
    own = np.array(OWNERS)[texts.labels]
    assert asked[np.arange(len(texts)), own].all()
    assert asked.sum() < 0.5 * asked.size


def test_the_best_single_expert_is_found_by_asking_about_other_packages() -> None:
    class Better(KnownJudge):
        @override
        def scores(self, texts: PackageQueries, part: str, asked: Sequence[Asked]) -> Scores:
            found = super().scores(texts, part, asked)
            found[:, 3] += 0.1
            return found

    one = Better(folder=Path(), experts=(), candidates=8, settings=Settings(), progress=Silence())
    one.asked = {}
    found = weighed(one, parts())
    assert found.best_single == 3
    assert found.valid["best_single"] > found.valid["base"]
    assert weighed(judge(), parts()).best_single != WEAK + 1


def test_queries_of_unknown_packages_are_told_apart_from_the_held_out_ones() -> None:
    found = weighed(judge(), parts(strays=range(2)))
    assert found.strays["texts"] == 2 * TEXTS
    assert found.strays["coverage"] == 0.0
    assert found.strays["routed"] == found.strays["base"]
    assert weighed(judge(), parts()).strays == {}


def test_of_one_package_the_base_stays_the_best_single_expert() -> None:
    found = weighed(
        judge(),
        JudgedParts(
            valid=part("valid", 1.0, range(1)),
            test=part("test", 1.0, range(1)),
            strays=part("stray", 0.0, ()),
            owners=[1],
        ),
    )
    assert found.best_single == BASE
    assert found.fitted.experts.tolist()[0] == 1
    assert found.test.regret == pytest.approx(0.0)
