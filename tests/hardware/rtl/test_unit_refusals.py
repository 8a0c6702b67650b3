# amaranth: UnusedElaboratable=no
# ruff: noqa: ERA001 - the line above is read by Amaranth, which else warns of what was refused
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

pytest.importorskip("amaranth")

from tidemill.core.errors import SettingError
from tidemill.hardware.rtl.adder import SingleAdder
from tidemill.hardware.rtl.multiplier import HalfMultiplier, SingleMultiplier
from tidemill.hardware.rtl.sore import Sore
from tidemill.hardware.rtl.wuve import WuveLane
from tidemill.sparsity.pattern import NMPattern


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (partial(SingleAdder, 0), "0 clocks"),
        (partial(HalfMultiplier, 0), "0 clocks"),
        (partial(SingleMultiplier, -1), "-1 clocks"),
        (partial(WuveLane, adder_latency=0), "0 clocks"),
        (partial(WuveLane, multiplier_latency=0), "0 clocks"),
        (partial(Sore, NMPattern(2, 8), 0), "0 lanes"),
    ],
)
def test_what_cannot_be_made_is_refused(unit: Callable[[], Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        unit()
