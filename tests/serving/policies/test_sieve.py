"""Worked by hand with algorithm 1 of Zhang et al., NSDI 2024."""

from tests.serving.policies.play import Tier, evictions
from tidemill.serving.policies.sieve import Sieve


def test_the_hand_unmarks_whom_it_passes_and_goes_on() -> None:
    # d: the hand unmarks a and takes b.  e: it goes on to c, not back to a.
    assert evictions(Sieve(), 3, "a b c  a d e") == "bc"
    # The queue is a d e now, the hand at d.  f: d was used since, so e is taken, at the newest
    # end.  g: the hand begins anew at a, which lost its mark long ago.
    assert evictions(Sieve(), 3, "a b c  a d e  d f g") == "bcea"


def test_who_is_used_always_stays_where_it_stands() -> None:
    assert "a" not in evictions(Sieve(), 3, "a b a c a d a e a f a g a h a i")


def test_all_marked_is_a_full_round() -> None:
    assert evictions(Sieve(), 3, "a b c  a b c  d") == "a"


def test_the_pinned_keeps_its_mark() -> None:
    tier = Tier(Sieve(), 3)
    for key in "abca":
        tier.request(key)
    tier.pinned.add("a")
    tier.request("d")
    tier.pinned.clear()
    # f takes e, the newest, so that at g the hand is back at a: still marked, as d is not.
    for key in "edfg":
        tier.request(key)
    assert tier.left == ["b", "c", "e", "d"]


def test_the_hand_survives_the_removal_of_where_it_points() -> None:
    tier = Tier(Sieve(), 3)
    for key in "abcad":
        tier.request(key)
    tier.drop("c")
    for key in "ef":
        tier.request(key)
    assert tier.left == ["b", "d"]
