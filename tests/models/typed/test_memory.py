"""What names were elsewhere, counted and asked."""

import json
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.typed.small import FORGETFUL
from tidemill.core.errors import ExpertError
from tidemill.models.typed.memory import OTHER, Counts, NameMemory, features_of

TYPES = (OTHER, "string", "number", "Map<string, number>")
Place = tuple[str, int]
"""A feature, and the number of the type beside it."""

PLACES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, len(TYPES) - 1)), max_size=40)


def counted(places: Sequence[Place]) -> Counts:
    """What places tell of their features, and of all types under the empty one."""
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for feature, place in places:
        found[OTHER][place] += 1
        found[feature][place] += 1
    return found


def memory_of(places: Sequence[Place]) -> NameMemory:
    counts = counted(places)
    return NameMemory(
        types=TYPES,
        totals=np.array([counts[OTHER][number] for number in range(len(TYPES))], dtype=np.float64),
        rows={
            feature: (np.array([*own]), np.array([*own.values()], dtype=np.float64))
            for feature, own in counts.items()
            if feature != OTHER
        },
    )


def told(memory: NameMemory, *features: str, most: int = 4) -> list[tuple[str, float]]:
    return memory.guesses(features, most=most)


def test_guesses_follow_what_was_counted() -> None:
    memory = memory_of([("a", 1)] * 8 + [("a", 2)] * 2 + [("b", 2)] * 9 + [("b", 3)] + [("c", 0)])
    assert [text for text, _ in told(memory, "a", most=1)] == ["string"]
    assert [text for text, _ in told(memory, "b", most=2)] == ["number", "Map<string, number>"]
    (best, share), *_ = told(memory, "a")
    assert best == "string"
    assert share == pytest.approx(0.75, abs=0.1)
    # What is the same beside every type decides nothing.
    assert told(memory, "a", "unheard of") == told(memory, "a")


def test_by_bayes_rule() -> None:
    memory = memory_of([("a", 1)] * 6 + [("b", 2)] * 3 + [("b", 1)])
    prior = np.array([0, 7, 3, 0]) / 10 + 1e-12
    seen = {"a": np.array([0, 6, 0, 0]), "b": np.array([0, 1, 3, 0])}
    chances = prior.copy()
    for own in seen.values():
        chances *= (own + 2 * prior) / (own.sum() + 2) / prior
    chances /= chances.sum()
    found = dict(told(memory, "a", "b"))
    assert found["string"] == pytest.approx(chances[1], abs=1e-5)
    assert found["number"] == pytest.approx(chances[2], abs=1e-5)


def test_the_class_of_other_types_takes_its_share_and_is_no_guess() -> None:
    memory = memory_of([("a", 0)] * 9 + [("a", 1)])
    found = told(memory, "a")
    assert OTHER not in dict(found)
    assert found[0][0] == "string"
    assert found[0][1] == pytest.approx(0.1, abs=0.05)


def test_equally_likely_types_come_as_they_are_listed() -> None:
    memory = memory_of([("a", number) for number in (3, 2, 1)])
    assert [text for text, _ in told(memory, "a")] == list(TYPES[1:])
    assert len(told(memory, "a", most=2)) == 2
    assert told(memory, "a", most=0) == []


def test_a_memory_that_has_counted_nothing_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert told(FORGETFUL, "a", "b") == []
        assert told(FORGETFUL.without({OTHER: Counter({0: 5}), "a": Counter({0: 5})}), "a") == []
        assert told(NameMemory.from_json(FORGETFUL.to_json().encode()), "a") == []


@given(places=PLACES, asked=st.lists(st.sampled_from("abcd"), max_size=6))
def test_shares_are_chances_most_likely_first(places: list[Place], asked: list[str]) -> None:
    found = told(memory_of(places), *asked)
    shares = [share for _, share in found]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) <= 1 + 1e-9
    assert len({text for text, _ in found}) == len(found) == len(TYPES) - 1


@given(own=PLACES, others=PLACES, asked=st.lists(st.sampled_from("abcd"), max_size=6))
def test_without_a_family_is_as_if_it_had_never_been_seen(
    own: list[Place], others: list[Place], asked: list[str]
) -> None:
    found = memory_of(own + others).without(counted(own))
    assert told(found, *asked) == told(memory_of(others), *asked)
    # What it was made from remembers everything.
    assert told(memory_of(own + others), *asked) == told(found.without({}), *asked)


@given(places=PLACES, asked=st.lists(st.sampled_from("abcd"), max_size=6))
def test_what_is_written_is_read_again(places: list[Place], asked: list[str]) -> None:
    memory = memory_of(places)
    again = NameMemory.from_json(memory.to_json().encode())
    assert told(again, *asked) == told(memory, *asked)
    assert again.to_json() == memory.to_json()
    assert (tuple(again.types), again.totals.tolist()) == (TYPES, memory.totals.tolist())


WHOLE = {"types": ["", "a"], "totals": [1, 2], "rows": {"n x": [[0, 1], [1, 2]]}}


@pytest.mark.parametrize(
    "changes",
    [
        {"types": []},
        {"types": ["", "a", "b"]},
        {"types": 3},
        {"totals": [1]},
        {"totals": [1, -2]},
        {"totals": [1, float("nan")]},
        {"totals": [1, float("inf")]},
        {"totals": [1, 10**400]},
        {"totals": [1, "many"]},
        {"rows": []},
        {"rows": {"n x": [[2, 1]]}},
        {"rows": {"n x": [[-1, 1]]}},
        {"rows": {"n x": [[0, -1]]}},
        {"rows": {"n x": [[0, float("nan")]]}},
        {"rows": {"n x": [[float("nan"), 1]]}},
        {"rows": {"n x": [[0, float("inf")]]}},
        {"rows": {"n x": [0]}},
        {"rows": {"n x": [[0], [1, 2]]}},
    ],
)
def test_counts_that_are_none_are_refused(changes: dict[str, object]) -> None:
    assert NameMemory.from_json(json.dumps(WHOLE).encode()).types == ("", "a")
    with pytest.raises(ExpertError, match="the expert's memory cannot be read"):
        NameMemory.from_json(json.dumps(WHOLE | changes).encode())


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"types": [""]}', b"[" * 200_000]
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(ExpertError, match="the expert's memory cannot be read"):
        NameMemory.from_json(data)


def test_places_are_counted_by_kind_name_parts_and_uses() -> None:
    uses = ["=", "load", ".", "push", ".", "map", "send", "(", "<-", "count", "return", "all"]
    assert features_of("variable", "reedNames", uses) == [
        *("k variable", "n variable reednames", "p reed", "p names", "l variable names"),
        *("u = load", "u . push", "u . map", "u send (", "u <- count", "u return all"),
    ]
    assert features_of("return", "", []) == ["k return", "n return "]
    assert features_of("field", "x", ["."]) == ["k field", "n field x", "p x", "l field x"]


@given(kind=st.text(), name=st.text(), uses=st.lists(st.text()))
def test_no_feature_is_counted_twice_or_is_that_of_all(
    kind: str, name: str, uses: list[str]
) -> None:
    found = features_of(kind, name, uses)
    assert len(found) == len({*found})
    assert OTHER not in found
