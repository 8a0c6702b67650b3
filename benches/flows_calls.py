"""How many calls have a target, with no types, declared ones, and inferred ones, against tsc.

The reference is what TypeScript 5.9's own checker says that a call means, without the
package's dependencies. A call counts as found when one of ours for it is the function that
tsc names, overloads looked through; as other when we name only others; as missed when we
name none, which for an interface's or a callback's method is often all that can be said.
"""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows_program import HARBOUR, inferred_types, original_types, stripped_copy

from report import Figure
from tidemill.core.settings import Settings
from tidemill.source.language import language_of
from tidemill.source.program.callgraph import CallGraph, call_graph_of
from tidemill.source.program.program import File, again, program_of
from tidemill.source.program.receivers import DeclaredTypes, FirstOf, NoTypes, ReceiverTypes
from tidemill.source.program.syntax import Syntax, is_analysable, syntax_of
from tidemill.tasks.flows.given import GivenType, placed, read_given_types

__all__ = ["PACKAGES", "call_figures", "prepare_calls"]

BUILD = Path(__file__).parents[1] / "build"
TYPESCRIPT = BUILD / "flows" / "typescript"
ASKING = Path(__file__).parent / "flows" / "calls.cjs"
PACKAGES: dict[str, Path] = {
    "rxjs": BUILD / "slices" / "rxjs" / "package" / "src",
    "harbour": HARBOUR,
    "express": BUILD / "flows" / "express" / "package" / "lib",
}
EXPRESS = "express@4.19.2"
PIN = "typescript@5.9.3"
NEAR = 40
"""Bytes by which a function's node may begin after what tsc calls its declaration."""

Place = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What tsc says of one call.

    Attributes:
        call: File, first byte, byte after the last.
        target: File and first byte of the declaration with a body; None for one outside.
    """

    call: tuple[str, int, int]
    target: Place | None


def prepare_calls() -> None:
    """Fetch the compiler and the package of JavaScript, once."""
    if not (TYPESCRIPT / "node_modules").is_dir():
        TYPESCRIPT.mkdir(parents=True, exist_ok=True)
        (TYPESCRIPT / "package.json").write_text("{}", encoding="utf-8")
        command = ["npm", "install", "--silent", "--ignore-scripts", PIN]
        subprocess.run(command, cwd=TYPESCRIPT, check=True)
    folder = PACKAGES["express"].parents[1]
    if not folder.is_dir():
        folder.mkdir(parents=True)
        command = ["npm", "pack", "--silent", "--ignore-scripts", EXPRESS]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        shutil.unpack_archive(next(folder.glob("*.tgz")), folder, filter="data")


def call_figures(name: str) -> Iterator[Figure]:
    """Yield how many calls of a package have the target that tsc says they have."""
    folder = PACKAGES[name]
    if not folder.is_dir() or not (TYPESCRIPT / "node_modules").is_dir():
        print(f"calls of {name}: --prepare")
        return
    truth = list(_asked(folder))
    known = [one for one in truth if one.target is not None]
    for types, graph in _graphs(folder):
        counted = Counter(_judged(one, graph) for one in known)
        yield Figure(
            name=f"calls of {name}, {types}: found",
            value=100 * counted["found"] / max(1, len(known)),
            unit=f"% of {len(known):,}",
            peer=f"other {counted['other']}, missed {counted['missed']}, unseen"
            f" {counted['unseen']}; of {len(truth):,} calls in all",
        )


def _asked(folder: Path) -> Iterator[Asked]:
    """Ask tsc what every call of a folder means."""
    out = BUILD / "flows" / "calls.json"
    environment = {"NODE_PATH": str(TYPESCRIPT / "node_modules"), "PATH": "/usr/bin:/bin"}
    node = shutil.which("node") or "node"
    command = [node, str(ASKING), str(folder.resolve()), str(out)]
    subprocess.run(command, check=True, env=environment)
    for facts in json.loads(out.read_bytes()):
        target = facts["target"]
        inside = target and target["hasBody"] and not target["file"].startswith("..")
        yield Asked(
            call=(facts["file"], facts["start"], facts["end"]),
            target=(target["file"], target["start"]) if inside else None,
        )


def _graphs(folder: Path) -> Iterator[tuple[str, dict[tuple[str, int, int], Sequence[Place]]]]:
    """Yield the targets of calls with more and more types.

    Types are handed over from outside for a copy without any: the package's own, as a perfect
    model would say them, and those that the expert infers, unchecked. What has none is no copy.
    """
    program = program_of(_syntaxes(folder))
    declared = _declared(program.files)
    yield "no types", _targets(call_graph_of(again(program), NoTypes()))
    yield "declared types", _targets(call_graph_of(program, declared))
    oracle = original_types(folder)
    bare = stripped_copy(BUILD / "flows" / "bare", folder) if oracle else folder
    if oracle:
        yield "stripped + oracle", _with_given(bare, oracle)
    inferred = read_given_types(inferred_types(bare, BUILD / "flows" / "inferred-calls.json"))
    yield "stripped + inferred", _with_given(bare, inferred)


def _with_given(
    folder: Path, given: Sequence[GivenType]
) -> dict[tuple[str, int, int], Sequence[Place]]:
    program = program_of(_syntaxes(folder))
    known = placed(given, folder.resolve(), Settings(workers=1))
    return _targets(call_graph_of(program, FirstOf(_declared(program.files), known)))


def _declared(files: Sequence[File]) -> ReceiverTypes:
    return DeclaredTypes((file.syntax, file.names, file.definitions) for file in files)


def _syntaxes(folder: Path) -> Iterator[Syntax]:
    for path in sorted(folder.rglob("*")):
        language = language_of(path.name, b"")
        if path.is_file() and is_analysable(language) and not path.name.endswith(".d.ts"):
            yield syntax_of(path.read_bytes(), path.relative_to(folder).as_posix(), language)


def _targets(graph: CallGraph) -> dict[tuple[str, int, int], Sequence[Place]]:
    found: dict[tuple[str, int, int], Sequence[Place]] = {}
    for node, call in graph.calls.items():
        places = []
        for edge in graph.targets.get(node, ()):
            file = graph.program.file_of(edge.function)
            if file is not None:
                places.append((file.path, file.syntax.starts[edge.function - file.first]))
        found[call.path, call.start, call.end] = places
    return found


def _judged(one: Asked, graph: dict[tuple[str, int, int], Sequence[Place]]) -> str:
    if one.call not in graph:
        return "unseen"
    if not graph[one.call] or one.target is None:
        return "missed"
    path, start = one.target
    is_right = any(own == path and start <= at < start + NEAR for own, at in graph[one.call])
    return "found" if is_right else "other"
