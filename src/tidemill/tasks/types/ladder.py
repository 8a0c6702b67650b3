"""What could be written at sites, a rung at a time, and what spoke against each."""

from collections.abc import Mapping, Sequence

from tidemill.tasks.types.checker import SiteKey
from tidemill.tasks.types.offer import Offer

__all__ = ["Ladder"]


class Ladder:
    """The offers of sites that are still open.

    Args:
        offers: Best first, by site.
    """

    def __init__(self, offers: Mapping[SiteKey, Sequence[Offer]]) -> None:
        self._left = {key: list(own) for key, own in offers.items() if own}
        self._convicted: set[SiteKey] = set()
        self.refused: dict[SiteKey, tuple[Offer, str]] = {}

    def __contains__(self, key: SiteKey) -> bool:
        return key in self._left

    def top(self, key: SiteKey) -> Offer:
        """Return the best offer that is left."""
        return self._left[key][0]

    def step(self, key: SiteKey, reason: str) -> bool:
        """Give the best offer up; return whether there is another.

        Args:
            key: The site.
            reason: What spoke against it.
        """
        if key not in self._convicted:
            self.refused[key] = (self.top(key), reason)
            self._convicted.add(key)
        self._left[key].pop(0)
        if not self._left[key]:
            del self._left[key]
        return key in self._left

    def doubt(self, key: SiteKey, reason: str) -> None:
        """Note what speaks against the best offer, which may yet be right."""
        self.refused.setdefault(key, (self.top(key), reason))

    def settle(self, key: SiteKey) -> None:
        """Take a site out: its offer stays."""
        del self._left[key]
        self.refused.pop(key, None)
