"""``tidemill plan MODEL --on MACHINE``: what a machine would do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.errors import SettingError
from tidemill.core.files import named_failures, write_output
from tidemill.faces.cli.output import (
    Ink,
    columns,
    ink_for,
    printable,
    write,
    write_error,
    write_json,
)
from tidemill.hardware.machine.constant import Constant
from tidemill.hardware.sat.explanation import Explanation
from tidemill.hardware.sat.part import StepPart
from tidemill.hardware.sat.pictures.schedule import schedule_picture
from tidemill.hardware.sat.pictures.tiles import tiles_picture
from tidemill.hardware.sat.pictures.utilisation import utilisation_picture
from tidemill.hardware.sat.step import StepTime
from tidemill.hardware.sat.table import csv_text
from tidemill.hardware.sat.walk import Walk
from tidemill.hardware.workload.gemm import STAGES
from tidemill.tasks.diagnosis import readable_bytes
from tidemill.tasks.sat_planning import SatPlan

__all__ = ["Shown", "changes_of", "plan_on_machine", "printed_constants"]

PUBLIC_FILE = 0o644
LAYERS = ("layer", "", "MACs", "of dense", "dataflow", "used", "ideal", "array", "with memory", "")
NUMBERS = frozenset({2, 3, 5, 6, 7, 8})
LONGEST_BAR = 24
ENDING = ("cutting", "memory", "between", "pruning", "update")
"""Terms that come last."""

NAMED = 6
"""Layers that are named for a reason, before the rest are counted."""

SHOWN = 60
"""Rows of layers; the longest ones, where there are more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown of a plan, and where.

    Attributes:
        as_json: Whether a program asks.
        explain: Whether equations and constants are shown.
        compare: Whether other methods of dataflow and of training stand beside it.
        csv: Where the parts of the step go as CSV.
        pictures: Folder that pictures go to.
    """

    as_json: bool
    explain: bool
    compare: bool
    csv: Path | None
    pictures: Path | None


def changes_of(words: list[str] | None) -> dict[str, int | float]:
    """Return the changes to a machine that ``--set KEY=VALUE`` asks for.

    Raises:
        SettingError: One is none.
    """
    changes: dict[str, int | float] = {}
    for word in words or ():
        key, equals, text = word.partition("=")
        try:
            number = float(text.replace("_", ""))
            changes[key.strip()] = int(number) if number == int(number) else number
        except (ValueError, OverflowError) as error:
            raise SettingError(
                f"--set {word[:60]!r} is no change", hint="Write --set array.rows=16, for example."
            ) from error
        if not equals or number < 0:
            raise SettingError(f"--set {word[:60]!r} is no change", hint="KEY=VALUE, 0 or more.")
    return changes


def plan_on_machine(found: SatPlan, shown: Shown) -> None:
    """Print a plan, and write what was asked for."""
    written = list(_written(found, shown))
    if shown.as_json:
        write_json(found.to_dict() | (found.compared() if shown.compare else {}))
        return
    ink = ink_for()
    _report(found, ink)
    if shown.compare:
        _compare(found, ink)
    if shown.explain:
        for title, explanation in zip(("dense", "sparse"), found.explanations, strict=True):
            _explain(title, explanation, ink)
        printed_constants(found.machine.constants, ink)
    for path in written:
        write_error(f"wrote {printable(str(path))}")


def _written(found: SatPlan, shown: Shown) -> Iterator[Path]:
    """Write files; that a folder cannot be made is found before anything is written."""
    if shown.pictures is not None:
        with named_failures(shown.pictures, doing="make the folder"):
            shown.pictures.mkdir(parents=True, exist_ok=True)
    if shown.csv is not None:
        write_output(shown.csv, csv_text(found.sparse).encode(), mode=PUBLIC_FILE)
        yield shown.csv
    if shown.pictures is not None:
        yield from _drawn(found, shown.pictures)


def _report(found: SatPlan, ink: Ink) -> None:
    options = found.sparse.options
    array = found.machine.engine.array
    title = f"{found.source} {found.model}: {options.pattern} by {options.method}"
    write(
        ink.bold(
            f"{printable(title)}, a batch of {found.batch:,} on {printable(found.machine.name)}"
        )
    )
    sides = f"{array.rows} x {array.columns} elements at {found.machine.hertz / 1e6:,.0f} MHz"
    write(ink.dim(f"{sides}; cycles of products, forward, backward (input's gradient) and update"))
    head, *lines = columns([LAYERS, *_rows(found.sparse)], right=NUMBERS)
    write(ink.dim(head))
    for line in lines:
        write(line)
    _totals(found, ink)


def _rows(step: StepTime) -> Iterator[tuple[str, ...]]:
    products = [part for part in step.parts if part.scheduled]
    longest = max(part.cycles for part in products)
    shown = sorted(range(len(products)), key=lambda number: -products[number].cycles)[:SHOWN]
    for number in sorted(shown):
        yield _row(products[number], longest)
    left = len(products) - len(shown)
    if left:
        yield (f"and {left:,} more, none longer", *[""] * (len(LAYERS) - 1))


def _row(part: StepPart, longest: int) -> tuple[str, ...]:
    found = part.scheduled
    if found is None:
        return ("",) * len(LAYERS)
    return (
        printable(part.layer),
        part.phase,
        f"{part.macs / 1e9:,.2f} G",
        f"{part.macs / part.dense_macs:.0%}",
        str(found.mapping),
        f"{found.utilisation:.0%}",
        f"{part.ideal:,}",
        f"{found.time.compute:,}",
        f"{part.cycles:,}",
        "#" * max(1, round(LONGEST_BAR * part.cycles / longest)),
    )


def _totals(found: SatPlan, ink: Ink) -> None:
    write()
    names = ("", *STAGES, "of which products", "between", "pruning, update", "all", "time")
    both = (("dense", found.dense), (str(found.sparse.options.pattern), found.sparse))
    table = [names, *((name, *_total(step)) for name, step in both)]
    head, *lines = columns(table, right=frozenset(range(1, len(names))))
    write(ink.dim(head))
    for line in lines:
        write(line)
    _terms(found, ink)
    saved = 1 - found.sparse.macs / found.dense.macs
    write(
        ink.good(f"{found.speedup:.2f} times as fast as dense")
        + f"; on an ideal array {found.ideal_speedup:.2f}; {saved:.1%} of the MACs are saved"
    )
    moved = " > ".join(readable_bytes(step.dram_bytes) for _, step in both)
    # A machine may say that nothing costs any.
    energy = found.dense.joules / found.sparse.joules if found.sparse.joules else 1.0
    write(f"memory moves {moved} a step; {energy:.2f} times the examples for the same energy")
    _chip(found, ink)
    for reason, layers in found.dense_layers.items():
        more = f" and {len(layers) - NAMED:,} more" if len(layers) > NAMED else ""
        write(ink.dim(printable(f"dense: {', '.join(layers[:NAMED])}{more}: {reason}")))
    for note in found.notes:
        write(ink.dim(printable(note)))


def _chip(found: SatPlan, ink: Ink) -> None:
    shares = found.resources.shares
    taken = (
        f"{shares['luts']:.0%} of its LUTs, {shares['registers']:.0%} of its"
        f" registers, {shares['dsps']:.0%} of its DSPs, {shares['memory_bytes']:.0%} of its memory"
    )
    if max(shares.values()) > 1:
        write(ink.warning(f"the chip has no room for it: {taken}"))
    else:
        write(f"of the chip: {taken}")


def _terms(found: SatPlan, ink: Ink) -> None:
    """Say where the cycles come from, from those of ideal arrays on."""
    write()
    names = list(dict.fromkeys([*found.dense.terms, *found.sparse.terms]))
    names = [name for name in names if name not in ENDING] + [*ENDING]
    table = [("cycles", *names, "all")]
    for title, step in (("dense", found.dense), (str(found.sparse.options.pattern), found.sparse)):
        terms = step.terms
        own = (f"{terms.get(name, 0):{'' if name == 'ideal' else '+'},}" for name in names)
        table.append((title, *own, f"{step.cycles:,}"))
    head, *lines = columns(table, right=frozenset(range(1, len(names) + 2)))
    write(ink.dim(head))
    for line in lines:
        write(line)


def _total(step: StepTime) -> tuple[str, ...]:
    rest = step.cycles_of(unit="pruner") + step.cycles_of(unit="updater")
    numbers = [step.cycles_of(phase=phase) for phase in STAGES]
    numbers += [step.cycles_of(unit="array"), step.cycles_of(unit="vector"), rest, step.cycles]
    return (*(f"{number:,}" for number in numbers), f"{1000 * step.seconds:,.1f} ms")


def _compare(found: SatPlan, ink: Ink) -> None:
    for title, ways in (
        ("dataflow methods left out", found.dataflow_variants),
        ("methods of training", found.method_variants),
    ):
        write()
        rows = [(way.name, f"{way.speedup:.2f}x", f"{way.step.utilisation:.0%}") for way in ways]
        head, *lines = columns(
            [(title, "over dense", "array used"), *rows], right=frozenset({1, 2})
        )
        write(ink.dim(head))
        for line in lines:
            write(line)


def _explain(title: str, explanation: Explanation, ink: Ink) -> None:
    part = explanation.part
    write()
    write(ink.bold(f"the longest {title} product: {printable(part.layer)}, {part.phase}"))
    for name, equation in explanation.equations.items():
        write(f"  {name}: {equation}")
    told = (
        f"{name} = {value:,}" if isinstance(value, int) else f"{name} = {value}"
        for name, value in explanation.numbers.items()
    )
    write(f"  {'; '.join(told)}")
    terms = ", ".join(f"{name} {cycles:+,}" for name, cycles in explanation.terms.items())
    write(f"  beside an ideal array: {terms}")


def printed_constants(constants: Mapping[str, Constant], ink: Ink) -> None:
    """Print every constant of a machine with where it is from."""
    write()
    table = [("constant", "", "unit", "", "source")]
    table += [
        (key, _number(one), printable(one.unit), one.status, printable(one.source))
        for key, one in constants.items()
    ]
    head, *lines = columns(table, right=frozenset({1}))
    write(ink.dim(head))
    for line in lines:
        write(line)


def _number(constant: Constant) -> str:
    value = constant.value
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _drawn(found: SatPlan, folder: Path) -> Iterator[Path]:
    """Draw the step, its products' use of the array, and the longest product's beginning."""
    pattern = str(found.sparse.options.pattern)
    name = f"{found.model} on {found.machine.name}"
    longest = max(
        (part for part in found.sparse.parts if part.scheduled), key=lambda part: part.cycles
    )
    pictures = {
        "schedule.svg": schedule_picture(
            {"dense": found.dense, f"{pattern} by {found.sparse.options.method}": found.sparse},
            f"A training step of {name}, a batch of {found.batch:,}",
        ),
        "utilisation.svg": utilisation_picture(
            found.sparse, f"Share of the array's cycles that are used: {name}, {pattern}"
        ),
    }
    if longest.scheduled is not None:
        own = longest.scheduled
        pictures["tiles.svg"] = tiles_picture(
            Walk(own.job, own.mapping, own.blocks, found.machine.engine),
            f"The first cycles of {longest.layer}, {longest.phase}: {own.mapping}",
        )
    for file, text in pictures.items():
        write_output(folder / file, text.encode(), mode=PUBLIC_FILE)
        yield folder / file
