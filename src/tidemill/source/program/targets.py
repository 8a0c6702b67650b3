"""The names that a pattern binds, and the path that a chain of members spells."""

from tidemill.source.program.syntax import NONE, WRAPPERS, Syntax, unwrapped

__all__ = [
    "ANY",
    "MAX_PATH",
    "SETTER",
    "bound",
    "declared_names",
    "default_of",
    "field_name",
    "parameters_of",
    "pattern_of",
    "place_of",
]

ANY = "*"
"""The field of an element whose index is not known."""

SETTER = "="
"""What stands before the name of a field that is the setter of it."""

MAX_PATH = 8
LEAVES = frozenset({"identifier", "shorthand_property_identifier_pattern", "undefined"})
MEMBERS = frozenset({"member_expression", "subscript_expression"})
HOLDERS = frozenset({"required_parameter", "optional_parameter"})


def pattern_of(syntax: Syntax, parameter: int) -> int:
    """Return the pattern of a parameter: TypeScript puts a node around it."""
    if syntax.kinds[parameter] in HOLDERS:
        found = syntax.child(parameter, "pattern")
        return parameter if found == NONE else found
    return parameter


def parameters_of(syntax: Syntax, function: int) -> list[int]:
    """Return the patterns of a function's parameters, in order.

    TypeScript's ``this`` parameter is none.
    """
    single = syntax.child(function, "parameter")
    if single != NONE:
        return [single]
    holder = syntax.child(function, "parameters")
    if holder == NONE:
        return []
    patterns = [
        pattern_of(syntax, child)
        for child in syntax.children(holder)
        if syntax.kinds[child] not in {"ERROR", "decorator"}
    ]
    return [pattern for pattern in patterns if syntax.kinds[pattern] != "this"]


def default_of(syntax: Syntax, pattern: int) -> int:
    """Return the default of a parameter where TypeScript puts it, beside the pattern, or -1."""
    holder = syntax.parents[pattern]
    return syntax.child(holder, "value") if syntax.kinds[holder] in HOLDERS else NONE


def bound(syntax: Syntax, pattern: int) -> list[int]:
    """Return the names that a pattern gives a value, in order; members are none."""
    found: list[int] = []
    stack = [pattern]
    while stack:
        at = stack.pop()
        kind = syntax.kinds[at]
        if kind in LEAVES:
            found.append(at)
        elif kind not in MEMBERS:
            stack.extend(reversed(parts_of(syntax, at)))
    return found


def declared_names(syntax: Syntax, declaration: int) -> list[int]:
    """Return the names that a declaration declares: a function's, a class's, variables'."""
    name = syntax.child(declaration, "name")
    if name != NONE:
        return [name]
    patterns = [
        syntax.child(part, "name")
        for part in syntax.children(declaration)
        if syntax.kinds[part] == "variable_declarator"
    ]
    return [name for pattern in patterns if pattern != NONE for name in bound(syntax, pattern)]


def parts_of(syntax: Syntax, pattern: int) -> list[int]:
    """Return the patterns directly inside a pattern."""
    kind = syntax.kinds[pattern]
    if kind == "pair_pattern":
        value = syntax.child(pattern, "value")
        return [] if value == NONE else [value]
    if kind in {"assignment_pattern", "object_assignment_pattern"}:
        left = syntax.child(pattern, "left")
        return [] if left == NONE else [left]
    if kind in {"object_pattern", "array_pattern", "rest_pattern"} or kind in WRAPPERS:
        return list(syntax.children(pattern))
    if kind in HOLDERS:
        return [pattern_of(syntax, pattern)]
    return []


def field_name(syntax: Syntax, member: int) -> str:
    """Return the field that a member expression names; ``*`` where it is computed."""
    if syntax.kinds[member] == "member_expression":
        name = syntax.child(member, "property")
        return ANY if name == NONE else syntax.word(name)
    index = syntax.child(member, "index")
    if index != NONE and syntax.kinds[index] in {"string", "number"}:
        return syntax.key(index)
    return ANY


def place_of(syntax: Syntax, member: int) -> tuple[int, tuple[str, ...]]:
    """Return the root of a chain of members, and the fields from there on.

    A chain of more than eight members has its eighth from the end as root.
    """
    fields: list[str] = []
    at = unwrapped(syntax, member)
    while syntax.kinds[at] in MEMBERS and len(fields) < MAX_PATH:
        fields.append(field_name(syntax, at))
        inner = syntax.child(at, "object")
        if inner == NONE:
            break
        at = unwrapped(syntax, inner)
    return at, tuple(reversed(fields))
