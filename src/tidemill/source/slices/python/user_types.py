"""Classes, with what their objects hold."""

from collections.abc import Iterator, Mapping

from tidemill.source.slices.signatures import Signatures
from tidemill.source.slices.types import Types
from tidemill.source.slices.usage import ANY, Definition, ObservedCall, UserType
from tidemill.source.slices.walk import Walk

__all__ = ["type_names", "user_types"]

LONGEST_NAME = 200
MOST_PARAMETERS = 64
SEPARATORS = frozenset({"keyword_separator", "positional_separator"})


def type_names(walk: Walk) -> Mapping[str, str]:
    """Return the full names of the classes that a text declares, by their names."""
    syntax, segments = walk.syntax, walk.outline.segments
    found: dict[str, str] = {}
    for node, segment in walk.regions.items():
        name = syntax.part(node, "name")
        if syntax.kind(node) == "class_definition" and name:
            found.setdefault(syntax.written(name, LONGEST_NAME), segments[segment].full_name)
    return found


def user_types(walk: Walk, types: Types, signatures: Signatures, path: str) -> tuple[UserType, ...]:
    """Return the classes of a text that hold something, in order of place."""
    given: dict[int, list[tuple[int, int]]] = {}
    for segment, name, value in walk.members:
        given.setdefault(segment, []).append((name, value))
    found = []
    for node in sorted(walk.regions):
        if walk.syntax.kind(node) != "class_definition":
            continue
        segment = walk.regions[node]
        full_name = walk.outline.segments[segment].full_name
        fields = tuple(_fields(walk, types, node, given.get(segment, [])))
        procedures = tuple(_procedures(walk, types, signatures, (node, full_name)))
        if fields or procedures:
            span = walk.syntax.span(node)
            found.append(
                UserType(name=full_name, fields=fields, procedures=procedures, file=path, span=span)
            )
    return tuple(found)


def _fields(
    walk: Walk, types: Types, node: int, given: list[tuple[int, int]]
) -> Iterator[Definition]:
    """Yield what a class and its constructor assign, each name once."""
    syntax = walk.syntax
    known: set[str] = set()
    for name, annotation, value in [*_assigned(walk, node), *((one, 0, two) for one, two in given)]:
        text = syntax.written(name, LONGEST_NAME)
        if text in known:
            continue
        known.add(text)
        type_name = types.annotated(annotation) if annotation else ANY
        if not annotation and value:
            type_name = types.of_value(value)
        yield Definition(label="LOCAL", name=text, type_name=type_name, span=syntax.span(name))


def _assigned(walk: Walk, node: int) -> Iterator[tuple[int, int, int]]:
    """Yield name, annotation and value of what the body of a class assigns."""
    syntax = walk.syntax
    body = syntax.part(node, "body")
    for statement in syntax.children(body) if body else ():
        assignment = syntax.first(statement)
        if not assignment or syntax.kind(assignment) != "assignment":
            continue
        name = syntax.part(assignment, "left")
        if name and syntax.kind(name) == "identifier":
            yield name, syntax.part(assignment, "type"), syntax.part(assignment, "right")


def _procedures(
    walk: Walk, types: Types, signatures: Signatures, owner: tuple[int, str]
) -> Iterator[ObservedCall]:
    """Yield the methods of a class."""
    syntax = walk.syntax
    node, full_name = owner
    body = syntax.part(node, "body")
    for member in syntax.children(body) if body else ():
        method = member
        if syntax.kind(member) == "decorated_definition":
            method = syntax.part(member, "definition")
        if not method or syntax.kind(method) != "function_definition":
            continue
        name, returned = syntax.part(method, "name"), syntax.part(method, "return_type")
        yield ObservedCall(
            name=syntax.written(name, LONGEST_NAME) if name else "",
            resolved_method=signatures.full_name(method),
            parameter_types=(full_name, *_parameter_types(walk, types, method)),
            return_type=types.annotated(returned) if returned else ANY,
            span=syntax.span(method),
        )


def _parameter_types(walk: Walk, types: Types, method: int) -> list[str]:
    """Return the declared types of the parameters but the receiver."""
    syntax = walk.syntax
    parameters = syntax.part(method, "parameters")
    found = []
    for parameter in syntax.children(parameters)[:MOST_PARAMETERS] if parameters else ():
        is_own = syntax.raw(parameter).decode("utf-8", "replace") in syntax.words.own
        if not is_own and syntax.kind(parameter) not in SEPARATORS:
            annotation = syntax.part(parameter, "type")
            found.append(types.annotated(annotation) if annotation else ANY)
    return found
