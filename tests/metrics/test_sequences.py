"""The longest common subsequence against the table of the textbook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.metrics.sequences import Pattern, likeness

signs = st.lists(st.integers(0, 5), max_size=90)


def by_table(left: list[int], right: list[int]) -> int:
    """The length of the longest common subsequence, cell by cell."""
    row = [0] * (len(right) + 1)
    for one in left:
        before = row
        row = [0]
        for place, other in enumerate(right):
            row.append(before[place] + 1 if one == other else max(before[place + 1], row[-1]))
    return row[-1]


@given(signs, signs)
def test_it_is_what_the_table_says(left: list[int], right: list[int]) -> None:
    assert Pattern(left).common(right) == by_table(left, right)


@given(signs, signs)
def test_likeness_is_symmetric_and_1_only_for_equal_ones(left: list[int], right: list[int]) -> None:
    found = likeness(left, right)
    assert found == likeness(right, left)
    assert 0 <= found <= 1
    assert (found == 1) == (left == right)


@given(signs, signs, signs)
def test_edits_add_up(one: list[int], two: list[int], three: list[int]) -> None:
    def edits(left: list[int], right: list[int]) -> int:
        return len(left) + len(right) - 2 * Pattern(left).common(right)

    assert edits(one, three) <= edits(one, two) + edits(two, three)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("abcd", "abxcd", 8 / 9),
        ("abcd", "dcba", 2 / 8),
        ("aaaa", "aa", 4 / 6),
        ("", "", 1.0),
        ("", "a", 0.0),
    ],
)
def test_likeness_by_hand(left: str, right: str, expected: float) -> None:
    assert likeness(left.encode(), right.encode()) == pytest.approx(expected)
