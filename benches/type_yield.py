"""What types bring the consumer of slices: atom's view of a package before and after.

As in the published work: a package is sliced, types are inferred for the objects without one,
written back, and the package is sliced again. atom has no entry for types, so they are written
into the source, by ``tidemill types --check --apply``, and atom reads that. Counted are the
objects of atom's slices (the published tables count nodes), and the calls on objects with a
type, for those are the calls that a graph can give a target (atom's own field for that holds
the text of the call, whatever the types). Files that atom cannot digest are left out by it
without a word, most of them of some packages. Beside it, what the server of slices answers for
our own slices of the same sources (atom's come without the text of their functions), held to the
rules of the published pass: confidence, uninformative types, members that are lacking.

Of immer, which ``--quick`` takes, atom digests next to nothing: it shows that the bench runs.

    .venv/bin/python benches/type_yield.py --prepare
    .venv/bin/python benches/type_yield.py [--quick] [--experts FOLDER]
"""

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from alone import NOBODYS
from slices_peer import prepare as prepare_peer
from slices_peer import sliced_by_atom
from type_programs import (
    PROGRAMS,
    bare_copy,
    original,
    prepare_programs,
    typed_copy,
)

from report import Figure, show
from tidemill.core.progress import Silence
from tidemill.core.settings import Settings
from tidemill.faces.joernti.command import SlicesInferred
from tidemill.faces.joernti.filters import GraphNode, WriteBackRules, is_untyped
from tidemill.faces.joernti.threshold import JOERN_THRESHOLD
from tidemill.source.slices.assembly import SliceRules
from tidemill.source.slices.formats.joern import to_joern
from tidemill.source.slices.formats.places import positioned
from tidemill.source.slices.formats.reading import read_slices
from tidemill.source.slices.usage import ProgramSlice
from tidemill.tasks.slicing import slices_of
from tidemill.tasks.types.declared import DeclaredMembers
from tidemill.tasks.types.experts import type_source
from tidemill.tasks.types.project import read_project

BUILD = Path(__file__).parents[1] / "build" / "types"
QUICK = ("immer",)
YIELD_TARGET = 20.0
SLICED = SliceRules(exclude_operators=True, with_source=True)
ACCEPTED = 0.4
"""A confidence from which a consumer may take answers, by ``--accept-from``."""

Key = tuple[str, str, int]
"""Full name of a method, name of an object, and the how-many-th of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What atom sees of a package.

    Attributes:
        objects: The type of each object, empty where there is none.
        calls: How many calls there are on each.
    """

    objects: Mapping[Key, str]
    calls: Mapping[Key, int]

    @property
    def typed(self) -> set[Key]:
        """The objects with a type."""
        return {key for key, name in self.objects.items() if name}

    def of(self, keys: AbstractSet[Key]) -> "View":
        """Return what is seen of some objects."""
        return View(
            objects={key: self.objects[key] for key in keys},
            calls={key: self.calls[key] for key in keys},
        )


def view_of(program: ProgramSlice) -> View:
    """Count what slices know."""
    objects: dict[Key, str] = {}
    calls: dict[Key, int] = {}
    turns: Counter[tuple[str, str]] = Counter()
    for method in program.methods:
        for usage in method.slices:
            place = (method.full_name, usage.target.name)
            turns[place] += 1
            name = usage.target.type_name
            objects[*place, turns[place]] = "" if is_untyped(name) else name
            calls[*place, turns[place]] = len(usage.invoked_calls)
    return View(objects=objects, calls=calls)


def common(views: Mapping[str, View], name: str) -> dict[str, View]:
    """Keep the objects that atom sees in all copies: a file that it drops in one has no say."""
    keys = frozenset.intersection(*(frozenset(view.objects) for view in views.values()))
    dropped = {kind: len(view.objects) - len(keys) for kind, view in views.items()}
    print(f"{name}: {len(keys):,} objects in all copies; more in some:", dropped)
    return {kind: view.of(keys) for kind, view in views.items()}


def sliced(name: str, kind: str, folder: Path) -> ProgramSlice:
    """Let atom slice a copy of a package's sources."""
    copy = BUILD / name / "atom" / kind
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "src", copy)
    out = copy.with_suffix(".json")
    sliced_by_atom(copy, out)
    return read_slices(out.read_bytes(), path=str(out))


def answered(name: str, experts: Path) -> Counter[str]:
    """Answer our slices as the server does, and hold the answers to the rules of the pass."""
    settings = Settings(experts=experts, workers=1)
    folder = BUILD / name / "bare" / "src"
    project = read_project([folder], settings=settings, progress=Silence(), cwd=folder)
    rules = WriteBackRules(above=0.0, members=_Declared(DeclaredMembers(project.files)))
    report = slices_of([folder], rules=SLICED, settings=settings, cwd=folder)
    program = positioned(report.program, report.texts)
    nodes = {
        (method.full_name, usage.target.name): GraphNode(
            type_name=usage.target.type_name,
            invoked=tuple(call.name for call in usage.invoked_calls),
        )
        for method in program.methods
        for usage in method.slices
    }
    found: Counter[str] = Counter()
    source = SlicesInferred(type_source(settings))
    for answer in source.infer(json.dumps(to_joern(program))):
        node = nodes[answer.scope, answer.target_identifier]
        if not is_untyped(node.type_name):
            continue
        found["answers"] += 1
        found["sure"] += answer.confidence > JOERN_THRESHOLD
        found["accepted"] += answer.confidence >= ACCEPTED
        found[str(rules.verdict(answer, node).refusal or "written")] += 1
    return found


class _Declared:
    """The members of a program's types."""

    def __init__(self, declared: DeclaredMembers) -> None:
        self._declared = declared

    def members_of(self, type_name: str) -> frozenset[str] | None:
        return self._declared.of(type_name)


def figures(name: str, views: Mapping[str, list[View]], answers: Counter[str]) -> Iterator[Figure]:
    """Yield the figures of one package, or of several together."""
    shares = {
        kind: 100
        * sum(len(view.typed) for view in own)
        / max(1, sum(len(view.objects) for view in own))
        for kind, own in views.items()
    }
    calls = {
        kind: 100
        * sum(view.calls[key] for view in own for key in view.typed)
        / max(1, sum(sum(view.calls.values()) for view in own))
        for kind, own in views.items()
    }
    untyped = filled = 0
    for before, after in zip(views["bare"], views["typed"], strict=True):
        open_ones = before.objects.keys() - before.typed
        untyped += len(open_ones)
        filled += len(open_ones & after.typed)
    yield Figure(
        name=f"{name}: objects with a type, after",
        value=shares["typed"],
        unit=f"% of {sum(len(view.objects) for view in views['typed']):,}",
        peer=f"before {shares['bare']:.1f} %, authors' types {shares['original']:.1f} %;"
        " published nodes 61.59 -> 70.17 %",
        target="more than before",
        met=shares["typed"] > shares["bare"],
    )
    yield Figure(
        name=f"{name}: untyped objects that have one then",
        value=100 * filled / max(1, untyped),
        unit=f"% of {untyped:,}",
        peer="published 20.0 % of nodes",
        target=f">= {YIELD_TARGET:.0f} %",
        met=100 * filled / max(1, untyped) >= YIELD_TARGET,
    )
    yield Figure(
        name=f"{name}: calls on an object with a type, after",
        value=calls["typed"],
        unit=f"% of {sum(sum(view.calls.values()) for view in views['typed']):,}",
        peer=f"before {calls['bare']:.1f} %, authors' types {calls['original']:.1f} %",
        target="more than before",
        met=calls["typed"] > calls["bare"],
    )
    yield Figure(
        name=f"{name}: answers of the server that lack a member",
        value=100 * answers["members"] / max(1, answers["answers"]),
        unit=f"% of {answers['answers']:,}",
        peer=f"published 1.0 %; written {answers['written']:,}, uninformative"
        f" {answers['uninformative']:,}, surer than {JOERN_THRESHOLD}: {answers['sure']:,},"
        f" from {ACCEPTED} up: {answers['accepted']:,}",
    )


def main() -> None:
    """Prepare, or measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="fetch packages and atom, once")
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)} alone")
    parser.add_argument("--experts", type=Path, default=NOBODYS, help="experts that stand first")
    parser.add_argument("--again", action="store_true", help="take the types that were written")
    options = parser.parse_args()
    if options.prepare:
        prepare_peer()
        prepare_programs()
        return
    if shutil.which("node") is None:
        raise SystemExit("atom needs node")
    experts = options.experts.resolve()
    all_views: dict[str, list[View]] = {"bare": [], "typed": [], "original": []}
    all_answers: Counter[str] = Counter()
    said: list[Figure] = []
    for name in QUICK if options.quick else PROGRAMS:
        typed = BUILD / name / "typed"
        if not options.again or not typed.is_dir():
            typed = typed_copy(name, experts=experts).folder
        folders = {"bare": bare_copy(name), "typed": typed, "original": original(name)}
        slices = {kind: sliced(name, kind, folder) for kind, folder in folders.items()}
        views = common({kind: view_of(own) for kind, own in slices.items()}, name)
        answers = answered(name, experts)
        said += figures(name, {kind: [own] for kind, own in views.items()}, answers)
        for kind, own in views.items():
            all_views[kind].append(own)
        all_answers += answers
    said += figures("all", all_views, all_answers)
    show("type_yield", said, quick=options.quick)


if __name__ == "__main__":
    main()
