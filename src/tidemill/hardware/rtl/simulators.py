"""Simulators of Verilog that are installed, and what they say of an exported testbench."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tidemill.core.errors import DeadlineError, InputError, MissingToolError, TidemillError
from tidemill.hardware.rtl.testbench import TESTBENCH

__all__ = [
    "SIMULATORS",
    "Simulation",
    "Simulator",
    "checkable",
    "checked",
    "installed",
    "simulated",
]

Simulator = Literal["icarus", "verilator"]

LIMIT_SECONDS = 600.0

_VERDICT = re.compile(r"^(?:PASS \d+ cycles|FAIL at cycle .*)$", re.MULTILINE)
_WORDS = 600
"""Characters of what a tool says that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tool:
    """A simulator: its programs, as the system knows them, and the package that brings them."""

    programs: tuple[str, ...]
    package: str


_TOOLS: dict[Simulator, _Tool] = {
    "icarus": _Tool(programs=("iverilog", "vvp"), package="iverilog"),
    "verilator": _Tool(programs=("verilator", "make", "g++"), package="verilator g++ make"),
}

SIMULATORS: tuple[Simulator, ...] = tuple(_TOOLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A testbench that was run.

    Attributes:
        verdict: Its last word, ``PASS ...`` or ``FAIL ...``.
        seconds: That it ran, once it was built.
    """

    verdict: str
    seconds: float


def installed() -> tuple[Simulator, ...]:
    """Return the simulators that are here."""
    return tuple(name for name in SIMULATORS if not _missing(name))


def checkable(simulator: Simulator) -> None:
    """Make sure that a simulator is here.

    Raises:
        MissingToolError: It is not.
    """
    missing = _missing(simulator)
    if missing:
        hint = f"apt install {_TOOLS[simulator].package}"
        raise MissingToolError("checking Verilog", tool=", ".join(missing), hint=hint)


def checked(folder: Path, simulator: Simulator) -> str:
    """Build and run the testbench of an exported folder; nothing is written into it.

    Args:
        folder: Of `export_rtl`, with a testbench.
        simulator: Which.

    Returns:
        The verdict, ``PASS <cycles> cycles``.

    Raises:
        DeadlineError: It took too long.
        InputError: There is no testbench in the folder.
        MissingToolError: The simulator is not here.
        TidemillError: The testbench cannot be built, or finds a difference; with its cycle.
    """
    verdict = simulated(folder, simulator).verdict
    if not verdict.startswith("PASS"):
        raise TidemillError(
            f"in {simulator} the Verilog of {folder} differs from the simulation: {verdict}",
            hint="Export it again; if that does not help, the hardware is wrong.",
        )
    return verdict


def simulated(
    folder: Path, simulator: Simulator, *, rounds: int = 1, limit: float = LIMIT_SECONDS
) -> Simulation:
    """Build and run the testbench of an exported folder, whatever its verdict.

    Args:
        folder: Of `export_rtl`, with a testbench.
        simulator: Which.
        rounds: How often everything is run.
        limit: Seconds, for building and for running.

    Raises:
        DeadlineError: It took too long.
        InputError: There is no testbench in the folder.
        MissingToolError: The simulator is not here.
        TidemillError: The testbench cannot be built, or says nothing.
    """
    checkable(simulator)
    if not (folder / TESTBENCH).is_file():
        raise InputError(
            f"there is no {TESTBENCH}", path=str(folder), hint="Export with a testbench."
        )
    with tempfile.TemporaryDirectory(prefix="tidemill-rtl-") as name:
        build, run = _commands(simulator, folder, Path(name), rounds)
        _said(build, folder, limit)
        begun = time.monotonic()
        said = _said(run, folder, limit)
        seconds = time.monotonic() - begun
    verdicts = _VERDICT.findall(said)
    if not verdicts:
        raise TidemillError(f"{simulator} gave no verdict: {_complaints(said)}")
    return Simulation(verdict=verdicts[-1], seconds=seconds)


def _missing(simulator: Simulator) -> list[str]:
    return [name for name in _TOOLS[simulator].programs if shutil.which(name) is None]


def _commands(
    simulator: Simulator, folder: Path, place: Path, rounds: int
) -> tuple[list[str], list[str]]:
    """Return how to build a testbench outside its folder, and how to run it."""
    sources = sorted(path.name for path in folder.glob("*.v"))
    top = Path(TESTBENCH).stem
    if simulator == "icarus":
        made = str(place / top)
        given = ["-g2005", "-s", top, "-P", f"{top}.ROUNDS={rounds}", "-o", made]
        return ["iverilog", *given, *sources], ["vvp", "-n", made]
    given = ["--binary", "--timing", "-Wno-fatal", "--top-module", top, f"-GROUNDS={rounds}"]
    build = ["verilator", *given, "--Mdir", str(place), *sources]
    return build, [str(place / f"V{top}")]


def _said(command: Sequence[str], folder: Path, limit: float) -> str:
    """Run a program where the testbench looks for its numbers, and return what it says."""
    # In a group of its own: compilers that a simulator has started end with it.
    with subprocess.Popen(  # noqa: S603 - a simulator, no shell between
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
    ) as process:
        try:
            heard, _ = process.communicate(timeout=limit)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise DeadlineError(
                f"{command[0]} did not end within {limit:g} s", hint="Export a smaller array."
            ) from error
    said = heard.decode(errors="replace")
    if process.returncode:
        raise TidemillError(
            f"{command[0]} fails: {_complaints(said)}",
            hint="Files of an export belong together; export them again.",
        )
    return said


def _complaints(said: str) -> str:
    """Return the first of a tool's errors, or else of its words."""
    lines = said.splitlines()
    errors = [line for line in lines if "error" in line.lower()]
    return "\n".join(errors or lines)[:_WORDS].strip()
