"""Flows found with declared, without and with inferred types, beside atom; and calls resolved.

    python benches/flows.py --prepare            fetch the packages and the peers, once
    python benches/flows.py                      everything, some minutes
    python benches/flows.py --quick              our own program alone, seconds
    python benches/flows.py --types FILE.json    with the types of another model than ours;
                                                 --package-types FOLDER for those of packages

Four parts: (1) a program written for this, whose forty flows and forty-five clean near twins
are known (``benches/flows/harbour``), with its annotations, without them, with those of
requests alone, with all of them handed over from outside, and with those that the expert
``types-ts`` infers, unchecked; (2) the same by atom;
(3) packages of npm with a known weakness (the index of SecBench.js): whether a flow from
what a caller hands over comes to the line that the advisory names; (4) how many calls have
a target, against what tsc says. ``--types`` is a file as ``tidemill dataflow --types`` reads
it, made from ``build/flows/stripped``. The program is ours and the analysis was mended with
it, so its full recall with all types says that the bench is solvable, and no more.
"""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from flows_calls import PACKAGES, call_figures, prepare_calls
from flows_packages import package_figures, prepare_packages
from flows_peer import MODES, atom_ways, found_in, touched_in
from flows_program import (
    HARBOUR,
    Place,
    Truth,
    annotated_copy,
    inferred_types,
    original_types,
    read_truth,
    stripped_copy,
    types_file,
)
from slices_peer import prepare as prepare_peer

from report import Figure, show
from tidemill.core.settings import Settings
from tidemill.tasks.flows.choosing import chosen
from tidemill.tasks.flows.given import GivenType, placed, read_given_types
from tidemill.tasks.tracing import TraceReport, trace

BUILD = Path(__file__).parents[1] / "build" / "flows"
REQUESTS = frozenset({"Request", "Response"})
SETTINGS = Settings(workers=1)


def traced(program: Path, types: Sequence[GivenType] = ()) -> TraceReport:
    """Search one program for flows from requests to every harm that is known."""
    choice = chosen(["http"])
    return trace(
        [program],
        sources=choice.sources,
        sinks=choice.sinks,
        types=placed(types, program.resolve(), SETTINGS) if types else None,
        settings=SETTINGS,
    )


def pairs_of(report: TraceReport) -> set[tuple[Place, Place]]:
    """Return the lines of both ends of every flow."""
    return {
        (
            (flow.steps[0].path, _line(report, flow.steps[0].path, flow.steps[0].start)),
            (flow.call.path, _line(report, flow.call.path, flow.call.start)),
        )
        for flow in report.flows
    }


def _line(report: TraceReport, path: str, offset: int) -> int:
    return report.texts[path].count(b"\n", 0, offset) + 1


def found_flows(report: TraceReport, truth: Truth) -> set[str]:
    """Return the flows that were found, of those that are there."""
    pairs = pairs_of(report)
    return {flow for flow, ends in truth.flows.items() if ends in pairs}


def our_figures(name: str, report: TraceReport, truth: Truth, *, least: int = -1) -> list[Figure]:
    """Return how many flows were found, more than some number at best, and how many are none."""
    pairs = pairs_of(report)
    found = found_flows(report, truth)
    false = pairs - set(truth.flows.values())
    by_kind = ", ".join(
        f"{kind} {sum(flow.startswith(f'{kind}-') for flow in found)}" for kind in truth.kinds
    )
    resolved = sum(report.resolution[-1].resolved.values())
    return [
        Figure(
            name=f"ours, {name}: found",
            value=len(found),
            unit=f"of {len(truth.flows)} flows",
            peer=by_kind,
            target=f"> {least} (stripped)" if least >= 0 else "",
            met=len(found) > least if least >= 0 else None,
        ),
        Figure(name=f"ours, {name}: false", value=len(false), unit="flows"),
        Figure(
            name=f"ours, {name}: calls resolved",
            value=resolved,
            unit=f"of {report.resolution[-1].calls}",
            peer=f"and {report.resolution[-1].named} named outside",
        ),
    ]


def atom_figures(name: str, program: Path, truth: Truth) -> Iterator[Figure]:
    """Yield what atom's slices show of the same flows."""
    for mode in MODES:
        try:
            ways = atom_ways(mode, program, BUILD)
        except RuntimeError as error:
            print(f"atom {mode}, {name}: {error}")
            continue
        found, touched = found_in(ways, truth), touched_in(ways, truth)
        yield Figure(
            name=f"atom {mode}, {name}: found",
            value=len(found),
            unit=f"of {len(truth.flows)} flows",
            peer=f"{len(ways)} slices",
        )
        yield Figure(
            name=f"atom {mode}, {name}: clean lines touched",
            value=len(touched),
            unit=f"of {len(truth.clean)}",
        )


def program_figures(types: Path | None, *, with_atom: bool) -> Iterator[Figure]:
    """Yield the figures of our own program, and atom's of the same."""
    truth = read_truth()
    BUILD.mkdir(parents=True, exist_ok=True)
    bare = stripped_copy(BUILD / "stripped")
    oracle = original_types()
    types_file(oracle, BUILD / "oracle.json")
    requests = [one for one in oracle if one.type in REQUESTS]
    variants: list[tuple[str, Path, Sequence[GivenType]]] = [
        ("original types", HARBOUR, ()),
        ("stripped", bare, ()),
        ("stripped + requests", bare, requests),
        ("stripped + oracle", bare, oracle),
    ]
    given = read_given_types(types or inferred_types(bare, BUILD / "inferred.json"))
    for name, program, known in variants:
        yield from our_figures(name, traced(program, known), truth)
    least = len(found_flows(traced(bare), truth))
    yield from our_figures("stripped + inferred", traced(bare, given), truth, least=least)
    if with_atom:
        yield from atom_figures("original types", HARBOUR, truth)
        yield from atom_figures("stripped", bare, truth)
        written = annotated_copy(BUILD / "inferred", bare, given)
        yield from atom_figures("stripped + inferred", written, truth)


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="fetch packages and peers, once")
    parser.add_argument("--quick", action="store_true", help="our own program alone")
    parser.add_argument("--types", type=Path, help="types that a model inferred")
    parser.add_argument("--package-types", type=Path, help="folder of such files for packages")
    chosen_options = parser.parse_args()
    if chosen_options.prepare:
        prepare_peer()
        prepare_packages()
        prepare_calls()
        return
    quick = chosen_options.quick
    with_atom = not quick and shutil.which("node") is not None
    figures = list(program_figures(chosen_options.types, with_atom=with_atom))
    if not quick:
        figures += package_figures(chosen_options.package_types, with_atom=with_atom)
        figures += (figure for name in PACKAGES for figure in call_figures(name))
    show("flows", figures, quick=quick)


if __name__ == "__main__":
    main()
