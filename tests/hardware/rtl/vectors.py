"""Floats that are hard on an arithmetic unit, as bits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.hardware.rtl.formats import FloatFormat

Bits = NDArray[np.uint32]


@dataclass(frozen=True)
class Vectors:
    """Random floats of a format.

    Attributes:
        form: The format.
        chance: Draws them.
    """

    form: FloatFormat
    chance: np.random.Generator

    @property
    def extremes(self) -> Bits:
        """Zeros, the ends of subnormals and normals, 1 and its neighbours, infinity, NaNs."""
        form = self.form
        least, one = 1 << form.fraction_bits, form.bias << form.fraction_bits
        infinity = form.infinity
        plus = [0, 1, 2, 3, least // 2, least - 2, least - 1, least, least + 1, 2 * least]
        plus += [one - least, one - 1, one, one + 1, one + 2, one + 3, one + least]
        plus += [infinity - least, infinity - 2, infinity - 1, infinity]
        plus += [infinity + 1, form.quiet_nan, form.quiet_nan + 5]
        return np.array([*plus, *(bits | self.minus for bits in plus)], np.uint32)

    @property
    def minus(self) -> int:
        """The bit of the sign."""
        return 1 << (self.form.width - 1)

    def some(self, count: int) -> Bits:
        """Any bits; exponents, and so subnormals and specials, alike often."""
        return self.chance.integers(0, 1 << self.form.width, count, dtype=np.uint32)

    def near(self, others: Bits, most: int) -> Bits:
        """Floats whose exponents differ from others' by no more than so many."""
        form = self.form
        apart = self.chance.integers(-most, most + 1, len(others))
        field = (others >> form.fraction_bits & form.top_field).astype(np.int64) + apart
        field = np.clip(field, 0, form.top_field - 1)
        rest = self.some(len(others)) & np.uint32(self.minus | (1 << form.fraction_bits) - 1)
        found: Bits = (rest | (field << form.fraction_bits)).astype(np.uint32)
        return found

    def cancelling(self, others: Bits) -> Bits:
        """The negatives of others, no or a few of the smallest steps off."""
        steps = self.chance.integers(-3, 4, len(others))
        steps[::3] = 0
        magnitudes = (others & (self.minus - 1)).astype(np.int64) + steps
        magnitudes = np.clip(magnitudes, 0, self.minus - 1).astype(np.uint32)
        found: Bits = magnitudes | (~others & np.uint32(self.minus))
        return found

    def short(self, count: int) -> Bits:
        """Floats whose fraction has few bits, or few zeros: of their sums and products many tie."""
        kept = self.chance.integers(0, self.form.fraction_bits + 1, count)
        ends = self.chance.integers(0, 2, count) * ((1 << kept) - 1)
        found: Bits = ((self.some(count) >> kept << kept) | ends).astype(np.uint32)
        return found

    def pairs(self, count: int) -> tuple[Bits, Bits]:
        """So many pairs of all kinds, every pair of extremes among them where there is room."""
        ends = self.extremes
        ones, others = (side.reshape(-1) for side in np.meshgrid(ends, ends))
        order = self.chance.permutation(len(ones))[: count // 2]
        share = (count - len(order)) // 6 + 1
        some = [self.some(share) for _ in range(4)]
        short = self.short(share)
        a = [ones[order], *some, short, self.short(share)]
        b = [
            others[order],
            self.some(share),
            self.near(some[1], 1),
            self.near(some[2], self.form.fraction_bits + 4),
            self.cancelling(some[3]),
            self.near(short, 3),
            self.short(share),
        ]
        return np.concatenate(a)[:count], np.concatenate(b)[:count]
