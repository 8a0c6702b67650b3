"""Code is divided into packages of about one size."""

from collections import Counter
from itertools import pairwise
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.tasks.sprouting.division import Division, divided

Counts: TypeAlias = dict[tuple[str, ...], int]

NAMES = st.sampled_from("abcd")
PLACES = st.lists(NAMES, min_size=2, max_size=5).map(tuple)
COUNTS = st.dictionaries(PLACES, st.integers(1, 40), min_size=1, max_size=25)


def members(found: list[Division]) -> list[tuple[str, ...]]:
    return [path for own in found for path in own.members]


@given(counts=COUNTS, least=st.integers(5, 60), wanted=st.integers(1, 12))
def test_packages_are_large_enough_and_nothing_is_in_two(
    counts: Counts, least: int, wanted: int
) -> None:
    found = divided(counts, least=least, wanted=wanted)
    assert all(own.size >= least for own in found)
    for own in found:
        inside = Counter(
            {
                place: count
                for place, count in counts.items()
                if any(place[: len(path)] == path for path in own.members)
            }
        )
        assert inside.total() == own.size
        assert all(path[: len(own.folder)] == own.folder for path in own.members)
    paths = members(found)
    assert not [
        (one, other)
        for one in paths
        for other in paths
        if one != other and other[: len(one)] == one
    ]
    assert len(set(paths)) == len(paths)


@given(counts=COUNTS, least=st.integers(5, 60), wanted=st.integers(1, 12))
def test_the_same_code_is_divided_in_the_same_way(counts: Counts, least: int, wanted: int) -> None:
    found = divided(counts, least=least, wanted=wanted)
    assert found == divided(dict(reversed(counts.items())), least=least, wanted=wanted)
    assert all(one.size >= other.size for one, other in pairwise(found))


@given(counts=COUNTS, least=st.integers(5, 60), wanted=st.integers(1, 11))
def test_whoever_wants_more_gets_as_many_at_least(counts: Counts, least: int, wanted: int) -> None:
    fewer, more = (divided(counts, least=least, wanted=n) for n in (wanted, wanted + 1))
    assert len(fewer) <= len(more)


def test_the_largest_is_divided_first_into_what_is_large_enough_alone() -> None:
    counts: Counts = {
        ("big", "one", "x.py"): 60,
        ("big", "two.py"): 20,
        ("big", "six.py"): 20,
        ("small", "x.py"): 50,
        ("tiny", "x.py"): 5,
    }
    assert [own.members for own in divided(counts, least=30, wanted=2)] == [
        (("big",),),
        (("small",),),
    ]
    found = divided(counts, least=30, wanted=3)
    assert [(own.members, own.size) for own in found] == [
        ((("big", "one"),), 60),
        ((("small",),), 50),
        ((("big", "six.py"), ("big", "two.py")), 40),
    ]
    assert found[2].folder == ("big",)
    # More cannot be made, and it is given as many as there are.
    assert divided(counts, least=30, wanted=99) == found


def test_small_members_are_cut_into_runs_near_the_middle() -> None:
    counts: Counts = {("p", f"{letter}.py"): 10 for letter in "abcdefg"}
    found = divided(counts, least=20, wanted=2)
    assert [[path[-1] for path in own.members] for own in found] == [
        ["d.py", "e.py", "f.py", "g.py"],
        ["a.py", "b.py", "c.py"],
    ]
    assert [own.size for own in divided(counts, least=20, wanted=3)] == [30, 20, 20]


@pytest.mark.parametrize("wanted", [1, 5])
def test_a_single_module_stays_whole(wanted: int) -> None:
    found = divided({("p", "q", "only.py"): 90}, least=20, wanted=wanted)
    assert [own.size for own in found] == [90]


def test_what_is_above_the_depth_is_no_package() -> None:
    counts: Counts = {("python", "a", "x.py"): 30, ("go", "a", "x.go"): 25, ("go", "b", "x.go"): 5}
    found = divided(counts, least=20, wanted=1, depth=2)
    assert [(own.folder, own.members) for own in found] == [
        (("python",), (("python", "a"),)),
        (("go",), (("go", "a"),)),
    ]
