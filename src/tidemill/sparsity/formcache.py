"""Forms of packed weights, kept under a budget of bytes: what kernels read.

A form takes more room than the packed weight that it is made of (2:8 in fp32: 12 bytes a
group of 8 instead of 8.75), so it is kept only while it is used.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import torch

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import SettingError
from tidemill.sparsity import kernels
from tidemill.sparsity.kernels import Form
from tidemill.sparsity.packed import PackedWeight

__all__ = ["DEFAULT_BUDGET", "Filling", "FormCache"]

DEFAULT_BUDGET = 256 << 20
"""Bytes of forms that are kept where nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What keeping forms has cost.

    Attributes:
        bytes_held: Of the forms that are there now.
        bytes_filled: Of all that were made so far.
        fills: How many were made.
        seconds: Time that making them took.
    """

    bytes_held: int
    bytes_filled: int
    fills: int
    seconds: float


class FormCache:
    """Makes forms where they are asked for, and drops those that were used longest ago.

    Args:
        budget_bytes: Of all forms together; one that alone is larger is made and not kept.
        clock: For what filling costs.

    Raises:
        SettingError: The budget is below zero.
    """

    def __init__(self, budget_bytes: int = DEFAULT_BUDGET, clock: Clock | None = None) -> None:
        if budget_bytes < 0:
            raise SettingError(f"a budget of {budget_bytes} bytes", hint="It is 0 or more.")
        self._budget = budget_bytes
        self._clock = clock or SystemClock()
        self._forms: OrderedDict[tuple[int, torch.dtype], tuple[PackedWeight, Form]] = OrderedDict()
        self._held = 0
        self._filled = 0
        self._fills = 0
        self._seconds = 0.0
        self._lock = threading.Lock()

    def __deepcopy__(self, _memo: dict[int, object]) -> "FormCache":
        """Return itself: models that are copies of each other share their budget."""
        return self

    @property
    def filling(self) -> Filling:
        """What it has cost so far."""
        return Filling(
            bytes_held=self._held,
            bytes_filled=self._filled,
            fills=self._fills,
            seconds=self._seconds,
        )

    def form(self, weight: PackedWeight, dtype: torch.dtype) -> Form:
        """Return the form of a weight, making it where it is not there.

        Args:
            weight: Packed.
            dtype: Of the numbers in the product.
        """
        key = (id(weight), dtype)
        with self._lock:
            if key in self._forms:
                self._forms.move_to_end(key)
                return self._forms[key][1]
            begun = self._clock.monotonic()
            form = kernels.expanded(weight, dtype=dtype)
            self._seconds += self._clock.monotonic() - begun
            self._fills += 1
            self._filled += form.bytes_held
            if form.bytes_held <= self._budget:
                # The weight is kept beside its form, so that its id stays its own.
                self._forms[key] = (weight, form)
                self._held += form.bytes_held
                self._shrink()
            return form

    def drop(self, weight: PackedWeight) -> None:
        """Forget the forms of a weight."""
        with self._lock:
            for key in [key for key in self._forms if key[0] == id(weight)]:
                self._held -= self._forms.pop(key)[1].bytes_held

    def _shrink(self) -> None:
        while self._held > self._budget:
            _, (_, form) = self._forms.popitem(last=False)
            self._held -= form.bytes_held
