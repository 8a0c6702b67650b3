"""Functions with their parameters, classes, and what else has a name and a body."""

from tidemill.source.slices.ecmascript.declarations import label
from tidemill.source.slices.ecmascript.patterns import PATTERNS, leaves
from tidemill.source.slices.scopes import Source
from tidemill.source.slices.walk import Walk

__all__ = ["visit_class", "visit_field", "visit_function", "visit_namespace", "visit_shape"]

CONSTRUCTOR = "constructor"
INITIALISER = "<init>"
ANONYMOUS = "anonymous"
DECLARED = frozenset(
    {
        "abstract_class_declaration",
        "class_declaration",
        "function_declaration",
        "generator_function_declaration",
    }
)
WRAPPED = frozenset({"optional_parameter", "required_parameter"})


def visit_function(walk: Walk, index: int) -> None:
    """Open a function and declare its parameters."""
    syntax = walk.syntax
    kind, name = syntax.kind(index), syntax.part(index, "name")
    if name and kind in DECLARED:
        walk.declare(name, "OTHER").made = index
    body = syntax.part(index, "body")
    walk.open_method(index, _name_of(walk, index, name), body)
    if name and kind in {"function_expression", "generator_function"}:
        walk.declare(name, "OTHER").made = index
    alone = syntax.part(index, "parameter")
    if alone:
        walk.declare(alone, "PARAM", position=1)
    parameters = syntax.part(index, "parameters")
    if parameters:
        _declare_parameters(walk, parameters)
    if kind == "arrow_function" and body and syntax.kind(body) != "statement_block":
        walk.returned(body, body)


def _name_of(walk: Walk, index: int, name: int) -> str:
    """Return what a function is called: by itself, or by the variable that gets it."""
    if not name:
        return walk.labels.get(index, ANONYMOUS)
    text = walk.syntax.written(name, 200)
    is_member = walk.syntax.kind(index) == "method_definition"
    in_class = walk.outline.segments[walk.scope.segment].is_class
    return INITIALISER if is_member and in_class and text == CONSTRUCTOR else text


def _declare_parameters(walk: Walk, parameters: int) -> None:
    syntax = walk.syntax
    position = 0
    for child in syntax.children(parameters):
        pattern, annotation = child, 0
        if syntax.kind(child) in WRAPPED:
            pattern, annotation = syntax.part(child, "pattern"), syntax.part(child, "type")
        elif syntax.kind(child) == "assignment_pattern":
            pattern = syntax.part(child, "left")
        # TypeScript's `this` is no parameter.
        if not pattern or syntax.kind(pattern) in {"this", "decorator"}:
            continue
        position += 1
        _declare_parameter(walk, child, (pattern, annotation), position)


def _declare_parameter(walk: Walk, whole: int, parts: tuple[int, int], position: int) -> None:
    syntax = walk.syntax
    pattern, annotation = parts
    if syntax.kind(pattern) == "rest_pattern":
        pattern = syntax.first(pattern)
    default = syntax.part(whole, "value") or syntax.part(whole, "right")
    if syntax.kind(pattern) in PATTERNS:
        for node, source in leaves(syntax, pattern, 0, f"param{position}"):
            walk.declare(node)
            walk.assign(whole, node, source)
    elif pattern and syntax.name(pattern):
        found = walk.declare(pattern, "PARAM", position=position)
        found.annotation = annotation
        if default and syntax.kind(whole) != "rest_pattern":
            walk.mention(pattern)
            walk.definitions.append((pattern, Source(value=default)))


def visit_class(walk: Walk, index: int) -> None:
    """Open a class and declare its name."""
    syntax = walk.syntax
    name = syntax.part(index, "name")
    if name and syntax.kind(index) in DECLARED:
        walk.declare(name, "OTHER").made = index
    text = syntax.written(name, 200) if name else walk.labels.get(index, ANONYMOUS)
    walk.open_class(index, text)
    if name and syntax.kind(index) == "class":
        walk.declare(name, "OTHER").made = index


def visit_field(walk: Walk, index: int) -> None:
    """Name the function that a field of a class holds."""
    syntax = walk.syntax
    name = syntax.part(index, "name") or syntax.part(index, "property")
    if name:
        label(walk, syntax.part(index, "value"), name)


def visit_namespace(walk: Walk, index: int) -> None:
    """Open a namespace and declare its name."""
    syntax = walk.syntax
    name = syntax.part(index, "name")
    if not syntax.part(index, "body"):
        return
    if name and syntax.kind(name) == "identifier":
        walk.declare(name, "OTHER")
    walk.open_class(index, syntax.written(name, 200) if name else ANONYMOUS, is_function=True)


def visit_shape(walk: Walk, index: int) -> None:
    """Name a type that has no code of its own."""
    name = walk.syntax.part(index, "name")
    if name:
        around = walk.scope.segment
        text = walk.syntax.written(name, 200)
        walk.regions[index] = walk.outline.segment(text, around, is_class=True)
