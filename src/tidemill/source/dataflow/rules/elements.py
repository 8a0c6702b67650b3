"""Arguments, elements of new objects, clauses: parts with a say in what is a variable."""

from tidemill.source.dataflow.roles import (
    Argument,
    Assign,
    Initializer,
    Name,
    Pattern,
    Query,
    Source,
    Without,
)
from tidemill.source.dataflow.rules.names import define_path
from tidemill.source.dataflow.rules.patterns import BLOCK, PLACES, bind
from tidemill.source.dataflow.rules.scoping import close_scope, open_scope
from tidemill.source.dataflow.walk import DEFINITION, Value, Walk

__all__ = ["visit_argument", "visit_initializer", "visit_query", "visit_source", "visit_without"]


def visit_argument(walk: Walk, index: int, role: Argument) -> None:
    """Visit an argument: one passed by ``ref`` may be written, by ``out`` it is."""
    value = walk.part(index, role.value)
    if value is None:
        walk.then_children(index)
        return
    starts = walk.tree.starts
    words = walk.tree.text[starts[index] : starts[value]].split()
    place = walk.role(value).__class__
    if place is Name:
        _pass_variable(walk, value, words)
    elif b"out" in words and place in PLACES:
        define_path(walk, value, Value(), augmented=False)
    else:
        walk.then(value)


def _pass_variable(walk: Walk, index: int, words: list[bytes]) -> None:
    name = walk.text(index)
    if b"out" not in words:
        node = walk.use(index)
        if b"ref" in words:
            walk.node_kinds[node] |= DEFINITION
            walk.weaken(walk.scopes.key(name), node)
    elif name != walk.table.wildcard:
        walk.define(index, walk.scopes.key(name))


def visit_initializer(walk: Walk, index: int, _role: Initializer) -> None:
    """Visit the elements of a new object, but no plain label."""
    children = walk.children(index)
    tasks: list[int | None] = []
    for child, following in zip(children, [*children[1:], None], strict=False):
        role = walk.role(child)
        if isinstance(role, Assign):
            left = walk.part(child, role.left)
            label = left is not None and isinstance(walk.role(left), Name)
            tasks += [None if label else left, walk.part(child, role.right)]
        elif not (isinstance(role, Name) and _is_label(walk, child, following)):
            tasks.append(child)
    walk.then(*tasks)


def _is_label(walk: Walk, index: int, following: int | None) -> bool:
    return following is not None and walk.between(index, following) == b"="


def visit_source(walk: Walk, index: int, _role: Source) -> None:
    """Visit a clause: what it draws from, then the name, then what makes use of it."""
    children = walk.children(index)
    names = [child for child in children[:-1] if isinstance(walk.role(child), Name)]
    if not names:
        walk.then_children(index)
        return
    rest = children[children.index(names[0]) + 1 :]
    mark = walk.begin_value()
    walk.then(rest[0], (_name_elements, (names[0], *rest[1:]), mark))


def _name_elements(walk: Walk, parts: tuple[int, ...], mark: int) -> None:
    value = Value(walk.end_value(mark).sources)
    walk.state.may_raise()
    patterns = [child for child in parts if isinstance(walk.role(child), Pattern)]
    others = [child for child in parts[1:] if child not in patterns]
    walk.then(*((bind, child, value, BLOCK) for child in (parts[0], *patterns)), *others)


def visit_query(walk: Walk, index: int, _role: Query) -> None:
    """Visit the clauses in order; a bare name goes on with what they gave."""
    mark = len(walk.trail)
    tasks: list[object] = []
    for child in walk.children(index):
        plain = isinstance(walk.role(child), Name)
        tasks.append((_continue, child, mark) if plain else child)
    walk.then((open_scope,), *tasks, (close_scope,))  # type: ignore[arg-type]  # indices and tasks


def _continue(walk: Walk, index: int, mark: int) -> None:
    bind(walk, index, Value(tuple(walk.trail[mark:])), BLOCK)


def visit_without(walk: Walk, index: int, role: Without) -> None:
    """Visit all but some parts."""
    left_out = {walk.part(index, part) for part in role.parts}
    walk.then(*(child for child in walk.children(index) if child not in left_out))
