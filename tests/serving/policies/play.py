"""A tier of names for tests: requests one by one, and who left."""

from collections.abc import Callable, Mapping, Sequence

from tidemill.serving.policies.policy import Policy


class Tier:
    """What is resident, who may not leave, and who left in which order."""

    def __init__(self, policy: Policy, capacity: int) -> None:
        self.policy = policy
        self.capacity = capacity
        self.resident: dict[str, int] = {}
        self.pinned: set[str] = set()
        self.left: list[str] = []

    def may_leave(self, key: str) -> bool:
        """Whether a key may be evicted: nobody may ask about a stranger."""
        assert key in self.resident
        return key not in self.pinned

    def request(self, key: str, *, size: int = 1, cost: float = 1.0) -> bool:
        """Serve a request; False where there is no room and nobody may leave."""
        self.policy.accessed(key)
        return key in self.resident or self.load(key, size=size, cost=cost)

    def load(self, key: str, *, size: int = 1, cost: float = 1.0) -> bool:
        """Make a key resident, evicting as the policy says."""
        while sum(self.resident.values()) + size > self.capacity:
            victim = self.policy.victim(self.may_leave)
            if victim is None:
                return False
            assert self.may_leave(victim)
            self.drop(victim)
            self.left.append(victim)
        self.policy.admitted(key, size_bytes=size, cost_seconds=cost)
        self.resident[key] = size
        return True

    def drop(self, key: str) -> None:
        """Take a key out."""
        del self.resident[key]
        self.policy.removed(key)


def evictions(
    policy: Policy,
    capacity: int,
    requests: str,
    *,
    sizes: Mapping[str, int] | None = None,
    costs: Mapping[str, float] | None = None,
) -> str:
    """Serve requests (names of one letter, spaces ignored) and return who left, in order."""
    tier = Tier(policy, capacity)
    for key in requests.replace(" ", ""):
        size, cost = (sizes or {}).get(key, 1), (costs or {}).get(key, 1.0)
        assert tier.request(key, size=size, cost=cost)
    return "".join(tier.left)


def misses(make: Callable[[int], Policy], capacity: int, trace: Sequence[str]) -> int:
    """Count the misses of a fresh policy on a trace of experts of size 1."""
    tier = Tier(make(capacity), capacity)
    found_absent = 0
    for key in trace:
        found_absent += key not in tier.resident
        tier.request(key)
    return found_absent
