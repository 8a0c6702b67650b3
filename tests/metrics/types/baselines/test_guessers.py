"""Baselines: what each learns, and what it says of names that it has never seen."""

import math
from collections.abc import Callable, Sequence

import pytest

from tidemill.core.errors import InputError
from tidemill.metrics.types.baselines.guessing import Guess, Guesser, TypedName
from tidemill.metrics.types.baselines.majority import Majority
from tidemill.metrics.types.baselines.naive_bayes import NaiveBayes
from tidemill.metrics.types.baselines.name_lookup import NameLookup
from tidemill.metrics.types.baselines.subtokens import subtokens_of

Learner = Callable[[Sequence[TypedName]], Guesser]
each_learner = pytest.mark.parametrize("learn", [Majority, NameLookup, NaiveBayes])


def row(name: str, label: str, kind: str = "parameter", *uses: str) -> TypedName:
    return TypedName(name=name, kind=kind, label=label, package="p", uses=uses)


ROWS = [
    row("userName", "string", "parameter", "trim", "split"),
    row("fileName", "string", "parameter", "trim"),
    row("count", "number", "parameter", "toFixed"),
    row("count", "number", "variable"),
    row("count", "string", "variable"),
    row("count", "number", "variable"),
    row("load", "Promise", "return", "then"),
    row("save", "Promise", "return"),
    row("run", "void", "return"),
]


def test_the_majority_is_that_of_the_kind() -> None:
    found = Majority(ROWS)
    assert found.guess(row("x", "?", "return")) == Guess(label="Promise", confidence=2 / 3)
    assert found.guess(row("x", "?")) == Guess(label="string", confidence=2 / 3)
    # Of a kind that was never seen: three are a string and three a number.
    assert found.guess(row("x", "?", "field")) == Guess(label="number", confidence=3 / 9)


def test_a_name_is_looked_up_from_near_to_far() -> None:
    found = NameLookup(ROWS)
    assert found.guess(row("count", "?", "variable")) == Guess(label="number", confidence=2 / 3)
    # Never a field, but a name that is known: three of four.
    assert found.guess(row("count", "?", "field")) == Guess(label="number", confidence=3 / 4)
    # Not a known name, but its last word is.
    assert found.guess(row("pathName", "?")) == Guess(label="string", confidence=1.0)
    # Nothing of it is known but the kind.
    assert found.guess(row("zzz", "?", "return")) == Guess(label="Promise", confidence=2 / 3)
    assert found.guess(row("", "?", "return")) == Guess(label="Promise", confidence=2 / 3)


def test_naive_bayes_weighs_words_and_uses() -> None:
    found = NaiveBayes(ROWS)
    assert found.guess(row("pathName", "?")).label == "string"
    assert found.guess(row("zzz", "?", "parameter", "toFixed")).label == "number"
    assert found.guess(row("zzz", "?", "parameter", "trim")).label == "string"
    assert found.guess(row("zzz", "?", "return", "then")).label == "Promise"


def test_naive_bayes_by_hand() -> None:
    found = NaiveBayes([row("a", "A"), row("b", "B")], smoothing=1.0).guess(row("a", "?"))
    # Five features (the kind; a and b as names and as words), three of each label: the kind is
    # as likely for both, name and word of "a" twice as likely for A.
    assert found.label == "A"
    assert found.confidence == pytest.approx(4 / (4 + 1))


def test_naive_bayes_of_nothing_known_is_the_prior() -> None:
    rows = [row("a", "A"), row("b", "A"), row("c", "B")]
    found = NaiveBayes(rows).guess(row("z", "?", "field"))
    assert found.label == "A"
    assert found.confidence == pytest.approx(2 / 3)


@each_learner
def test_the_order_of_the_rows_does_not_matter(learn: Learner) -> None:
    asked = [*ROWS, row("pathName", "?"), row("zzz", "?", "field")]
    straight, mixed = learn(ROWS), learn(ROWS[::-1])
    for one in asked:
        left, right = straight.guess(one), mixed.guess(one)
        assert left.label == right.label
        assert left.confidence == pytest.approx(right.confidence)
        assert 0.0 <= left.confidence <= 1.0


@each_learner
def test_of_nothing_nothing_is_learnt(learn: Learner) -> None:
    with pytest.raises(InputError, match=r"no rows|0 rows"):
        learn([])


@pytest.mark.parametrize("smoothing", [0.0, -1.0, math.nan])
def test_smoothing_adds_something(smoothing: float) -> None:
    with pytest.raises(InputError, match="teach nothing"):
        NaiveBayes(ROWS, smoothing=smoothing)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("parseHTMLNode2", ("parse", "html", "node", "2")),
        ("_private__name", ("private", "name")),
        ("$el", ("el",)),
        ("MAX_SIZE", ("max", "size")),
        ("größeÄndern", ("größeändern",)),
        ("", ()),
        ("__", ()),
    ],
)
def test_words_of_names(name: str, words: tuple[str, ...]) -> None:
    assert subtokens_of(name) == words
