"""``tidemill plan``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

import typer

from tidemill.core.errors import SettingError
from tidemill.core.settings import Settings
from tidemill.faces.cli.options import AsJson, ExpertsFolder, named_path, settings_from
from tidemill.faces.cli.output import Ink, columns, counted, ink_for, printable, write, write_json
from tidemill.faces.cli.plan_machine import Shown, changes_of, plan_on_machine
from tidemill.faces.cli.progress import shown_progress
from tidemill.tasks.diagnosis import readable_bytes
from tidemill.tasks.plan_report import LayerPlan, Machine, SparsityPlan
from tidemill.tasks.planning import DEFAULT_TOKENS, PlanOptions, plan_sparsity
from tidemill.tasks.sat_planning import SatPlanOptions, plan_sat

__all__ = ["plan"]

COUNTED = (
    "layer",
    "outputs x inputs",
    "kept",
    "forward",
    "backward",
    "update",
    "of dense",
    "bytes",
)
COUNTED_NUMBERS = frozenset({1, 2, 3, 4, 5, 6, 7})
TRIED = ("outputs x inputs", "layers", "rows", "forward", "", "backward", "", "update", "pack")
TRIED_MORE = ("fill", "step", "from", "")
TRIED_NUMBERS = frozenset(range(12))
BAR_AT_ONE = 8
LONGEST_BAR = 40
HERE_ALONE = frozenset({"here", "tokens", "threads", "precision"})
ON_ALONE = frozenset(
    {
        "batch",
        "changes",
        "dataflow",
        "interleave",
        "pregenerate",
        "explain",
        "compare",
        "csv",
        "pictures",
    }
)
OPTIONS = {"changes": "set"}
NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")


Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="An expert, a recipe, a published network, a config.json, or a topology (.csv).",
    ),
]
Pattern = Annotated[
    str | None, typer.Option("--sparsity", metavar="N:M", help="N of M weights stay; else 2:8.")
]
Here = Annotated[
    bool, typer.Option("--here", help="Try it out on this machine, in about 15 seconds.")
]
Tokens = Annotated[
    int, typer.Option("--tokens", metavar="N", help="Tokens, patches or pixels of a step.")
]
Threads = Annotated[
    int | None, typer.Option("--threads", metavar="N", help="Threads with --here; else all.")
]
MethodName = Annotated[
    str | None, typer.Option("--method", metavar="NAME", help="Of sparse training; else bdwp.")
]
Precision = Annotated[
    Literal["fp32", "bf16"] | None,
    typer.Option("--precision", help="Of the numbers in the products; else fp32."),
]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="MACHINE", help="What a machine would do: sat, or a TOML file."),
]
Batch = Annotated[
    int | None, typer.Option("--batch", metavar="N", help="With --on: examples of a step.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="With --on: a constant of the machine."),
]
DataflowName = Annotated[
    Literal["best", "os", "ws"],
    typer.Option("--dataflow", help="With --on: chosen for each product, or always the same."),
]
Interleave = Annotated[
    bool, typer.Option("--interleave/--no-interleave", help="With --on: sums take turns.")
]
Pregenerate = Annotated[
    bool, typer.Option("--pregenerate/--no-pregenerate", help="With --on: prune behind the update.")
]
Explain = Annotated[
    bool, typer.Option("--explain", help="With --on: equations, numbers and their sources.")
]
Compare = Annotated[
    bool, typer.Option("--compare", help="With --on: other dataflow and training methods, too.")
]
Csv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", parser=named_path, help="With --on: a row a part."),
]
Pictures = Annotated[
    Path | None,
    typer.Option("--pictures", metavar="FOLDER", parser=named_path, help="With --on: SVGs here."),
]


def plan(
    context: typer.Context,
    model: Model,
    sparsity: Pattern = None,
    here: Here = False,
    tokens: Tokens = DEFAULT_TOKENS,
    threads: Threads = None,
    method: MethodName = None,
    precision: Precision = None,
    on: On = None,
    batch: Batch = None,
    changes: Changes = None,
    dataflow: DataflowName = "best",
    interleave: Interleave = True,
    pregenerate: Pregenerate = True,
    explain: Explain = False,
    compare: Compare = False,
    csv: Csv = None,
    pictures: Pictures = None,
    experts: ExpertsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say what N:M sparse training of a model would save, layer by layer.

    Counts multiply-accumulates (MACs) and bytes exactly, before anything is
    trained: what is left of a step's three products, which layers stay dense and
    why, and how much faster a step can be at most. With --here the products of
    every layer run on this machine, dense and sparse in turn: whether each layer
    gains, and from how many tokens on. With --on the step is planned for an
    accelerator, to the cycle. What the model says of sparsity, method and
    precision holds where no option says otherwise.

    For example:

        tidemill plan search-code --sparsity 2:8 --here
        tidemill plan resnet50 --on sat --pictures pictures
    """
    _check_together(context, on)
    settings = settings_from(experts=experts)
    if on is None:
        own = PlanOptions(
            method=method, precision=precision, tokens=tokens, here=here, threads=threads
        )
        _plan_here(model, sparsity, own, (settings, as_json))
        return
    options = SatPlanOptions(machine=on, changes=changes_of(changes), method=method, batch=batch)
    options = replace(options, schedule=dataflow, interleave=interleave, pregenerate=pregenerate)
    shown = Shown(as_json=as_json, explain=explain, compare=compare, csv=csv, pictures=pictures)
    with shown_progress(unit="parts") as progress:
        found = plan_sat(model, sparsity, options=options, settings=settings, progress=progress)
    plan_on_machine(found, shown)


def _check_together(context: typer.Context, on: str | None) -> None:
    """Refuse options that say nothing here, rather than leave them unheard."""
    given = {name for name in context.params if _is_given(context, name)}
    if on is None and given & ON_ALONE:
        name = OPTIONS.get(min(given & ON_ALONE), min(given & ON_ALONE))
        raise SettingError(f"--{name} is for --on", hint="Name a machine: --on sat")
    if on is not None and given & HERE_ALONE:
        raise SettingError(
            f"--{min(given & HERE_ALONE)} is not for --on",
            hint="A machine has its own numbers; --batch says how large a step is.",
        )
    if "threads" in given and "here" not in given:
        raise SettingError("--threads is for --here", hint="Counts are the same in any number.")


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _plan_here(
    model: str, sparsity: str | None, options: PlanOptions, how: tuple[Settings, bool]
) -> None:
    settings, as_json = how
    with shown_progress(unit="shapes") as progress:
        found = plan_sparsity(
            model, sparsity, options=options, settings=settings, progress=progress
        )
    if as_json:
        write_json(found)
    else:
        _report(found, ink_for())


def _report(found: SparsityPlan, ink: Ink) -> None:
    title = f"{found.source} {found.model}: {found.sparsity} by {found.method}, {found.precision}"
    write(ink.bold(f"{printable(title)}, {found.tokens:,} {found.unit} a step"))
    head, *lines = columns([COUNTED, *_counted_rows(found)], right=COUNTED_NUMBERS)
    write(ink.dim(head))
    for line in lines:
        write(line)
    for note in (*_dense(found), *_remarks(found)):
        write(ink.dim(printable(note)))
    if found.machine is not None:
        _report_machine(found, found.machine, ink)
    for sentence in found.findings:
        write(sentence)


def _counted_rows(found: SparsityPlan) -> Iterator[tuple[str, ...]]:
    for name, layers in _grouped(found.layers):
        first, times = layers[0], len(layers)
        costs = (first.planned.forward, first.planned.backward, first.planned.update)
        yield (
            printable(name),
            f"{first.outputs:,} x {first.inputs:,}",
            first.sparsity,
            *(_macs(times * cost) for cost in costs),
            f"{float(first.share):.1%}",
            _shrunk(times * first.dense.forward_bytes, times * first.planned.forward_bytes),
        )
    totals = found.totals
    products = [layer.planned for layer in found.layers]
    yield (
        "all",
        "",
        "",
        _macs(sum(cost.forward for cost in products)),
        _macs(sum(cost.backward for cost in products)),
        _macs(sum(cost.update for cost in products)),
        f"{totals.planned_macs / totals.dense_macs:.1%}",
        _shrunk(totals.dense_bytes, totals.planned_bytes),
    )


def _grouped(layers: Sequence[LayerPlan]) -> list[tuple[str, list[LayerPlan]]]:
    """Put the same layer of several blocks into one row, ``layer.0-11.dense``."""
    rows: dict[tuple[object, ...], list[LayerPlan]] = {}
    for layer in layers:
        shape = (layer.inputs, layer.outputs, layer.rows, layer.reason)
        rows.setdefault((NUMBER.sub("*", layer.name), *shape), []).append(layer)
    return [(_span([layer.name for layer in alike]), alike) for alike in rows.values()]


def _span(names: Sequence[str]) -> str:
    first, last = (NUMBER.search(name) for name in (names[0], names[-1]))
    if first is None or last is None or first[0] == last[0]:
        return names[0]
    return f"{names[0][: first.end()]}-{last[0]}{names[0][first.end() :]}"


def _dense(found: SparsityPlan) -> Iterator[str]:
    """Say why layers stay dense, all of one reason together."""
    stays = [(name, layers[0]) for name, layers in _grouped(found.layers) if layers[0].reason]
    for (reason, remedy), group in groupby(stays, key=lambda one: (one[1].reason, one[1].remedy)):
        names = ", ".join(name for name, _ in group)
        yield f"dense: {names}: {reason}"
        if remedy:
            yield f"  {remedy}"


def _remarks(found: SparsityPlan) -> Iterator[str]:
    yield "MACs of a step, of all layers of a row together; no method makes the update sparse"
    if found.attention_macs:
        yield f"besides, {_macs(found.attention_macs)} of attention, which has no weights"
    yield from found.notes


def _report_machine(found: SparsityPlan, machine: Machine, ink: Ink) -> None:
    write()
    threads = counted(machine.threads, "thread")
    write(ink.bold(f"here: kernels for {machine.instruction_set}, {threads}; milliseconds"))
    rows = list(_tried_rows(found, machine))
    if not rows:
        return
    head, *lines = columns([(*TRIED, *TRIED_MORE), *rows], right=TRIED_NUMBERS)
    write(ink.dim(head))
    for line in lines:
        write(ink.good(line) if line.endswith("#  gains") else line)
    write(
        ink.dim("pack: masks and operands, once an update, counted in step; fill: once a loading")
    )
    tried = ", ".join(f"{tokens:,}" for tokens in machine.tried)
    write(ink.dim(f"from: rows from which a step gains 5 % or more, of {tried}"))


def _tried_rows(found: SparsityPlan, machine: Machine) -> Iterator[tuple[str, ...]]:
    shapes: dict[tuple[int, ...], list[LayerPlan]] = {}
    for layer in found.sparse_layers:
        if layer.times is not None:
            shapes.setdefault((layer.outputs, layer.inputs, layer.rows), []).append(layer)
    for layers in shapes.values():
        yield _tried_row(layers[0], len(layers), machine)


def _tried_row(layer: LayerPlan, count: int, machine: Machine) -> tuple[str, ...]:
    times, gain = layer.times, layer.gain
    if times is None or gain is None:
        return ("",) * len((*TRIED, *TRIED_MORE))
    own, start = times.at(layer.rows), times.gains_from(machine.tried)
    return (
        f"{layer.outputs:,} x {layer.inputs:,}",
        f"{count:,}",
        f"{layer.rows:,}",
        f"{_ms(own.dense_forward)} > {_ms(own.sparse_forward)}",
        f"{own.forward_gain:.2f}x",
        f"{_ms(own.dense_backward)} > {_ms(own.sparse_backward)}",
        f"{own.backward_gain:.2f}x",
        _ms(own.update),
        _ms(times.pack_seconds),
        _ms(times.fill_seconds),
        f"{gain:.2f}x",
        "never" if start is None else f"{start:,}",
        f"{_bar(gain)}  {'gains' if layer.gains else 'does not'}",
    )


def _bar(gain: float) -> str:
    return "#" * max(1, min(LONGEST_BAR, round(BAR_AT_ONE * gain)))


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g}"


def _macs(number: int) -> str:
    """Return a number of MACs as people read it, for example ``3.4 G``."""
    size = float(number)
    for unit in ("", "k", "M", "G", "T"):
        if size < 1000:
            return f"{size:.0f}" if not unit else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} P"


def _shrunk(before: int, after: int) -> str:
    if before == after:
        return readable_bytes(before)
    return f"{readable_bytes(before)} > {readable_bytes(after)}"
