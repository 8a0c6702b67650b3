"""Variables: declarations, assignments, loops, imports."""

from tidemill.source.slices.ecmascript.patterns import PATTERNS, leaves
from tidemill.source.slices.ecmascript.words import FUNCTIONS, WORDS
from tidemill.source.slices.scopes import Scope, Source
from tidemill.source.slices.sites import visit_assignment
from tidemill.source.slices.usage import OPERATOR
from tidemill.source.slices.walk import Walk

__all__ = [
    "label",
    "visit_assignment_expression",
    "visit_block",
    "visit_catch",
    "visit_declaration",
    "visit_import",
    "visit_loop",
    "visit_object",
    "visit_return",
]

NAMED = FUNCTIONS | {"class"}
ITERATOR = f"{OPERATOR}iterator"


def visit_block(walk: Walk, index: int) -> None:
    """Open a block; in the static block of a class ``var`` goes no further."""
    walk.open_block(index)
    if walk.syntax.kind(index) == "class_static_block":
        walk.scope.function = walk.scope


def visit_declaration(walk: Walk, index: int) -> None:
    """Declare what ``var``, ``let`` or ``const`` declares."""
    is_var = walk.syntax.kind(index) == "variable_declaration"
    scope = walk.scope.function if is_var else walk.scope
    for declarator in walk.syntax.children(index):
        if walk.syntax.kind(declarator) == "variable_declarator":
            _declare(walk, declarator, scope)


def _declare(walk: Walk, declarator: int, scope: Scope) -> None:
    syntax = walk.syntax
    target, value = syntax.part(declarator, "name"), syntax.part(declarator, "value")
    is_imported = _is_imported(walk, value)
    if syntax.kind(target) in PATTERNS:
        for node, source in leaves(syntax, target, value):
            walk.declare(node, scope=scope)
            walk.assign(declarator, node, source if not is_imported else Source(is_imported=True))
    elif target:
        found = walk.declare(target, scope=scope)
        found.annotation = found.annotation or syntax.part(declarator, "type")
        label(walk, value, target)
        if value:
            walk.assign(declarator, target, Source(value=value, is_imported=is_imported))
    if value:
        walk.involve(value, declarator, 2)


def _is_imported(walk: Walk, value: int) -> bool:
    """Say whether a value is another file, or taken out of one: ``require('x').y``."""
    syntax = walk.syntax
    value = syntax.value(value)
    while value and syntax.kind(value) == "member_expression":
        value = syntax.value(syntax.part(value, "object"))
    if not value or syntax.kind(value) not in {"call_expression", "await_expression"}:
        return False
    call = syntax.first(value) if syntax.kind(value) == "await_expression" else value
    callee = syntax.part(call, "function")
    return bool(callee) and syntax.raw(callee).decode("utf-8", "replace") in WORDS.imports


def label(walk: Walk, value: int, name: int) -> None:
    """Name the function or class that a value is, as long as it has no name of its own."""
    made = walk.syntax.value(value) if value else 0
    if made and walk.syntax.kind(made) in NAMED:
        walk.labels[made] = walk.syntax.raw(name).decode("utf-8", "replace")


def visit_assignment_expression(walk: Walk, index: int) -> None:
    """Note an assignment."""
    syntax = walk.syntax
    target, value = syntax.part(index, "left"), syntax.part(index, "right")
    if syntax.kind(target) in PATTERNS:
        for node, source in leaves(syntax, target, value):
            walk.assign(index, node, source)
        walk.involve(value, index, 2)
        return
    visit_assignment(walk, index)
    if target and syntax.kind(target) == "identifier":
        label(walk, value, target)
    elif target and value:
        _note_member(walk, target, value)


def _note_member(walk: Walk, target: int, value: int) -> None:
    """Note what ``this`` gets in a constructor."""
    syntax, outline = walk.syntax, walk.outline
    if syntax.kind(target) != "member_expression":
        return
    holder, name = syntax.part(target, "object"), syntax.part(target, "property")
    segment = outline.segments[walk.scope.segment]
    is_constructor = segment.full_name.endswith(":<init>") and segment.receiver >= 0
    if is_constructor and name and syntax.kind(holder) == "this":
        walk.members.append((segment.receiver, name, value))


def visit_loop(walk: Walk, index: int) -> None:
    """Declare, or assign, what a loop over something binds."""
    syntax = walk.syntax
    walk.open_block(index)
    target, value = syntax.part(index, "left"), syntax.part(index, "right")
    kind = syntax.part(index, "kind")
    if not target or not value:
        return
    scope = walk.scope
    if kind and syntax.raw(kind) == b"var":
        scope = walk.scope.function
    found = (
        list(leaves(syntax, target, value))
        if syntax.kind(target) in PATTERNS
        else [(target, Source(value=value))]
    )
    for node, source in found:
        if kind:
            walk.declare(node, scope=scope)
        if syntax.name(node):
            walk.assign(index, node, Source(value=value, access=ITERATOR, path=source.path))
    walk.involve(value, index, 2)


def visit_catch(walk: Walk, index: int) -> None:
    """Declare what is caught."""
    walk.open_block(index)
    caught = walk.syntax.part(index, "parameter")
    if caught:
        for node, _ in leaves(walk.syntax, caught, 0):
            walk.declare(node)


def visit_import(walk: Walk, index: int) -> None:
    """Declare what an import brings."""
    syntax = walk.syntax
    waiting = [index]
    while waiting:
        node = waiting.pop()
        kind = syntax.kind(node)
        if kind == "identifier":
            walk.declare(node, "OTHER", scope=walk.scope.function)
        elif kind == "import_specifier":
            waiting.append(syntax.part(node, "alias") or syntax.part(node, "name"))
        else:
            waiting += syntax.children(node)


def visit_object(walk: Walk, index: int) -> None:
    """Note the values that the members of an object get."""
    syntax = walk.syntax
    for child in syntax.children(index):
        kind = syntax.kind(child)
        if kind == "pair" and (value := syntax.part(child, "value")):
            walk.involve(value, child, 2)
        elif kind == "shorthand_property_identifier":
            walk.involve(child, child, 2)


def visit_return(walk: Walk, index: int) -> None:
    """Note what is returned."""
    value = walk.syntax.first(index)
    if value:
        walk.returned(index, value)
