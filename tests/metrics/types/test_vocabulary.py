"""What a training set knows."""

import pytest

from tidemill.core.errors import InputError
from tidemill.metrics.types.vocabulary import vocabulary_in_order, vocabulary_of


def test_heads_are_ranked_by_how_often_they_stand_there() -> None:
    found = vocabulary_of(
        ["any", "any", "any", "Array<X>", "string[]", "Promise<A>", "string", "string", "A"]
    )
    assert found.ranks == {"array": 0, "string": 1, "A": 2, "Promise": 3}
    assert "A" in found
    assert "any" not in found
    assert found.is_among("string", 2)
    assert not found.is_among("A", 2)
    assert not found.is_among("B", 100)


def test_the_least_frequent_are_left_out() -> None:
    assert vocabulary_of(["b", "b", "a", "c"], most=2).ranks == {"b": 0, "a": 1}


def test_it_holds_something() -> None:
    with pytest.raises(InputError, match="0 types holds nothing"):
        vocabulary_of(["a"], most=0)


def test_an_order_that_is_known_is_taken_as_it_is() -> None:
    found = vocabulary_in_order(["any", "string", "array", "b", "Array", "a"])
    assert found.ranks == {"string": 0, "array": 1, "b": 2, "a": 3}
