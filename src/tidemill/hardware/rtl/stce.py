"""The tensor engine (STCE): elements in rows and columns, and the links between them."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tidemill.hardware.rtl.design import SUM_BITS, VALUE_BITS, RtlDesign
from tidemill.hardware.rtl.uspe import Uspe

__all__ = ["Stce"]


class Stce(wiring.Component):
    """The array. Every port holds one field for each row or column, the first one lowest.

    What enters it is skewed by whoever feeds it: row r takes its groups r cycles after row 0
    with outputs stationary and r accumulate latencies after it with weights stationary; column
    c takes everything c cycles after column 0.

    Nothing moves while ``enable`` is low, and what leaves counts in cycles with it high alone.

    Args:
        design: Its parameters.
    """

    def __init__(self, design: RtlDesign) -> None:
        self.design = design
        rows, columns = design.rows, design.columns
        super().__init__(
            {
                "enable": In(1),
                "stationary": In(1),
                "group": In(VALUE_BITS * design.group * rows),
                "valid": In(rows),
                "first": In(rows),
                "last": In(rows),
                "value": In(VALUE_BITS * columns),
                "index": In(design.index_bits * columns),
                "shift": In(columns),
                "sum": In(SUM_BITS * columns),
                "sum_south": Out(SUM_BITS * columns),
                "sum_valid_south": Out(columns),
            }
        )

    def elaborate(self, platform: object) -> Module:  # noqa: ARG002 - Amaranth hands it over
        """Build it."""
        m = Module()
        elements = [
            [Uspe(self.design) for _ in range(self.design.columns)] for _ in range(self.design.rows)
        ]
        for r, row in enumerate(elements):
            for c, element in enumerate(row):
                m.submodules[f"uspe_{r}_{c}"] = element
                m.d.comb += [
                    element.enable.eq(self.enable),
                    element.stationary.eq(self.stationary),
                    element.shift.eq(self.shift[c]),
                ]
                self._join_west(m, element, r, row[c - 1] if c else None)
                self._join_north(m, element, c, elements[r - 1][c] if r else None)
        last = elements[-1]
        m.d.comb += [
            self.sum_south.eq(Cat(element.sum_south for element in last)),
            self.sum_valid_south.eq(Cat(element.sum_valid_south for element in last)),
        ]
        return m

    def _join_west(self, m: Module, element: Uspe, row: int, west: Uspe | None) -> None:
        width = VALUE_BITS * self.design.group
        m.d.comb += [
            element.group.eq(west.group_east if west else self.group.word_select(row, width)),
            element.valid.eq(west.valid_east if west else self.valid[row]),
            element.first.eq(west.first_east if west else self.first[row]),
            element.last.eq(west.last_east if west else self.last[row]),
        ]

    def _join_north(self, m: Module, element: Uspe, column: int, north: Uspe | None) -> None:
        bits = self.design.index_bits
        # Nothing waits above the first row: only sums of weights that stay enter there.
        none = Signal()
        m.d.comb += [
            element.value.eq(
                north.value_south if north else self.value.word_select(column, VALUE_BITS)
            ),
            element.index.eq(north.index_south if north else self.index.word_select(column, bits)),
            element.sum.eq(north.sum_south if north else self.sum.word_select(column, SUM_BITS)),
            element.sum_valid.eq(north.sum_valid_south if north else none),
        ]
