"""``tidemill rtl export``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.errors import SettingError
from tidemill.faces.cli.options import AsJson, named_path
from tidemill.faces.cli.output import counted, ink_for, printable, write, write_error, write_json
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.export import export_rtl
from tidemill.hardware.rtl.simulators import Simulator, checkable, checked
from tidemill.sparsity.pattern import NMPattern

__all__ = ["export"]


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", parser=named_path, help="New, or empty.")
    ],
    rows: Annotated[int, typer.Option("--rows", metavar="N", help="Of the array.")] = 4,
    columns: Annotated[int, typer.Option("--columns", metavar="N", help="Of the array.")] = 4,
    sparsity: Annotated[
        str, typer.Option("--sparsity", metavar="N:M", help="What SORE prunes to; M is a link.")
    ] = "2:8",
    latency: Annotated[
        int, typer.Option("--latency", metavar="N", help="Stages of the adder, 1 to 8.")
    ] = 4,
    lanes: Annotated[int, typer.Option("--lanes", metavar="N", help="Of SORE and of WUVE.")] = 32,
    testbench: Annotated[
        bool | None,
        typer.Option("--testbench/--no-testbench", help="By default up to 64 elements."),
    ] = None,
    check: Annotated[
        Simulator | None, typer.Option("--check", help="Run the testbench in a simulator.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the accelerator as Verilog, with a testbench that checks itself.

    The array multiplies dense and N:M sparse matrices with outputs or weights
    stationary; SORE prunes and WUVE updates weights beside it. A testbench that
    checks itself comes along, whose results are those of numpy to the bit. What
    each file is stands in the folder's README.md.

    For example:

        tidemill rtl export sat-4x4 --check icarus
    """
    design = RtlDesign(
        rows=rows,
        columns=columns,
        pattern=NMPattern.parse(sparsity),
        accumulate_latency=latency,
        lanes=lanes,
    )
    if check:
        checkable(check)
        testbench = _wanted(testbench)
    paths = export_rtl(design, folder, with_testbench=testbench, force=force)
    verdict = checked(folder, check) if check else None
    if as_json:
        facts = asdict(design) | {"pattern": str(design.pattern)}
        write_json(
            {"folder": folder, "design": facts, "files": paths, "check": check, "verdict": verdict}
        )
        return
    for path in paths:
        write(printable(str(path)))
    size = counted(design.rows * design.columns, "element")
    write_error(f"wrote {counted(len(paths), 'file')}: {size}, links of {design.group} numbers")
    if verdict:
        write(ink_for().good(f"{check}: {verdict}"))


def _wanted(testbench: bool | None) -> bool:
    if testbench is False:
        raise SettingError("--check has nothing to run", hint="Leave --no-testbench away.")
    return True
