"""Worked by hand with algorithm 1 of Yang et al., SOSP 2023: five places, half of one small."""

from tests.serving.policies.play import Tier, evictions
from tidemill.serving.policies.s3_fifo import S3Fifo

OPENING = "a b c d e  a a b  f b"


def test_small_sends_on_what_was_used_twice_and_forgets_the_rest() -> None:
    # f: a was used twice and moves to main; b was used once and leaves for the ghost.
    # b: c leaves; b is in the ghost and enters main at once.
    assert evictions(S3Fifo(5), 5, OPENING) == "bc"


def test_main_gives_another_round_to_the_used() -> None:
    # g, c, d, e: small loses d e f g; c, d and e come back from the ghost into main, so that
    # small is empty.  f: main looks at a (used, goes round) and takes b.  h: main takes c.
    assert evictions(S3Fifo(5), 5, OPENING + "a g c d e  f h") == "bc" + "defg" + "bc"


def test_main_makes_room_for_who_is_sent_on() -> None:
    # i: h was used twice and moves to main, which then is over its share, and d leaves.
    whole = OPENING + "a g c d e  f h  h h i"
    assert evictions(S3Fifo(5), 5, whole) == "bc" + "defg" + "bc" + "d"


def test_three_uses_are_the_most_that_count() -> None:
    # b comes back into main and is used five times; c d e follow, and small is empty.
    tier = Tier(S3Fifo(5), 5)
    for key in "abcdeaafb" + "bbbbb" + "gcde":
        tier.request(key)
    # From then on each newcomer, used twice, is sent on and pushes one out of main: b has its
    # turn at i, m, q and u, and three uses take it round three times.
    for key in "hijklmnopqrst":
        for _ in range(3):
            tier.request(key)
        assert "b" in tier.resident
    tier.request("u")
    assert tier.left[-1] == "b"


def test_the_ghost_holds_as_many_bytes_as_main() -> None:
    # Ten pass through, and the ghost of four and a half places remembers c d e f at the last.
    def after(comeback: str) -> Tier:
        tier = Tier(S3Fifo(5), 5)
        for key in "abcdefghij" + comeback + "klmno":
            tier.request(key)
        return tier

    # Who is in main outlives five strangers; who came back into small does not.
    assert "c" in after("c").resident
    assert "b" not in after("b").resident
