"""Worked by hand: five places, one of them the window, three protected (ToS 2017)."""

from functools import partial

from tests.serving.policies.play import Tier, evictions
from tidemill.serving.policies.aged_counts import AgedCounts
from tidemill.serving.policies.w_tiny_lfu import WTinyLfu

made = partial(WTinyLfu, sample=1_000)


def test_the_window_loses_where_it_was_not_used_more_often() -> None:
    # e stands in the window, a b c d on probation; f: e and a were used once, so e leaves.
    assert evictions(made(5), 5, "a b c d e  f") == "e"


def test_the_window_wins_where_it_was() -> None:
    # f is used twice, so at g it takes the place of a on probation.
    assert evictions(made(5), 5, "a b c d e  f f g") == "ea"


def test_a_use_protects_and_the_protected_overflow() -> None:
    # b c d f are used; only three are protected, and b goes back on probation.
    # h: g (1) against b (2): g leaves.  i: h (3) against b (2): b leaves.
    whole = "a b c d e  f f g  b c d f  h h h i"
    assert evictions(made(5), 5, whole) == "ea" + "gb"


def test_scans_pass_through_the_window() -> None:
    tier = Tier(made(5), 5)
    for key in "abcd" * 3 + "efghijklmnop":
        tier.request(key)
    assert set("abcd") < set(tier.resident)


def test_counts_are_halved_at_the_sample() -> None:
    counts = AgedCounts()
    for key in "aaaabbc":
        counts.add(key, sample=8)
    assert (counts["a"], counts["b"], counts["c"], counts["d"]) == (4, 2, 1, 0)
    counts.add("c", sample=8)
    assert (counts["a"], counts["b"], counts["c"]) == (2, 1, 1)
    assert len(counts) == 3


def test_counts_stay_bounded() -> None:
    counts = AgedCounts()
    for number in range(10_000):
        counts.add(f"e{number}", sample=50)
        assert len(counts) <= 50
