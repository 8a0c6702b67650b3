"""Near sequences against the comparison of all with all."""

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.core.randomness import stream
from tidemill.metrics.near_sequences import CROWD, RUN, NearPair, near_sequences, shared_runs
from tidemill.metrics.sequences import likeness


def runs(sequence: list[int]) -> set[tuple[int, ...]]:
    return {tuple(sequence[at : at + RUN]) for at in range(len(sequence) - RUN + 1)}


def all_with_all(sequences: list[list[int]], least: float) -> set[tuple[int, int]]:
    """Every pair that has enough runs and enough of all in common."""
    found = set()
    for left, right in combinations(range(len(sequences)), 2):
        one, two = runs(sequences[left]), runs(sequences[right])
        shared = 2 * len(one & two) / (len(one) + len(two)) if one and two else 0
        near = likeness(sequences[left], sequences[right])
        if shared and shared + 1e-9 >= shared_runs(least) and near + 1e-9 >= least:
            found.add((left, right))
    return found


def edited(sequence: list[int], chance: random.Random, edits: int) -> list[int]:
    """A sequence with some signs taken out and some put in."""
    changed = list(sequence)
    for _ in range(edits):
        place = chance.randrange(len(changed))
        if chance.random() < 0.5 and len(changed) > 1:
            del changed[place]
        else:
            changed.insert(place, chance.randrange(30))
    return changed


def family(seed: int, count: int) -> list[list[int]]:
    """Originals, and copies of them with more and more edits."""
    chance = stream(seed, "near sequences")
    originals = [[chance.randrange(30) for _ in range(chance.randrange(4, 70))] for _ in range(8)]
    return [edited(chance.choice(originals), chance, chance.randrange(30)) for _ in range(count)]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.6, 0.75, 0.9, 1.0]))
def test_no_pair_is_missed_and_none_is_invented(seed: int, least: float) -> None:
    sequences = family(seed, 40)
    found = list(near_sequences(sequences, likeness=least))
    pairs = {(pair.left, pair.right) for pair in found}
    assert len(pairs) == len(found)
    assert pairs == all_with_all(sequences, least)
    for pair in found:
        assert pair.likeness == likeness(sequences[pair.left], sequences[pair.right])


@settings(max_examples=30)
@given(st.integers(0, 1_000), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(seed: int, chance: random.Random) -> None:
    sequences = family(seed, 25)
    order = list(range(len(sequences)))
    chance.shuffle(order)
    shuffled = list(near_sequences([sequences[at] for at in order], likeness=0.7))
    as_before = {
        (*sorted((order[pair.left], order[pair.right])), pair.likeness) for pair in shuffled
    }
    plain = near_sequences(sequences, likeness=0.7)
    assert as_before == {(pair.left, pair.right, pair.likeness) for pair in plain}


def test_a_pair_by_hand() -> None:
    sequences = [list(range(20)), list(range(100, 120)), [*range(10), 99, *range(10, 20)]]
    assert list(near_sequences(sequences, likeness=0.9)) == [
        NearPair(left=0, right=2, likeness=40 / 41)
    ]


@pytest.mark.parametrize("sequences", [[], [[]], [[1], [1]], [[1, 2, 3], [1, 2, 3]]])
def test_what_is_too_short_has_no_partner(sequences: list[list[int]]) -> None:
    assert list(near_sequences(sequences, likeness=0.5)) == []


def test_large_signs_are_told_apart() -> None:
    top = (1 << 32) - 1
    sequences = [[top - at for at in range(10)], [top - at for at in range(10)], [*range(10)]]
    assert [(pair.left, pair.right) for pair in near_sequences(sequences, likeness=0.9)] == [(0, 1)]


def test_a_crowd_does_not_cost_the_square_of_its_size() -> None:
    chance = stream(0, "crowd")
    middle = [chance.randrange(1_000) for _ in range(100)]
    count = 2 * CROWD
    crowd = [[*middle[: at % 90], 2_000 + at, *middle[at % 90 :]] for at in range(count)]
    pairs = list(near_sequences(crowd, likeness=0.9))
    assert {side for pair in pairs for side in (pair.left, pair.right)} == set(range(count))
    # The first CROWD + 1 are compared with each other, the others with one of them.
    assert len(pairs) == CROWD * (CROWD + 1) // 2 + count - CROWD - 1


def test_progress_is_told() -> None:
    told: list[tuple[int, int | None]] = []

    class Listener:
        def advance(self, done: int, total: int | None, note: str) -> None:
            assert note
            told.append((done, total))

    list(near_sequences(family(1, 130), likeness=0.7, progress=Listener()))
    assert told == [(0, 130), (64, 130), (128, 130)]
