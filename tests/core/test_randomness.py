import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.randomness import stream


@pytest.mark.claim("house.randomness")
def test_a_stream_is_the_same_everywhere() -> None:
    # computed once, on CPython 3.11: Mersenne Twister and BLAKE2b are fixed by their definitions
    assert stream(7, "masks").random() == stream(7, "masks").random()
    assert stream(7, "masks").getrandbits(32) == 4_211_580_426


@given(st.integers(), st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_other_names_give_another_stream(seed: int, one: list[str], other: list[str]) -> None:
    same = stream(seed, *one).getrandbits(128) == stream(seed, *other).getrandbits(128)
    assert same == (one == other)


def test_drawing_from_one_stream_leaves_the_other_alone() -> None:
    expected = stream(1, "b").random()
    first, second = stream(1, "a"), stream(1, "b")
    first.random()
    assert second.random() == expected
