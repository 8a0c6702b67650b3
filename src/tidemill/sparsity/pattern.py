"""N of M: of every M weights in a row, N are kept."""

import re
from dataclasses import dataclass

from typing_extensions import override

from tidemill.core.errors import SettingError

__all__ = ["LARGEST_M", "NMPattern"]

LARGEST_M = 32
"""Largest group that kernels and the packed format know."""

_TEXT = re.compile(r"(\d{1,4}):(\d{1,4})")


@dataclass(frozen=True, slots=True, order=True)
class NMPattern:
    """N weights are kept of each M consecutive ones along the contraction of a product.

    Attributes:
        n: Weights that are kept.
        m: Weights in a group; 1 to 32.

    Raises:
        SettingError: No such pattern can be.
    """

    n: int
    m: int

    def __post_init__(self) -> None:
        if not 1 <= self.m <= LARGEST_M:
            raise SettingError(
                f"{self}: groups of {self.m}",
                hint=f"Groups have 1 to {LARGEST_M} weights, as in 2:8.",
            )
        if not 1 <= self.n <= self.m:
            raise SettingError(
                f"{self}: {self.n} of {self.m} weights cannot be kept",
                hint=f"The first number is 1 to {self.m}, as in 2:8.",
            )

    @classmethod
    def parse(cls, text: str) -> "NMPattern":
        """Read a pattern such as ``2:8``.

        Raises:
            SettingError: It is none.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise SettingError(
                f"{text[:40]!r} is no N:M pattern", hint="Write it as 2:8: 2 of 8 weights stay."
            )
        return cls(int(found[1]), int(found[2]))

    @property
    def density(self) -> float:
        """Share of the weights that is kept."""
        return self.n / self.m

    @property
    def is_dense(self) -> bool:
        """Whether everything is kept."""
        return self.n == self.m

    @property
    def index_bits(self) -> int:
        """Bits that say where in its group a weight stood; none where all are kept."""
        return 0 if self.is_dense else max(1, (self.m - 1).bit_length())

    def groups(self, length: int) -> int:
        """Return how many groups a contraction of some length has.

        Raises:
            SettingError: It does not divide.
        """
        if length < 1 or length % self.m:
            raise SettingError(
                f"{length:,} weights do not divide into groups of {self.m}",
                hint=f"Choose a pattern whose M divides {length:,}, or keep the layer dense.",
            )
        return length // self.m

    def kept(self, length: int) -> int:
        """Return how many weights stay of a contraction of some length.

        Raises:
            SettingError: It does not divide.
        """
        return self.groups(length) * self.n

    @override
    def __str__(self) -> str:
        return f"{self.n}:{self.m}"
