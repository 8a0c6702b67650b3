"""Variables: assignments, loops, context managers, patterns, imports."""

from tidemill.source.slices.python.targets import leaves
from tidemill.source.slices.python.words import WORDS
from tidemill.source.slices.scopes import Source
from tidemill.source.slices.syntax import LONGEST_LOOK
from tidemill.source.slices.usage import OPERATOR
from tidemill.source.slices.walk import Walk

__all__ = [
    "bind",
    "visit_assignment",
    "visit_augmented",
    "visit_case",
    "visit_comprehension",
    "visit_except",
    "visit_global",
    "visit_import",
    "visit_loop",
    "visit_named",
    "visit_nonlocal",
    "visit_return",
    "visit_with",
]

ITERATOR = f"{OPERATOR}iterator"
INITIALISER = ":__init__"


def bind(walk: Walk, node: int, *, in_block: bool = False) -> None:
    """Declare a name where an assignment declares it.

    Args:
        walk: What is noted.
        node: The name.
        in_block: Whether it belongs to a comprehension.
    """
    scope = walk.scope if in_block else walk.scope.function
    if walk.syntax.raw(node) not in scope.outer:
        walk.declare(node, scope=scope)


def visit_assignment(walk: Walk, index: int) -> None:
    """Note an assignment; of a chain of them every target gets the last value."""
    syntax = walk.syntax
    target, value = syntax.part(index, "left"), syntax.part(index, "right")
    annotation = syntax.part(index, "type")
    source = _source(walk, value)
    if target and annotation and syntax.kind(target) == "identifier":
        bind(walk, target)
        found = walk.scope.function.names.get(syntax.raw(target))
        if found is not None:
            found.annotation = found.annotation or annotation
    for node, taken in leaves(syntax, target, source) if target and value else ():
        bind(walk, node)
        walk.assign(index, node, taken)
    if value:
        walk.involve(value, index, 2)
    if target and value:
        _label(walk, target, value)
        _note_member(walk, target, value)


def _source(walk: Walk, value: int) -> Source:
    syntax = walk.syntax
    for _ in range(LONGEST_LOOK):
        if not value or syntax.kind(value) != "assignment":
            break
        value = syntax.part(value, "right")
    node = syntax.value(value) if value else 0
    callee = syntax.part(node, "function") if node and syntax.kind(node) == "call" else 0
    called = syntax.raw(callee).decode("utf-8", "replace") if callee else ""
    return Source(value=value, is_imported=called in WORDS.imports)


def _label(walk: Walk, target: int, value: int) -> None:
    """Name the lambda that a variable gets."""
    made = walk.syntax.value(value)
    if walk.syntax.kind(target) == "identifier" and walk.syntax.kind(made) == "lambda":
        walk.labels[made] = walk.syntax.raw(target).decode("utf-8", "replace")


def _note_member(walk: Walk, target: int, value: int) -> None:
    """Note what the receiver gets in a constructor."""
    syntax = walk.syntax
    if syntax.kind(target) != "attribute":
        return
    holder, name = syntax.part(target, "object"), syntax.part(target, "attribute")
    segment = walk.outline.segments[walk.scope.segment]
    is_constructor = segment.full_name.endswith(INITIALISER) and segment.receiver >= 0
    if is_constructor and name and syntax.raw(holder) == b"self":
        walk.members.append((segment.receiver, name, value))


def visit_named(walk: Walk, index: int) -> None:
    """Note an assignment inside an expression."""
    target, value = walk.syntax.part(index, "name"), walk.syntax.part(index, "value")
    if target and value:
        bind(walk, target)
        walk.assign(index, target, Source(value=value))
        walk.involve(value, index, 2)


def visit_augmented(walk: Walk, index: int) -> None:
    """Declare what an augmented assignment changes, and note its operands."""
    syntax = walk.syntax
    target, value = syntax.part(index, "left"), syntax.part(index, "right")
    if target and syntax.kind(target) == "identifier":
        bind(walk, target)
    for position, part in enumerate((target, value), 1):
        if part:
            walk.involve(part, index, position)


def visit_loop(walk: Walk, index: int) -> None:
    """Note what a loop, or the clause of a comprehension, binds."""
    syntax = walk.syntax
    in_block = syntax.kind(index) == "for_in_clause"
    target, value = syntax.part(index, "left"), syntax.part(index, "right")
    if not target or not value:
        return
    for node, source in leaves(syntax, target, Source(value=value, access=ITERATOR)):
        bind(walk, node, in_block=in_block)
        walk.assign(index, node, source)
    walk.involve(value, index, 2)


def visit_comprehension(walk: Walk, index: int) -> None:
    """Open a comprehension."""
    walk.open_block(index)


def visit_with(walk: Walk, index: int) -> None:
    """Note what a context manager brings."""
    syntax = walk.syntax
    pattern = syntax.part(index, "value")
    if not pattern or syntax.kind(pattern) != "as_pattern":
        return
    target, value = syntax.part(pattern, "alias"), syntax.first(pattern)
    if target:
        for node, source in leaves(syntax, target, Source(value=value)):
            bind(walk, node)
            walk.assign(pattern, node, source)
        walk.involve(value, pattern, 2)


def visit_except(walk: Walk, index: int) -> None:
    """Declare what is caught."""
    syntax = walk.syntax
    for child in syntax.children(index):
        target = syntax.part(child, "alias") if syntax.kind(child) == "as_pattern" else 0
        for node, _ in leaves(syntax, target, Source()) if target else ():
            bind(walk, node)


def visit_case(walk: Walk, index: int) -> None:
    """Declare what the patterns of a case capture."""
    syntax = walk.syntax
    body = syntax.part(index, "consequence")
    waiting = [child for child in syntax.children(index) if child != body]
    while waiting:
        node = waiting.pop()
        kind = syntax.kind(node)
        first = syntax.first(node)
        if kind == "splat_pattern" and first and syntax.kind(first) == "identifier":
            bind(walk, first)
        elif kind == "case_pattern" and first and syntax.kind(first) == "dotted_name":
            if len(syntax.children(first)) == 1:
                bind(walk, first + 1)
        else:
            waiting += syntax.children(node)


def visit_global(walk: Walk, index: int) -> None:
    """Let names mean variables of the module."""
    for child in walk.syntax.children(index):
        name = walk.syntax.raw(child)
        found = walk.declare(child, scope=walk.scopes[0])
        if walk.scope.function is not walk.scopes[0]:
            walk.scope.function.outer.add(name)
            walk.scope.function.names[name] = found


def visit_nonlocal(walk: Walk, index: int) -> None:
    """Let names mean variables of a function around."""
    for child in walk.syntax.children(index):
        name = walk.syntax.raw(child)
        walk.scope.function.outer.add(name)
        walk.scope.function.names.pop(name, None)


def visit_import(walk: Walk, index: int) -> None:
    """Declare what an import brings."""
    syntax = walk.syntax
    module = syntax.part(index, "module_name")
    for child in syntax.children(index):
        if child == module:
            continue
        named = syntax.part(child, "alias") or child
        if syntax.kind(named) == "dotted_name":
            named = syntax.first(named)
        if named and syntax.kind(named) == "identifier":
            walk.declare(named, "OTHER", scope=walk.scope.function)


def visit_return(walk: Walk, index: int) -> None:
    """Note what is returned."""
    value = walk.syntax.first(index)
    if value:
        walk.returned(index, value)
