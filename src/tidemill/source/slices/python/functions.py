"""Functions with their parameters, and classes."""

from tidemill.source.slices.python.words import WORDS
from tidemill.source.slices.scopes import Source
from tidemill.source.slices.walk import Walk

__all__ = ["visit_class", "visit_function", "visit_lambda"]

ANONYMOUS = "<lambda>"
SPLATS = frozenset({"dictionary_splat_pattern", "list_splat_pattern"})
LONGEST_NAME = 200


def visit_function(walk: Walk, index: int) -> None:
    """Open a function and declare its name and parameters."""
    syntax = walk.syntax
    name = syntax.part(index, "name")
    in_class = walk.scope.is_class
    if name:
        walk.declare(name, "OTHER", scope=walk.scope.function).made = index
    text = syntax.written(name, LONGEST_NAME) if name else ""
    walk.open_method(index, text, syntax.part(index, "body"))
    _declare_parameters(walk, syntax.part(index, "parameters"), in_class=in_class)


def visit_lambda(walk: Walk, index: int) -> None:
    """Open a function without a name."""
    syntax = walk.syntax
    body = syntax.part(index, "body")
    walk.open_method(index, walk.labels.get(index, ANONYMOUS), body)
    _declare_parameters(walk, syntax.part(index, "parameters"), in_class=False)
    if body:
        walk.returned(body, body)


def _declare_parameters(walk: Walk, parameters: int, *, in_class: bool) -> None:
    syntax = walk.syntax
    position = 0
    for number, child in enumerate(syntax.children(parameters) if parameters else ()):
        name = syntax.part(child, "name") or syntax.first(child) or child
        if syntax.kind(name) in SPLATS:
            name = syntax.first(name)
        if not name or syntax.kind(name) != "identifier":
            continue
        is_receiver = in_class and not number
        if is_receiver and syntax.raw(name).decode("utf-8", "replace") in WORDS.own:
            position -= 1
        position += 1
        found = walk.declare(name, "PARAM", position=position)
        found.annotation = syntax.part(child, "type")
        default = syntax.part(child, "value")
        if default and syntax.kind(default) != "none":
            walk.mention(name)
            walk.definitions.append((name, Source(value=default)))


def visit_class(walk: Walk, index: int) -> None:
    """Open a class and declare its name."""
    syntax = walk.syntax
    name = syntax.part(index, "name")
    if name:
        walk.declare(name, "OTHER", scope=walk.scope.function).made = index
    walk.open_class(index, syntax.written(name, LONGEST_NAME) if name else "")
    # What a class body assigns is its own, and its methods do not see it.
    walk.scope.is_class = True
    walk.scope.function = walk.scope
