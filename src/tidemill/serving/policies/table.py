"""Every policy by its name, and the one that is used where nobody says otherwise."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from tidemill.core.errors import SettingError
from tidemill.serving.policies.adaptive_lrfu import AdaptiveLrfu
from tidemill.serving.policies.gdsf import Gdsf, equal_worth
from tidemill.serving.policies.lru import Lru
from tidemill.serving.policies.policy import Policy
from tidemill.serving.policies.s3_fifo import S3Fifo
from tidemill.serving.policies.sieve import Sieve
from tidemill.serving.policies.w_tiny_lfu import WTinyLfu

__all__ = ["DEFAULT_POLICY", "POLICIES", "policy"]

DEFAULT_POLICY = "adaptive-lrfu"
"""What is measured to be best: ``docs/why/0021-which-expert-leaves.md``."""

POLICIES: Mapping[str, Callable[[int], Policy]] = MappingProxyType(
    {
        "adaptive-lrfu": AdaptiveLrfu,
        "lru": lambda _: Lru(),
        "gdsf": lambda _: Gdsf(),
        "lfu-da": lambda _: Gdsf(equal_worth),
        "sieve": lambda _: Sieve(),
        "s3-fifo": S3Fifo,
        "w-tinylfu": WTinyLfu,
    }
)
"""What makes each policy, given the tier's capacity in bytes."""


def policy(name: str, capacity_bytes: int) -> Policy:
    """Make a policy by its name.

    Args:
        name: One of ``POLICIES``.
        capacity_bytes: Of the tier that it will serve.

    Raises:
        SettingError: There is none of that name, or the capacity is below zero.
    """
    if name not in POLICIES:
        near = get_close_matches(name, POLICIES, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(POLICIES)}"
        raise SettingError(f"there is no cache policy {name[:40]!r}", hint=hint)
    if capacity_bytes < 0:
        raise SettingError(f"a tier of {capacity_bytes} bytes", hint="It is 0 or more.")
    return POLICIES[name](capacity_bytes)
