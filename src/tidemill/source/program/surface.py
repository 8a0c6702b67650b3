"""What a program offers to others: the functions that they can call.

What the entries of its packages export, what methods the exported classes and objects
have, and what the exported functions return. A file outside of any package is an entry
itself; so is every file of a package whose manifest names none that is there.
"""

from collections.abc import Iterator

from tidemill.source.program.callgraph import CallGraph
from tidemill.source.program.found import INSTANCE
from tidemill.source.program.program import File
from tidemill.source.program.syntax import NONE
from tidemill.source.program.targets import ANY
from tidemill.source.program.values import (
    CAPTURE,
    COPY,
    EXIT,
    INIT,
    LOAD,
    MADE,
    STORE,
    THROUGH,
    Label,
)

__all__ = ["offered_functions"]

MOST_STATES = 20_000
LONGEST_PATH = 8
HANDING_ON = frozenset({CAPTURE, COPY, EXIT, INIT, THROUGH})


def offered_functions(graph: CallGraph) -> tuple[int, ...]:
    """Return the nodes of the functions that others can call, in order.

    Args:
        graph: The program's calls.
    """
    return tuple(sorted(_Offering(graph).functions()))


class _Offering:
    """A search backwards from what entries export; a path says which field is meant."""

    def __init__(self, graph: CallGraph) -> None:
        self._graph, self._program = graph, graph.program
        self._offered: set[int] = set()
        self._queue: dict[tuple[int, Label], None] = {}
        self._waiting: list[tuple[int, Label]] = []
        self._written: dict[int, list[int]] = {}
        for file in self._program.files:
            for receiver, _, value in file.values.writes:
                self._written.setdefault(receiver + file.first, []).append(value + file.first)

    def functions(self) -> set[int]:
        for entry in self._program.modules.entries():
            file = self._program.by_path[entry]
            self._push(file.first + file.values.exports, ())
        for node, path in self._waiting:
            if node in self._program.functions:
                self._offer_function(node, path)
            elif node in self._program.classes:
                self._offer_class(node, path)
            self._offer_made(node, path)
            self._back(node, path)
        return self._offered

    def _push(self, node: int, path: Label) -> None:
        state = (node, path)
        if (
            len(path) <= LONGEST_PATH
            and len(self._queue) < MOST_STATES
            and state not in self._queue
        ):
            self._queue[state] = None
            self._waiting.append(state)

    def _offer_function(self, node: int, path: Label) -> None:
        if path and path != (INSTANCE,):
            return
        file = self._program.file_of(node)
        self._offered.add(node)
        self._push(self._graph.resolver.returns[node], ())
        if file is not None and node - file.first in file.values.receivers:
            receiver = file.values.receivers[node - file.first] + file.first
            for value in self._written.get(receiver, ()):
                self._push(value, ())

    def _offer_class(self, node: int, path: Label) -> None:
        for owner in self._graph.resolver.hierarchy.upwards(node):
            file, found = self._program.file_of(owner), self._program.classes[owner]
            if file is None or path not in {(), (INSTANCE,)}:
                continue
            members = [found.constructor, *found.methods.values(), *found.setters.values()]
            members += [] if path else found.statics.values()
            for member in members:
                if member != NONE:
                    self._push(member + file.first, ())
            self._push(file.values.instances[owner - file.first] + file.first, ())

    def _offer_made(self, node: int, path: Label) -> None:
        """Go on from an object to the class or function that has made it."""
        file = self._own(node)
        if file is not None:
            maker = file.syntax.child(node - file.first, "constructor")
            if maker != NONE:
                self._push(maker + file.first, (INSTANCE, *path))

    def _own(self, node: int) -> File | None:
        """Return the file in whose syntax a node is; None for one that was made besides."""
        file = self._program.file_of(node)
        own = file is not None and 0 <= node - file.first < len(file.syntax.kinds)
        return file if own else None

    def _back(self, node: int, path: Label) -> None:
        for source, op, label, _ in self._program.into.get(node, ()):
            for earlier in _earlier(op, label, path):
                self._push(source, earlier)


def _earlier(op: int, label: Label, path: Label) -> Iterator[Label]:
    """Yield what is meant of a value before an edge; all of its fields are."""
    if op == LOAD:
        yield (*label, *path)
    elif op == MADE:
        yield (INSTANCE, *path)
    elif op == STORE:
        if all(
            one == other or ANY in {one, other} for one, other in zip(label, path, strict=False)
        ):
            yield path[len(label) :]
    elif op in HANDING_ON and not (label and path[: len(label)] == label):
        yield path
