"""How a model is to be made sparse: everything that decides it, in one value."""

from dataclasses import dataclass

from tidemill.core.errors import SettingError
from tidemill.sparsity.methods import Method, method
from tidemill.sparsity.pattern import NMPattern

__all__ = ["DECAY", "Sparsity"]

DECAY = 2e-4
"""Of dropped weights, as the code of SR-STE has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparsity:
    """A pattern, a way of training with it, and their options.

    Attributes:
        pattern: N:M.
        method: A name in ``METHODS``.
        decay: What dropped weights lose besides, as a share of them added to their gradient.
        mask_interval: Updates after which masks are chosen anew; between them the kept weights
            follow the updates at the places that they have.
        dense_start: Share of the training, at its beginning, that is dense.
        dense_finish: Share of the training, at its end, that is dense.

    Raises:
        SettingError: An option is out of its range, or there is no such method.
    """

    pattern: NMPattern
    method: str = "bdwp"
    decay: float = DECAY
    mask_interval: int = 1
    dense_start: float = 0.0
    dense_finish: float = 0.0

    def __post_init__(self) -> None:
        method(self.method)
        if not 0 <= self.decay < 1:
            raise SettingError(f"a decay of {self.decay}", hint="It is 0 to 1, such as 2e-4.")
        if self.mask_interval < 1:
            raise SettingError(
                f"a mask interval of {self.mask_interval}", hint="It is 1 update or more."
            )
        shares = (self.dense_start, self.dense_finish, self.dense_start + self.dense_finish)
        if not all(0 <= share < 1 for share in shares):
            raise SettingError(
                f"{self.dense_start} of the training dense first, {self.dense_finish} at the end",
                hint="Both are shares, together below 1.",
            )

    @classmethod
    def parse(cls, pattern: str, method: str = "bdwp", *, decay: float = DECAY) -> "Sparsity":
        """Return a sparsity by the words for its pattern and method.

        Raises:
            SettingError: One of them is unknown.
        """
        return cls(pattern=NMPattern.parse(pattern), method=method, decay=decay)

    @property
    def rule(self) -> Method:
        """The method itself."""
        return method(self.method)

    def is_dense_at(self, step: int, steps: int) -> bool:
        """Say whether a step of so many is a dense one."""
        first, last = round(self.dense_start * steps), steps - round(self.dense_finish * steps)
        return not first <= step < last

    def ends_sparse(self, steps: int) -> bool:
        """Say whether a model answers with kept weights alone after so many steps."""
        drops = self.rule.forward != "dense" and not self.pattern.is_dense
        return drops and not self.is_dense_at(steps - 1, steps)
