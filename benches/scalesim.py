"""SCALE-Sim 3.0.0, the independent simulator that the bench of SAT compares cycles with.

It comes from the package index, runs with numpy 2.2.6 (2.4 breaks it), wants a file of layouts
that it does not use, and simulates inference alone, in one dataflow at a time.
"""

import csv
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PYTHON", "Grid", "prepare", "simulate"]

FOLDER = Path(__file__).parents[1] / "build" / "scalesim"
PYTHON = FOLDER / "venv" / "bin" / "python"
PACKAGES = ("numpy==2.2.6", "scalesim==3.0.0")
LAYOUT = ",".join(("L", *"1" * 20)) + ",\n"
PROGRAM = """
from scalesim.scale_sim import scalesim
scalesim(save_disk_space=True, verbose=False, config="machine.cfg", topology="layers.csv",
         layout="layouts.csv", input_type_gemm=True).run_scale(top_path=".")
"""
MACHINE = """\
[general]
run_name = run
[architecture_presets]
ArrayHeight = {rows}
ArrayWidth = {columns}
IfmapSramSzkB = 1024
FilterSramSzkB = 1024
OfmapSramSzkB = 1024
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = {dataflow}
Bandwidth = 10
ReadRequestBuffer = 32
WriteRequestBuffer = 32
[layout]
IfmapCustomLayout = False
IfmapSRAMBankBandwidth = 10
IfmapSRAMBankNum = 10
IfmapSRAMBankPort = 2
FilterCustomLayout = False
FilterSRAMBankBandwidth = 10
FilterSRAMBankNum = 10
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = {sparse}
SparseRep = ellpack_block
OptimizedMapping = false
BlockSize = 8
RandomNumberGeneratorSeed = 40
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Products to simulate on one array, in one dataflow and pattern.

    Attributes:
        rows: Of the array.
        columns: Of the array.
        dataflow: ``os`` or ``ws``.
        pattern: ``2:8``, or empty for dense.
        shapes: Rows, contraction and columns of each product.
    """

    rows: int
    columns: int
    dataflow: str
    pattern: str
    shapes: Sequence[tuple[int, int, int]]


def prepare() -> None:
    """Install it into a venv of its own."""
    if PYTHON.exists():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER / "venv")], check=True)
    subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)


def simulate(grid: Grid, folder: Path) -> tuple[list[int], float]:
    """Return the cycles of each product, and the seconds of processor time that took.

    Args:
        grid: What to simulate.
        folder: To work in; what is in it is lost.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "machine.cfg").write_text(
        MACHINE.format(
            rows=grid.rows,
            columns=grid.columns,
            dataflow=grid.dataflow,
            sparse="true" if grid.pattern else "false",
        )
    )
    named = (
        f"L{number},{rows},{columns},{contraction},{grid.pattern or '1:1'},\n"
        for number, (rows, contraction, columns) in enumerate(grid.shapes)
    )
    (folder / "layers.csv").write_text("Layer,M,N,K,Sparsity,\n" + "".join(named))
    (folder / "layouts.csv").write_text("Layer,\n" + LAYOUT * len(grid.shapes))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(PYTHON), "-c", PROGRAM], cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (report,) = folder.rglob("COMPUTE_REPORT.csv")
    with report.open(newline="") as file:
        return [int(row[2]) for row in list(csv.reader(file))[1:]], taken
