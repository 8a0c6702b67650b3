"""Classes, interfaces, enumerations and object types, with what they hold."""

from collections.abc import Iterator, Mapping

from tidemill.source.slices.ecmascript.words import FUNCTIONS
from tidemill.source.slices.signatures import Signatures
from tidemill.source.slices.types import Types
from tidemill.source.slices.usage import ANY, Definition, ObservedCall, UserType
from tidemill.source.slices.walk import Walk

__all__ = ["type_names", "user_types"]

CLASSES = frozenset({"abstract_class_declaration", "class", "class_declaration"})
SHAPES = frozenset({"enum_declaration", "interface_declaration", "type_alias_declaration"})
FIELDS = frozenset({"field_definition", "property_signature", "public_field_definition"})
METHODS = frozenset({"abstract_method_signature", "method_definition", "method_signature"})
CONSTANTS = frozenset({"enum_assignment", "private_property_identifier", "property_identifier"})
PARAMETERS = frozenset({"optional_parameter", "required_parameter"})
LONGEST_NAME = 200
MOST_PARAMETERS = 64


def type_names(walk: Walk) -> Mapping[str, str]:
    """Return the full names of the types that a text declares, by their names."""
    syntax, segments = walk.syntax, walk.outline.segments
    found: dict[str, str] = {}
    for node, segment in walk.regions.items():
        if syntax.kind(node) in CLASSES | SHAPES:
            name = syntax.part(node, "name")
            text = syntax.written(name, LONGEST_NAME) if name else walk.labels.get(node, "")
            found.setdefault(text, segments[segment].full_name)
    found.pop("", None)
    return found


def user_types(walk: Walk, types: Types, signatures: Signatures, path: str) -> tuple[UserType, ...]:
    """Return the types of a text that hold something, in order of place."""
    described = _Described(walk, types, signatures)
    found = []
    for node in sorted(walk.regions):
        if walk.syntax.kind(node) not in CLASSES | SHAPES:
            continue
        name = walk.outline.segments[walk.regions[node]].full_name
        fields = tuple(described.fields(node))
        procedures = tuple(described.procedures(node, name))
        if fields or procedures:
            span = walk.syntax.span(node)
            found.append(
                UserType(name=name, fields=fields, procedures=procedures, file=path, span=span)
            )
    return tuple(found)


class _Described:
    """What the types of one text hold."""

    def __init__(self, walk: Walk, types: Types, signatures: Signatures) -> None:
        self._walk = walk
        self._syntax = walk.syntax
        self._types = types
        self._signatures = signatures
        self._given: dict[int, list[tuple[int, int]]] = {}
        for segment, name, value in walk.members:
            self._given.setdefault(segment, []).append((name, value))

    def fields(self, node: int) -> Iterator[Definition]:
        """Yield what an object of a type holds, each name once."""
        known: set[str] = set()
        for name, type_name in self._named_fields(node):
            text = self._syntax.written(name, LONGEST_NAME)
            if text and text not in known:
                known.add(text)
                span = self._syntax.span(name)
                yield Definition(label="LOCAL", name=text, type_name=type_name, span=span)

    def procedures(self, node: int, own: str) -> Iterator[ObservedCall]:
        """Yield the methods of a type."""
        syntax = self._syntax
        for member in self._members(node):
            method = member
            if syntax.kind(member) in FIELDS:
                method = syntax.value(syntax.part(member, "value"))
            if syntax.kind(member) in METHODS or self._is_method(member):
                yield self._procedure(member, method, own)

    def _members(self, node: int) -> list[int]:
        syntax = self._syntax
        body = syntax.part(node, "body") or syntax.part(node, "value")
        return syntax.children(body) if body else []

    def _is_method(self, member: int) -> bool:
        """Whether a field holds a function."""
        syntax = self._syntax
        value = syntax.part(member, "value") if syntax.kind(member) in FIELDS else 0
        return bool(value) and syntax.kind(syntax.value(value)) in FUNCTIONS

    def _named_fields(self, node: int) -> Iterator[tuple[int, str]]:
        """Yield the node of each field's name, and its type."""
        syntax = self._syntax
        for member in self._members(node):
            kind = syntax.kind(member)
            if kind in CONSTANTS:
                yield syntax.part(member, "name") or member, ANY
            elif kind in FIELDS and not self._is_method(member):
                name = syntax.part(member, "name") or syntax.part(member, "property")
                if name:
                    yield name, self._field_type(member)
            elif kind == "method_definition":
                yield from self._parameter_fields(member)
        for name, value in self._given.get(self._walk.regions[node], ()):
            yield name, self._types.of_value(value)

    def _field_type(self, member: int) -> str:
        annotation = self._syntax.part(member, "type")
        if annotation:
            return self._types.annotated(annotation)
        value = self._syntax.part(member, "value")
        return self._types.of_value(value) if value else ANY

    def _parameter_fields(self, method: int) -> Iterator[tuple[int, str]]:
        """Yield the parameters of a constructor that TypeScript makes fields."""
        syntax = self._syntax
        parameters = syntax.part(method, "parameters")
        for parameter in syntax.children(parameters) if parameters else ():
            pattern = syntax.part(parameter, "pattern")
            if syntax.kind(parameter) not in PARAMETERS or not pattern:
                continue
            before = syntax.text[syntax.starts[parameter] : syntax.starts[pattern]]
            if before.rpartition(b")")[2].split():
                annotation = syntax.part(parameter, "type")
                yield pattern, self._types.annotated(annotation) if annotation else ANY

    def _procedure(self, member: int, method: int, own: str) -> ObservedCall:
        syntax = self._syntax
        name = syntax.part(member, "name") or syntax.part(member, "property")
        text = syntax.written(name, LONGEST_NAME) if name else ""
        full_name = self._signatures.full_name(method) or f"{own}:{text}"
        returned = syntax.part(method, "return_type")
        return ObservedCall(
            name="<init>" if full_name == f"{own}:<init>" else text,
            resolved_method=full_name,
            parameter_types=(own, *self._parameter_types(method)),
            return_type=self._types.annotated(returned) if returned else ANY,
            span=syntax.span(member),
        )

    def _parameter_types(self, method: int) -> list[str]:
        syntax = self._syntax
        parameters = syntax.part(method, "parameters")
        if not parameters:
            return [ANY] if syntax.part(method, "parameter") else []
        found = []
        for parameter in syntax.children(parameters)[:MOST_PARAMETERS]:
            annotation = syntax.part(parameter, "type")
            found.append(self._types.annotated(annotation) if annotation else ANY)
        return found
