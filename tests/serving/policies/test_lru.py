from tests.serving.policies.play import Tier, evictions
from tidemill.serving.policies.lru import Lru


def test_the_least_recently_used_leaves() -> None:
    assert evictions(Lru(), 3, "a b c  a d  b a e") == "bcd"


def test_the_pinned_is_passed_over() -> None:
    tier = Tier(Lru(), 3)
    tier.pinned.add("a")
    for key in "abcd":
        assert tier.request(key)
    assert tier.left == ["b"]
