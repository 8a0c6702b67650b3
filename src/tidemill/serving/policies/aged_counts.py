"""How often each expert was asked for of late, in a bounded table."""

__all__ = ["AgedCounts"]


class AgedCounts:
    """Exact counts that are all halved each time they add up to the sample.

    Halving drops whom it leaves nothing, so there are never more counts than the sample has
    requests. That is what TinyLFU's sketch is for where keys are millions; a few hundred
    experts can be counted exactly.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._total = 0

    def __len__(self) -> int:
        return len(self._counts)

    def __getitem__(self, key: str) -> int:
        return self._counts.get(key, 0)

    def add(self, key: str, *, sample: int) -> None:
        """Count one request.

        Args:
            key: The expert.
            sample: At how many counted requests all counts are halved.
        """
        self._counts[key] = self[key] + 1
        self._total += 1
        if self._total >= sample:
            self._halve()

    def _halve(self) -> None:
        self._counts = {key: count // 2 for key, count in self._counts.items() if count > 1}
        self._total = sum(self._counts.values())
