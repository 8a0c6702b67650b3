"""Scores of predictions, group by group."""

import json
import math
from typing import Any

import pytest

from tidemill.core.errors import InputError
from tidemill.core.randomness import stream
from tidemill.metrics.types.answer import TypeAnswer
from tidemill.metrics.types.scoring import TypeScore, score
from tidemill.metrics.types.vocabulary import TypeVocabulary, vocabulary_of

VOCABULARY = vocabulary_of(["string", "string", "Promise<X>", "number"])


def answer(gold: str, predicted: str | None, **facts: Any) -> TypeAnswer:
    given = {"package": "p", "kind": "parameter", **facts}
    return TypeAnswer(gold=gold, predicted=predicted, **given)


def scored(*answers: TypeAnswer, vocabulary: TypeVocabulary = VOCABULARY) -> TypeScore:
    return score(answers, vocabulary, stream(1, "score"), resamples=200)


def test_three_rules() -> None:
    found = scored(
        answer("Array<string>", "string[]"),
        answer("Promise<A>", "Promise<B>"),
        answer("number", "numberOfThings"),
        answer("T", "string"),
        answer("string", None),
    ).groups["all"]
    assert found.count == 5
    assert found.coverage == pytest.approx(4 / 5)
    assert found.exact.mean == pytest.approx(1 / 5)
    assert found.head.mean == pytest.approx(2 / 5)
    # The published rule takes numberOfThings for number, and string for T, but no form for another.
    assert found.lenient.mean == pytest.approx(2 / 5)


def test_groups() -> None:
    found = scored(
        answer("string", "string"),
        answer("Promise<Y>", "Promise<Y>", kind="return"),
        answer("Widget", "string", user_defined=True),
        answer("Widget", "Widget", user_defined=True, kind="field"),
    ).groups
    assert list(found) == [
        "all",
        "top_100",
        "user_defined",
        "out_of_vocabulary",
        "kind:field",
        "kind:parameter",
        "kind:return",
    ]
    assert {name: group.count for name, group in found.items()} == {
        "all": 4,
        "top_100": 2,
        "user_defined": 2,
        "out_of_vocabulary": 2,
        "kind:field": 1,
        "kind:parameter": 2,
        "kind:return": 1,
    }
    assert found["top_100"].exact.mean == 1.0
    assert found["user_defined"].exact.mean == 0.5
    assert found["kind:parameter"].head.mean == 0.5


def test_the_hundred_and_first_head_is_not_of_the_top() -> None:
    # Equally frequent, so the order is that of the alphabet.
    wide = vocabulary_of(f"T{number:03}" for number in range(101))
    answers = [answer("T099", "T099"), answer("T100", "T100")]
    assert scored(*answers, vocabulary=wide).groups["top_100"].count == 1


def test_any_is_left_out_and_unknown_is_never_right() -> None:
    found = scored(answer("any", "any"), answer("UNK", "UNK"), answer("string", "string"))
    assert found.excluded == 1
    assert found.groups["all"].count == 2
    assert found.groups["all"].exact.mean == 0.5
    assert found.groups["all"].lenient.mean == 0.5


def test_intervals_resample_packages() -> None:
    answers = [answer("string", "string", package="a") for _ in range(50)]
    answers += [answer("string", "number", package="b") for _ in range(50)]
    found = scored(*answers).groups["all"].exact
    assert (found.resampled, found.units) == ("clusters", 2)
    assert (found.low, found.mean, found.high) == (0.0, 0.5, 1.0)


def test_the_same_stream_gives_the_same_score() -> None:
    answers = [answer("string", "string", package=str(place % 7)) for place in range(40)]
    assert scored(*answers) == scored(*answers)


def test_who_is_asked_for_the_surest_is_right_more_often() -> None:
    found = scored(
        answer("string", "string", confidence=0.9),
        answer("string", "number", confidence=0.6),
        answer("string", None),
    )
    assert [(point.threshold, point.exact) for point in found.curve] == [(0.9, 1.0), (0.6, 0.5)]
    assert found.curve[-1].coverage == pytest.approx(2 / 3)
    assert found.exact_calibration.error == pytest.approx((0.1 + 0.6) / 2)
    assert sum(entry.count for entry in found.head_calibration.bins) == 2


def test_nothing_predicted_is_scored_too() -> None:
    found = scored(answer("string", None))
    assert found.groups["all"].exact.mean == 0.0
    assert found.groups["all"].coverage == 0.0
    assert found.curve == ()
    assert found.exact_calibration.error == 0.0


def test_its_facts_are_ready_for_json() -> None:
    facts = json.loads(json.dumps(scored(answer("string", "string")).to_dict()))
    assert facts["groups"]["all"]["exact"]["mean"] == 1.0
    assert facts["excluded"] == 0
    assert facts["curve"][0]["coverage"] == 1.0
    assert facts["exact_calibration"]["error"] == 0.0
    assert facts["head_calibration"]["bins"][-1]["count"] == 1


def test_without_a_type_to_be_found_there_is_no_score() -> None:
    with pytest.raises(InputError, match="of 1 answers none has a type to be found"):
        scored(answer("any", "any"))


@pytest.mark.parametrize("confidence", [-0.1, 1.1, math.nan, math.inf])
def test_a_confidence_is_a_chance(confidence: float) -> None:
    with pytest.raises(InputError, match="is out of range"):
        answer("string", "string", confidence=confidence)
