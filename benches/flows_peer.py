"""atom, the peer of the bench of flows: its slices, read as flows between two lines.

atom has no table of sinks for Node.js: ``reachables`` gives slices from what it tags as a
framework's input to its output, ``data-flow`` gives paths of definitions and uses, in either
direction. So a flow of ours counts as found by it when one slice has nodes on both lines; and
a clean line counts as touched when a slice comes from an input, or from a line with a source,
to a call on that line. Both rules are kind to it.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from flows_program import Place, Truth
from slices_peer import command

__all__ = ["INPUT", "MODES", "Way", "atom_ways", "found_in", "touched_in"]

SECONDS = 90
MODES = ("reachables", "data-flow")
INPUT = "framework-input"

Way = list[tuple[Place, str, str]]
"""The nodes of a slice: place, label, tags."""


def atom_ways(mode: str, program: Path, folder: Path) -> list[Way]:
    """Slice a copy of a program.

    Raises:
        RuntimeError: atom failed.
    """
    copy, out = folder / "copy", folder / f"{mode}.json"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(program, copy)
    out.unlink(missing_ok=True)
    whole = ["timeout", str(SECONDS), "atom", mode, "--slice-depth", "7"]
    command([*whole, "-o", str(folder / "app.atom"), "-s", str(out), "-l", "ts", "."], cwd=copy)
    facts = json.loads(out.read_bytes()) if out.exists() else []
    return list(_reachables(facts) if mode == "reachables" else _paths(facts))


def found_in(ways: Sequence[Way], truth: Truth) -> set[str]:
    """Return the flows that some slice shows."""
    return {name for name, ends in truth.flows.items() if any(_shows(way, *ends) for way in ways)}


def touched_in(ways: Sequence[Way], truth: Truth) -> set[str]:
    """Return the clean lines that some slice says are reached."""
    begins = {source for source, _ in truth.flows.values()}
    return {name for name, at in truth.clean.items() if any(_reaches(w, at, begins) for w in ways)}


def _shows(way: Way, source: Place, sink: Place) -> bool:
    return {source, sink} <= {place for place, _, _ in way}


def _reaches(way: Way, sink: Place, begins: set[Place]) -> bool:
    starts = [n for n, (at, _, tags) in enumerate(way) if INPUT in tags or at in begins]
    later = way[starts[0] + 1 :] if starts else []
    return any(place == sink and label == "CALL" for place, label, _ in later)


def _reachables(facts: object) -> Iterator[Way]:
    for one in facts if isinstance(facts, list) else []:
        yield [_node(node) for node in one["flows"]]


def _paths(facts: object) -> Iterator[Way]:
    if isinstance(facts, dict):
        nodes = {node["id"]: node for node in facts["graph"]["nodes"]}
        for path in facts["paths"]:
            yield [_node(nodes[step]) for step in path if step in nodes]


def _node(facts: dict[str, object]) -> tuple[Place, str, str]:
    line = facts.get("lineNumber")
    place = (str(facts.get("parentFileName")), line if isinstance(line, int) else 0)
    return place, str(facts.get("label")), str(facts.get("tags"))
