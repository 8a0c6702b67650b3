"""Worked by hand with the algorithm of HPL-98-69."""

from tests.serving.policies.play import evictions
from tidemill.serving.policies.gdsf import Gdsf, equal_worth

SIZES = {"a": 4, "b": 2, "c": 4, "d": 3, "e": 2, "f": 4}
COSTS = {"a": 8.0, "b": 2.0, "c": 12.0, "d": 3.0, "e": 2.0, "f": 4.0}


def test_uses_times_seconds_per_byte_decide() -> None:
    # a 2, b 2 (two uses of 1), c 3.  d: a and b are equal, a is less recent; L = 2, d = 3.
    assert evictions(Gdsf(), 10, "a b c b d", sizes=SIZES, costs=COSTS) == "a"
    # e: b has 2, L = 2, e = 3.  f: c, d and e have 3, and c is the least recent.
    assert evictions(Gdsf(), 10, "a b c b d  e f", sizes=SIZES, costs=COSTS) == "abc"


def test_the_dear_and_small_stay() -> None:
    sizes, costs = {"a": 4, "b": 1, "c": 1}, {"a": 1.0, "b": 1.0, "c": 1.0}
    assert evictions(Gdsf(), 5, "b a c", sizes=sizes, costs=costs) == "a"
    assert evictions(Gdsf(equal_worth), 5, "b a c", sizes=sizes, costs=costs) == "b"


def test_age_overtakes_old_uses() -> None:
    # a 3, b 1.  c: b leaves, L = 1, c = 2.  d: c leaves, L = 2, d = 3.
    # e: a and d have 3, and a is less recent: three uses of long ago do not hold it.
    assert evictions(Gdsf(equal_worth), 2, "a a a b c d e") == "bca"


def test_uses_are_forgotten_with_who_leaves() -> None:
    # a has three uses when it leaves and one when it is back; with three it would outlive d.
    assert evictions(Gdsf(equal_worth), 2, "a a a b c d e  a f") == "bcad" + "e"
