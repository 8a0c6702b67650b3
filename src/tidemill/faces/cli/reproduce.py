"""``tidemill reproduce``."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import typer

from tidemill.faces.cli.options import AsJson
from tidemill.faces.cli.output import Ink, columns, ink_for, write, write_json
from tidemill.faces.cli.plan_machine import changes_of, printed_constants
from tidemill.faces.cli.progress import shown_progress
from tidemill.hardware.machine.constant import Value
from tidemill.hardware.sat.ablation import PATTERNS
from tidemill.hardware.sat.reproduction import (
    ABLATED,
    NOT_RECOMPUTABLE,
    PUBLISHED_SPEEDUP,
    SatReproduction,
    reproduce_sat,
)
from tidemill.tasks.sat_planning import SatPlanOptions

__all__ = ["reproduce"]

CLOSE = 0.05
"""Share of the published figure that ours may be off it."""

System = Annotated[Literal["sat"], typer.Argument(metavar="SYSTEM", help="Which one: sat.")]
OnMachine = Annotated[
    str, typer.Option("--on", metavar="MACHINE", help="One that comes along, or a TOML file.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Another value of a machine's constant."),
]
Table = Sequence[tuple[str, ...]]


def reproduce(
    system: System, on: OnMachine = "sat", changes: Changes = None, as_json: AsJson = False
) -> None:
    """Compute a system's published figures, and say what ours rest on.

    For each published figure ours and the difference; for each model its own;
    what each dataflow method and training method brings; how much the average
    hangs on every constant that was not published; and all constants with
    where they are from.

    For example:

        tidemill reproduce sat
    """
    described = SatPlanOptions(machine=on, changes=changes_of(changes)).described
    with shown_progress(unit="results") as progress:
        found = reproduce_sat(described, progress)
    if as_json:
        write_json({"system": system} | found.to_dict())
        return
    ink = ink_for()
    _published(found, ink)
    _models(found, ink)
    _variants(found, ink)
    _sensitivities(found, ink)
    printed_constants(found.machine.constants, ink)


def _published(found: SatReproduction, ink: Ink) -> None:
    write(ink.bold(f"SAT (arXiv 2309.13015) on {found.machine.name}"))
    head = ("published", "", "ours", "difference", "")
    close = abs(found.difference) <= CLOSE
    rows = [
        (
            "average speed-up of 2:8 BDWP over dense on SAT",
            f"{PUBLISHED_SPEEDUP:.2f}x",
            f"{found.average:.3f}x",
            f"{found.difference:+.1%}",
            _machine(found) + ("" if close else f"; more than {CLOSE:.0%} off"),
        )
    ]
    if found.fit is not None:
        off = found.fit.speedup / PUBLISHED_SPEEDUP - 1
        rate = f"{found.fit.value / 1e9:.1f} GB/s for {found.fit.declared / 1e9:.1f}"
        rows.append(
            ("", "", f"{found.fit.speedup:.3f}x", f"{off:+.1%}", f"fitted: {found.fit.key} {rate}")
        )
    rows += [
        (name, value, "", "", "not recomputable: the prior accelerators' table is not at hand")
        for name, value in NOT_RECOMPUTABLE.items()
    ]
    _table([head, *rows], ink, right={1, 2, 3})


def _machine(found: SatReproduction) -> str:
    if not found.changes:
        return "machine as declared"
    return f"machine with another {', '.join(found.changes)}"


def _models(found: SatReproduction, ink: Ink) -> None:
    write()
    head = ["model", "batch", *(f"at {pattern}" for pattern in PATTERNS), "ideal array"]
    head += [f"MACs saved at {pattern}" for pattern in PATTERNS]
    rows = []
    for model in found.models:
        speedups = [f"{model.speedup(pattern):.2f}x" for pattern in PATTERNS]
        cuts = [f"{model.mac_cut(pattern):.1%}" for pattern in PATTERNS]
        ideal = f"{model.ideal_speedup(found.pattern):.2f}x"
        name = model.name if model.is_averaged else f"{model.name} (not averaged)"
        rows.append((name, f"{model.batch:,}", *speedups, ideal, *cuts))
    _table([tuple(head), *rows], ink, right=set(range(1, len(head))))
    write(ink.dim(f"ideal array: SCALE-Sim's, at {found.pattern}, products alone"))
    write(ink.dim("which models, images and batches are averaged is ours: the abstract says none"))
    write(ink.dim(f"average of all {len(found.models)}: {found.average_of_all:.3f}x"))


def _variants(found: SatReproduction, ink: Ink) -> None:
    for title, ways in (
        (f"dataflow methods left out, {ABLATED} at {found.pattern}", found.ablation),
        (f"methods of training, {ABLATED}", found.methods),
    ):
        write()
        rows = [(way.name, f"{way.speedup:.2f}x", f"{way.step.utilisation:.0%}") for way in ways]
        _table([(title, "over dense", "array used"), *rows], ink, right={1, 2})


def _sensitivities(found: SatReproduction, ink: Ink) -> None:
    write()
    rows: list[tuple[str, ...]] = []
    for one in found.sensitivities:
        low, high = (tuple(_result(value, result)) for value, result in one.results)
        rows.append((one.key, _shown(one.value), one.status, *low, *high))
    head = ("the average, if this were another", "is", "", "less", "", "more", "")
    _table([head, *rows], ink, right={1, 3, 4, 5, 6})


def _result(value: Value, result: float | None) -> Iterator[str]:
    yield _shown(value)
    yield "cannot be" if result is None else f"{result:.3f}x"


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:,}"


def _table(rows: Table, ink: Ink, *, right: set[int]) -> None:
    head, *lines = columns(rows, right=frozenset(right))
    write(ink.dim(head))
    for line in lines:
        write(line)
