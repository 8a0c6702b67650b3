"""Other names of an object: what is written through one is read through all.

When a field is written, the object is followed back to where it was made or came in, and
from every place on that way forward along the other ways that it takes. Inside the
function of the write, what was evaluated before it sees nothing of it, unless both stand
in one loop.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tidemill.source.program.program import File, Program
from tidemill.source.program.syntax import FUNCTIONS, NONE
from tidemill.source.program.values import (
    CAPTURE,
    COPY,
    ENTER,
    EXIT,
    INIT,
    LOAD,
    STORE,
    Label,
)

__all__ = ["Aliases", "Context", "advanced", "entered"]

Context = tuple[int, ...]
"""The calls that a flow has entered and not left, the last of them last."""

MOST_PLACES = 64
LONGEST_PATH = 8
HIGHEST = 256
ASSIGNING = frozenset(
    {"variable_declarator", "assignment_expression", "augmented_assignment_expression"}
)
LOOPS = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
FOLLOWED = frozenset({CAPTURE, COPY, LOAD, STORE, INIT, ENTER, EXIT})


@dataclass(frozen=True, slots=True)
class _Place:
    """A node that holds the object, with the written field and the moment of the write."""

    node: int
    path: Label
    context: Context
    moment: int
    came_from: int


class Aliases:
    """Finds the other names of objects.

    Args:
        program: The program, with its calls wired.
        instantiated: Classes of which it makes instances: theirs are told apart.
        depth: How many calls a context remembers.
    """

    def __init__(self, program: Program, instantiated: set[int], depth: int) -> None:
        self._program = program
        self._depth = depth
        self._apart = {
            file.first + node
            for file in program.files
            for at, node in file.values.instances.items()
            if at + file.first in instantiated
        }

    def of(self, node: int, path: Label, context: Context) -> Iterator[tuple[int, Label, Context]]:
        """Yield where else a field can be read that was written at a node.

        Args:
            node: What the object is after the write.
            path: The field.
            context: The calls that led to the write.
        """
        seen = {(node, path, context)}
        waiting = [_Place(node, path, context, node, NONE)]
        while waiting and len(seen) < MOST_PLACES:
            place = waiting.pop(0)
            if place.came_from != NONE:
                yield from self._onward(place)
            for earlier in self._backward(place):
                key = (earlier.node, earlier.path, earlier.context)
                if key not in seen and len(earlier.path) <= LONGEST_PATH:
                    seen.add(key)
                    waiting.append(earlier)

    def _backward(self, place: _Place) -> Iterator[_Place]:
        """Yield where the object comes from."""
        node, path, context, moment = place.node, place.path, place.context, place.moment
        for source, op, label, call in self._program.into.get(node, ()):
            if op in {CAPTURE, COPY, INIT}:
                if source not in self._apart:
                    known = () if op == CAPTURE else context
                    yield _Place(source, path, known, moment, node)
            elif op in {LOAD, STORE}:
                whole = _held_in(op, label, path)
                if whole is not None and (op == LOAD or place.came_from != NONE):
                    yield _Place(source, whole, context, moment, node)
            elif op == ENTER and (not context or context[-1] == call):
                yield _Place(source, path, context[:-1], call, node)
            elif op == EXIT:
                inside = (*context, call)[-self._depth :]
                yield _Place(source, path, inside, NONE, node)

    def _onward(self, place: _Place) -> Iterator[tuple[int, Label, Context]]:
        """Yield where the object goes from a place, but for where the search came from."""
        for target, op, label, call in self._program.out.get(place.node, ()):
            if target == place.came_from or op not in FOLLOWED:
                continue
            path = advanced(op, label, place.path)
            context = entered(op, call, place.context, self._depth)
            evaluated = call if op == ENTER else target
            if path is None or context is None or self._is_before(evaluated, place.moment):
                continue
            yield target, path, context

    def _is_before(self, node: int, moment: int) -> bool:
        """Whether a node is evaluated before a moment, and never after it."""
        first, second = self._program.at(node), self._program.at(moment) if moment >= 0 else None
        if first is None or second is None or first[0] is not second[0]:
            return False
        file, at, later = first[0], first[1], second[1]
        if file.names.owners[at] != file.names.owners[later]:
            return False
        if file.syntax.ends[at] > file.syntax.starts[later]:
            return False
        return not (_is_target_of(file, at, later) or _share_a_loop(file, at, later))


def advanced(op: int, label: Label, path: Label) -> Label | None:
    """Return what is marked of the target of an edge, or None where nothing is.

    A path marks a field and all that is inside it; the empty one marks the whole.
    """
    if op == LOAD:
        return _loaded(label, path)
    if op == STORE:
        return (*label, *path)
    if op == COPY and label and path[: len(label)] == label:
        return None
    return path


def entered(op: int, call: int, context: Context, depth: int) -> Context | None:
    """Return the calls that a flow is in after an edge, or None where it cannot go.

    Who calls a closure is not known where it takes a variable up.
    """
    if op == ENTER:
        return (*context, call)[-depth:]
    if op == CAPTURE:
        return ()
    if op == EXIT and context:
        return context[:-1] if context[-1] == call else None
    return context


def _held_in(op: int, label: Label, path: Label) -> Label | None:
    """Return where a written field is in what an object was taken out of, or put in."""
    if op == LOAD:
        return (*label, *path)
    is_inside = len(path) > len(label) and path[: len(label)] == label
    return path[len(label) :] if is_inside else None


def _loaded(label: Label, path: Label) -> Label | None:
    for wanted in label:
        if wanted == "length":
            return None
        if not path:
            return path
        if path[0] != wanted and "*" not in {path[0], wanted}:
            return None
        path = path[1:]
    return path


def _is_target_of(file: File, target: int, value: int) -> bool:
    """Whether a name stands where something that holds ``value`` is assigned to."""
    syntax = file.syntax
    at = target
    for _ in range(HIGHEST):
        at = syntax.parents[at]
        if at == NONE:
            return False
        if at <= value < syntax.after[at]:
            return syntax.kinds[at] in ASSIGNING
    return True


def _share_a_loop(file: File, first: int, second: int) -> bool:
    syntax = file.syntax
    at = second
    for _ in range(HIGHEST):
        if at == NONE or syntax.kinds[at] in FUNCTIONS:
            return False
        if syntax.kinds[at] in LOOPS and at <= first < syntax.after[at]:
            return True
        at = syntax.parents[at]
    return True
