from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("amaranth")

from tidemill.core.errors import SettingError
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.feeding import feed
from tidemill.hardware.rtl.operand import dense_operand, packed_operand
from tidemill.hardware.sat.array import Mapping
from tidemill.sparsity.pattern import NMPattern


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": 0}, "rows 0"),
        ({"columns": 5_000}, "columns 5000"),
        ({"accumulate_latency": 0}, "an adder of 0 stages"),
        ({"accumulate_latency": 9}, "an adder of 9 stages"),
        ({"lanes": 0}, "0 lanes"),
        ({"lanes": 2_000}, "2000 lanes"),
    ],
)
def test_designs_that_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        replace(RtlDesign(), **change)


def test_links_are_as_wide_as_a_group() -> None:
    design = RtlDesign(pattern=NMPattern(2, 16))
    assert (design.group, design.index_bits) == (16, 4)
    assert RtlDesign(pattern=NMPattern(1, 1)).index_bits == 1


def test_sides_that_do_not_meet_are_refused() -> None:
    right = dense_operand(np.ones((8, 2), np.float16), group=8)
    with pytest.raises(SettingError, match="7 columns meet 8 rows"):
        feed(RtlDesign(), np.ones((3, 7), np.float16), right, Mapping(dataflow="os"))


def test_a_group_that_no_link_carries_is_refused() -> None:
    mask = np.zeros((16, 1), np.bool_)
    mask[:2] = True
    right = packed_operand(np.ones((16, 1), np.float16), mask, NMPattern(2, 16))
    with pytest.raises(SettingError, match="groups of 16 for links of 8"):
        feed(RtlDesign(), np.ones((3, 16), np.float16), right, Mapping(dataflow="os"))


def test_more_sums_than_the_adder_has_stages_are_refused() -> None:
    right = dense_operand(np.ones((8, 2), np.float16), group=8)
    with pytest.raises(SettingError, match="os 4x2: an element holds 4 sums"):
        feed(
            RtlDesign(),
            np.ones((3, 8), np.float16),
            right,
            Mapping(dataflow="os", down=4, across=2),
        )
