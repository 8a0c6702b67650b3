"""All places of a file that have, or could have, a type annotation."""

from collections.abc import Iterator

from tree_sitter import Node

from tidemill.source.annotations.site import SiteForm, SiteKind, TypeSite
from tidemill.source.parsing import SyntaxTree, captures_of
from tidemill.source.spans import Span

__all__ = ["can_be_typed", "sites_of"]

FUNCTIONS = """
    [(function_declaration) (function_expression) (arrow_function) (method_definition)
     (generator_function) (generator_function_declaration)] @function
    (variable_declarator name: (identifier)) @variable
"""
QUERIES = {
    "javascript": FUNCTIONS + "(field_definition) @field",
    "typescript": FUNCTIONS + "(public_field_definition) @field",
    "tsx": FUNCTIONS + "(public_field_definition) @field",
}
NAMES = frozenset({"property_identifier", "private_property_identifier"})
PARAMETERS = frozenset({"required_parameter", "optional_parameter"})
GENERATORS = frozenset({"generator_function", "generator_function_declaration"})
RESULTLESS = frozenset({b"set", b"constructor"})
PREDICATES = frozenset({"type_predicate_annotation", "asserts_annotation"})


def can_be_typed(language: str) -> bool:
    """Tell whether a language's files have sites."""
    return language in QUERIES


def sites_of(tree: SyntaxTree) -> tuple[TypeSite, ...]:
    """Find the sites of a parsed file, in order of their names.

    Functions with a body count, not mere signatures; patterns that take a value apart,
    ``this``, the variable of a ``for ... of`` and that of a ``catch`` cannot be annotated, or
    only with a type that spells the pattern out again. What is declared to narrow a type
    (``x is T``) is not a type.

    Args:
        tree: A file in JavaScript, TypeScript or TSX; any other has no sites.
    """
    query = QUERIES.get(tree.language.name)
    if query is None:
        return ()
    captures = captures_of(tree, query)
    finder = _Finder(tree.text)
    found: list[TypeSite] = []
    for node in captures.get("function", []):
        found += finder.of_function(node)
    for node in captures.get("variable", []):
        found += finder.of_variable(node)
    for node in captures.get("field", []):
        found += finder.of_field(node)
    found.sort(key=lambda site: (site.place.start, site.kind))
    return tuple(found)


class _Finder:
    """Makes sites of nodes.

    Args:
        text: What was parsed; nodes of a tree that was parsed in windows cannot say their own.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text

    def of_function(self, function: Node) -> Iterator[TypeSite]:
        if function.child_by_field_name("body") is None:
            return
        parameters = function.child_by_field_name("parameters")
        sole = function.child_by_field_name("parameter")
        if sole is not None and sole.type == "identifier":
            yield self._site("parameter", sole, function, enclose=_span(sole))
        if parameters is not None:
            for child in parameters.named_children:
                yield from self._parameter(child, function)
        end = parameters or sole
        if end is not None and not self._has_no_result(function):
            yield from self._results(function, end, sole)

    def _has_no_result(self, function: Node) -> bool:
        """Whether a function is a setter or constructor, or says what it narrows."""
        result = function.child_by_field_name("return_type")
        if result is not None and result.type in PREDICATES:
            return True
        if function.type != "method_definition":
            return False
        name = function.child_by_field_name("name")
        marks = {child.type.encode() for child in function.children if not child.is_named}
        return b"set" in marks or (name is not None and self._of(name) == b"constructor")

    def _results(self, function: Node, end: Node, sole: Node | None) -> Iterator[TypeSite]:
        name = function.child_by_field_name("name")
        named = name is not None and name.type in {"identifier", *NAMES}
        last = Span(start=max(end.end_byte - 1, end.start_byte), end=end.end_byte)
        yield self._site(
            "return",
            name if named and name is not None else None,
            function,
            place=None if named else last,
            annotated=function.child_by_field_name("return_type"),
            insert=end.end_byte,
            enclose=_span(sole) if sole is not None else None,
            form=_form_of(function),
        )

    def _parameter(self, node: Node, function: Node) -> Iterator[TypeSite]:
        value = None
        pattern: Node | None = node
        if node.type in PARAMETERS:
            pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
        elif node.type == "assignment_pattern":
            pattern, value = node.child_by_field_name("left"), node.child_by_field_name("right")
        form: SiteForm = "optional" if node.type == "optional_parameter" else "plain"
        if pattern is not None and pattern.type == "rest_pattern":
            pattern, form = next(iter(pattern.named_children), None), "rest"
        if pattern is None or pattern.type != "identifier":
            return
        mark = next((child for child in node.children if child.type == "?"), None)
        yield self._site(
            "parameter",
            pattern,
            function,
            annotated=node.child_by_field_name("type"),
            insert=(mark or pattern).end_byte,
            form=form,
            initialised=value is not None,
        )

    def of_variable(self, node: Node) -> Iterator[TypeSite]:
        statement = node.parent
        if statement is None or _is_ambient(statement):
            return
        name = node.child_by_field_name("name")
        if name is not None:
            value = node.child_by_field_name("value")
            annotated = node.child_by_field_name("type")
            yield self._site(
                "variable", name, None, annotated=annotated, initialised=value is not None
            )

    def of_field(self, node: Node) -> Iterator[TypeSite]:
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        if name is None or name.type not in NAMES:
            return
        mark = next((child for child in node.children if child.type == "?"), None)
        yield self._site(
            "field",
            name,
            None,
            annotated=node.child_by_field_name("type"),
            insert=(mark or name).end_byte,
            form="optional" if mark is not None else "plain",
            initialised=node.child_by_field_name("value") is not None,
        )

    def _site(  # noqa: PLR0913  each is a fact of the site, all by name
        self,
        kind: SiteKind,
        name: Node | None,
        function: Node | None,
        *,
        place: Span | None = None,
        annotated: Node | None = None,
        insert: int | None = None,
        enclose: Span | None = None,
        form: SiteForm = "plain",
        initialised: bool = False,
    ) -> TypeSite:
        if place is None:
            if name is None:
                raise ValueError("a site has a name or a place")
            place = _span(name)
        type_node = annotated.named_children[-1] if annotated and annotated.named_children else None
        return TypeSite(
            kind=kind,
            name=self._of(name).decode("utf-8", "replace") if name is not None else "",
            place=place,
            annotation=_span(annotated) if annotated is not None else None,
            type=_span(type_node) if type_node is not None else None,
            insert=place.end if insert is None else insert,
            enclose=enclose,
            form=form,
            initialised=initialised,
            function=function.start_byte if function is not None else None,
        )

    def _of(self, node: Node) -> bytes:
        return self._text[node.start_byte : node.end_byte]


def _form_of(function: Node) -> SiteForm:
    marks = {child.type for child in function.children if not child.is_named}
    if function.type in GENERATORS or "*" in marks:
        return "generator"
    return "async" if "async" in marks else "plain"


def _is_ambient(statement: Node) -> bool:
    return statement.parent is not None and statement.parent.type == "ambient_declaration"


def _span(node: Node) -> Span:
    return Span(start=node.start_byte, end=node.end_byte)
