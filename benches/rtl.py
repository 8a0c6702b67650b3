"""What the accelerator's Verilog takes of a VU9P, and how fast it is simulated.

Resources are those that Debian's Yosys 0.23 maps the exported Verilog to (``synth_xilinx -family
xcup -nowidelut``: with wide multiplexers, its default, an element takes a quarter more LUTs, and
how many hangs on chance). It maps carries to CARRY4, which the chip has in pairs as CARRY8, and
does no placement, routing or timing, and knows no power: what fits by these counts may still not be
placed or reach its clock. LUTs are those of logic and of memory together. The whole accelerator is
no synthesis but a sum, of elements and lanes that stay modules of their own: one element 1,024
times, one lane of SORE and of WUVE 32 times each, without buffers, controllers and memory. Small
arrays that are flattened are beside it; they lose what their edges do not need, and are mapped
anew. Rates are those of one testbench of a 4 x 4 array in three simulators; building is not
counted.

    .venv/bin/python benches/rtl.py --prepare   say which tools are missing
    .venv/bin/python benches/rtl.py [--quick]
"""

import argparse
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from report import Figure, show
from tidemill.hardware.machine.description import read_machine
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.export import export_rtl
from tidemill.hardware.rtl.ports import Port
from tidemill.hardware.rtl.recording import recorded
from tidemill.hardware.rtl.simulation import StceSimulator
from tidemill.hardware.rtl.simulators import Simulator, installed, simulated
from tidemill.hardware.rtl.verilog import exported
from tidemill.hardware.sat.machine import SatMachine, sat_machine

MACHINE = "sat-vcu1525"
ROUNDS: Mapping[Simulator, int] = {"icarus": 10, "verilator": 2_000}
"""That last some seconds each."""

MEMORY_LUTS = {
    "RAM32M": 4,
    "RAM32M16": 8,
    "RAM32X1D": 2,
    "RAM64M": 4,
    "RAM64M8": 8,
    "RAM64X1D": 2,
    "SRL16E": 1,
    "SRLC32E": 1,
}
"""Look-up tables that each kind of memory made of them takes."""

REGISTERS = {"FDCE", "FDPE", "FDRE", "FDSE"}
FREE = {"BUFG", "INV"}
"""Inverters go into what they drive."""

OTHERS = {"DSP48E2", "CARRY4"}
COLUMNS = ("LUTs", "LUTs as memory", "registers", "DSP48E2", "CARRY4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Something to synthesize: its module, its files, and the design that they are made of."""

    top: str
    files: tuple[str, ...]
    design: RtlDesign


UNITS: Mapping[str, Unit] = {
    "element (USPE)": Unit(top="uspe", files=("uspe.v",), design=RtlDesign()),
    "lane of SORE": Unit(top="sore_lane", files=("sore.v",), design=RtlDesign()),
    "lane of WUVE": Unit(top="wuve_lane", files=("wuve.v",), design=RtlDesign()),
    "array of 2 x 2": Unit(
        top="stce", files=("uspe.v", "stce.v"), design=RtlDesign(rows=2, columns=2)
    ),
    "array of 4 x 4": Unit(top="stce", files=("uspe.v", "stce.v"), design=RtlDesign()),
}
ELEMENT, PRUNER, UPDATER, _, LARGEST = UNITS


def main() -> None:
    """Synthesize and simulate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="say which tools are missing")
    parser.add_argument("--quick", action="store_true", help="one element alone, under a minute")
    arguments = parser.parse_args()
    missing = missing_packages()
    if arguments.prepare:
        print(f"apt install {' '.join(missing)}" if missing else "every tool is here")
        return
    if "yosys" in missing:
        raise SystemExit("no yosys: apt install yosys")
    chosen = [ELEMENT] if arguments.quick else [*UNITS]
    resources = {}
    for name in chosen:
        resources[name] = synthesized(UNITS[name])
        print(row(name, resources[name]), flush=True)
    figures = [figure for name in chosen for figure in unit_figures(name, resources[name])]
    if not arguments.quick:
        figures += whole_figures(resources, sat_machine(read_machine(MACHINE)))
        figures += rate_figures(RtlDesign())
    show("rtl", figures, quick=arguments.quick)


def missing_packages() -> list[str]:
    """Return the packages that bring what is not here."""
    here = installed()
    packages = {
        "yosys": shutil.which("yosys") is not None,
        "iverilog": "icarus" in here,
        "verilator g++ make": "verilator" in here,
    }
    return [package for package, is_here in packages.items() if not is_here]


def synthesized(unit: Unit) -> Counter[str]:
    """Return what a unit is mapped to, by the columns of the table."""
    files = exported(unit.design, with_testbench=False)
    with tempfile.TemporaryDirectory() as folder:
        for name in unit.files:
            Path(folder, name).write_text(files[name])
        script = (
            f"read_verilog {' '.join(unit.files)}; "
            f"synth_xilinx -family xcup -nowidelut -noiopad -flatten -top {unit.top}; "
            "tee -o cells stat"
        )
        subprocess.run(
            ["yosys", "-q", "-p", script], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        told = Path(folder, "cells").read_text()
    cells = re.findall(r"^\s+([A-Z][A-Z0-9]+)\s+(\d+)$", told, re.MULTILINE)
    return counted({name: int(count) for name, count in cells})


def counted(cells: Mapping[str, int]) -> Counter[str]:
    """Return cells by the columns of the table."""
    found: Counter[str] = Counter()
    for name, count in cells.items():
        if re.fullmatch(r"LUT[1-6]", name):
            found["LUTs"] += count
        elif name in MEMORY_LUTS:
            found["LUTs as memory"] += count * MEMORY_LUTS[name]
        elif name in REGISTERS:
            found["registers"] += count
        elif name in OTHERS:
            found[name] += count
        elif name not in FREE:
            raise SystemExit(f"Yosys maps to {name}, which this bench does not know")
    found["LUTs"] += found["LUTs as memory"]
    return found


def row(name: str, found: Mapping[str, int]) -> str:
    """Return a line that says what something is mapped to."""
    told = ", ".join(f"{column} {found[column]:,}" for column in COLUMNS if found[column])
    return f"{name}: {told}"


def unit_figures(name: str, found: Mapping[str, int]) -> list[Figure]:
    """Return the figures of one unit."""
    return [
        Figure(name=f"{name}, {column}", value=found[column], unit="cells")
        for column in COLUMNS
        if found[column]
    ]


def whole_figures(resources: Mapping[str, Mapping[str, int]], machine: SatMachine) -> list[Figure]:
    """Return what the accelerator would take of its board, and how arrays compare with elements."""
    parts = {
        ELEMENT: machine.engine.array.elements,
        PRUNER: machine.pruning_lanes,
        UPDATER: machine.update_lanes,
    }
    board = {
        "LUTs": machine.board.luts,
        "registers": machine.board.registers,
        "DSP48E2": machine.board.dsps,
    }
    figures = []
    for column, there in board.items():
        needed = sum(count * resources[name][column] for name, count in parts.items())
        figures.append(
            Figure(
                name=f"whole accelerator, {column} (extrapolated)",
                value=100 * needed / there,
                unit="% of VU9P",
                peer=f"{needed:,} of {there:,}",
                target="<= 100",
                met=needed <= there,
            )
        )
        alone = UNITS[LARGEST].design.array.elements * resources[ELEMENT][column]
        figures.append(
            Figure(
                name=f"{LARGEST} flattened, {column}",
                value=resources[LARGEST][column] / alone,
                unit="x elements",
                peer=f"16 elements alone {alone:,}",
            )
        )
    return figures


def rate_figures(design: RtlDesign) -> list[Figure]:
    """Return cycles a second of one testbench in every simulator that is here."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export_rtl(design, folder)
        cycles, seconds = in_amaranth(design, folder)
        rates = {"Amaranth": cycles / seconds}
        for simulator, rounds in ROUNDS.items():
            if simulator not in installed():
                print(f"no {simulator}: --prepare says how to get it")
                continue
            found = simulated(folder, simulator, rounds=rounds)
            if found.verdict != f"PASS {rounds * cycles} cycles":
                raise SystemExit(f"{simulator}: {found.verdict}")
            rates[simulator] = rounds * cycles / found.seconds
    return [
        Figure(
            name=f"testbench of a 4 x 4 array, {simulator}",
            value=rate,
            unit="cycles/s",
            peer=f"{rate / rates['Amaranth']:,.1f} x Amaranth",
        )
        for simulator, rate in rates.items()
    ]


def in_amaranth(design: RtlDesign, folder: Path) -> tuple[int, float]:
    """Return cycles of the testbench, and seconds that Amaranth's simulator takes for them."""
    sheet = json.loads((folder / "design.json").read_text())
    inputs = [
        Port(name=port["name"], width=port["width"], is_output=False)
        for port in sheet["modules"]["stce"]
        if port["direction"] == "input" and port["name"] not in {"clk", "rst"}
    ]
    simulator = StceSimulator(design)
    begun = time.perf_counter()
    recording = recorded(simulator, inputs)
    return len(recording.stimulus), time.perf_counter() - begun


if __name__ == "__main__":
    main()
