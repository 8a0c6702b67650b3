import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import ExpertError
from tidemill.experts.patterns import check_sparsity, is_pattern, nm_pattern, sparsity_of


@given(st.integers(2, 32).flatmap(lambda m: st.tuples(st.integers(1, m - 1), st.just(m))))
def test_every_pattern_that_drops_something_is_a_name(pair: tuple[int, int]) -> None:
    name = f"{pair[0]}:{pair[1]}"
    pattern = nm_pattern(name)
    assert (pattern.n, pattern.m) == pair
    assert is_pattern(name)
    assert check_sparsity(name) == name


WRONG = [
    ("8:8", "the pattern '8:8' drops nothing", "call it dense"),
    ("02:8", "the pattern '02:8' is not spelled 2:8", "pack it again"),
    ("2:64", "unknown pattern '2:64': 2:64: groups of 64", "use a newer Tidemill"),
    ("9:8", "unknown pattern '9:8'", "this one knows 1:2 to 31:32"),
    ("0:8", "unknown pattern '0:8'", "use a newer Tidemill"),
]


@pytest.mark.parametrize(("name", "reason", "remedy"), WRONG)
def test_other_patterns_are_refused_with_the_remedy(name: str, reason: str, remedy: str) -> None:
    for read in (nm_pattern, check_sparsity):
        with pytest.raises(ExpertError, match=re.escape(reason)) as caught:
            read(name)
        assert remedy in str(caught.value)


@pytest.mark.parametrize("text", ["", "sparse", " 2:8", "2:8:4", "2/8", "nm-2:8", "\u0662:8"])
def test_what_is_no_pattern_is_no_sparsity(text: str) -> None:
    assert not is_pattern(text)
    with pytest.raises(ExpertError, match="unknown sparsity") as caught:
        check_sparsity(text)
    assert "this one knows dense, and N:M patterns such as 2:8" in str(caught.value)


def test_an_expert_has_one_pattern_at_most() -> None:
    assert sparsity_of([]) == sparsity_of(["dense", "int8-rows"]) == "dense"
    assert sparsity_of(["dense", "2:8", "2:8"]) == "2:8"
    with pytest.raises(ExpertError, match="the patterns 2:4 and 2:8 in one expert") as caught:
        sparsity_of(["2:8", "dense", "2:4"])
    assert "keep all its sparse layers by one pattern" in str(caught.value)
