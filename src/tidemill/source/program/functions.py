"""The functions and classes of a file, with what calls need to know of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tidemill.source.program.syntax import CLASSES, FUNCTIONS, NONE, Syntax
from tidemill.source.program.targets import bound, parameters_of

__all__ = ["Class", "Definitions", "Function", "Parameter", "definitions_of"]

ANONYMOUS = "<anonymous>"
FIELDS = {"field_definition": "property", "public_field_definition": "name"}
HELD = {
    "variable_declarator": "name",
    "pair": "key",
    "assignment_expression": "left",
    "field_definition": "property",
    "public_field_definition": "name",
}

FunctionKind = Literal["function", "arrow", "method", "constructor", "getter", "setter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter.

    Attributes:
        at: Its pattern, with the default where JavaScript puts it inside.
        names: The names that it binds.
        is_rest: It takes all further arguments.
        is_property: TypeScript makes it a field of the instance.
    """

    at: int
    names: tuple[int, ...]
    is_rest: bool
    is_property: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function, method or arrow.

    Attributes:
        at: Its node.
        name: Its own name, or that of what holds it; ``<anonymous>`` without one.
        name_at: The node of that name, or -1.
        kind: What it is.
        owner: The class that it is a member of, or -1.
        is_static: A member of the class itself and not of its instances.
        parameters: Its parameters, in order.
    """

    at: int
    name: str
    name_at: int
    kind: FunctionKind
    owner: int
    is_static: bool
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """One class.

    Attributes:
        at: Its node.
        name: Its name, or that of what holds it.
        extends: The expression of what it extends, or -1.
        implements: The nodes of the interfaces that it says it implements.
        constructor: Its own constructor, or -1.
        methods: Functions of instances, getters and setters left out.
        getters: Getters of instances.
        setters: Setters of instances.
        statics: Functions of the class itself.
        fields: Fields of instances: the node of the name, or of the parameter that
            makes one.
        static_fields: Fields of the class itself.
    """

    at: int
    name: str
    extends: int
    implements: tuple[int, ...]
    constructor: int
    methods: Mapping[str, int]
    getters: Mapping[str, int]
    setters: Mapping[str, int]
    statics: Mapping[str, int]
    fields: Mapping[str, int]
    static_fields: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Definitions:
    """What a file defines.

    Attributes:
        functions: By node.
        classes: By node.
    """

    functions: Mapping[int, Function]
    classes: Mapping[int, Class]


def definitions_of(syntax: Syntax) -> Definitions:
    """Find the functions and classes of a file."""
    functions: dict[int, Function] = {}
    classes: list[int] = []
    members: dict[int, list[Function]] = {}
    for at, kind in enumerate(syntax.kinds):
        if syntax.after[at] == at + 1:
            continue
        if kind in FUNCTIONS:
            functions[at] = function = _function(syntax, at, kind)
            members.setdefault(function.owner, []).append(function)
        elif kind in CLASSES:
            classes.append(at)
    return Definitions(
        functions=functions,
        classes={at: _class(syntax, at, members.get(at, [])) for at in classes},
    )


def _function(syntax: Syntax, at: int, kind: str) -> Function:
    name_at = _name_of(syntax, at)
    name = ANONYMOUS if name_at == NONE else syntax.key(name_at)
    body = syntax.parents[at]
    in_class = kind == "method_definition" and syntax.kinds[body] == "class_body"
    return Function(
        at=at,
        name=name,
        name_at=name_at,
        kind=_kind_of(syntax, at, name, in_class=in_class),
        owner=syntax.parents[body] if in_class else NONE,
        is_static=in_class and syntax.has(at, "static"),
        parameters=tuple(_parameter(syntax, pattern) for pattern in parameters_of(syntax, at)),
    )


def _kind_of(syntax: Syntax, at: int, name: str, *, in_class: bool) -> FunctionKind:
    if syntax.kinds[at] == "arrow_function":
        return "arrow"
    if syntax.kinds[at] != "method_definition":
        return "function"
    if syntax.has(at, "get"):
        return "getter"
    if syntax.has(at, "set"):
        return "setter"
    return "constructor" if in_class and name == "constructor" else "method"


def _name_of(syntax: Syntax, at: int) -> int:
    """Return the node that names a function or class: its own, or its holder's."""
    name = syntax.child(at, "name")
    if name != NONE:
        return name
    holder = syntax.parents[at]
    while syntax.kinds[holder] == "parenthesized_expression":
        holder = syntax.parents[holder]
    held = HELD.get(syntax.kinds[holder])
    name = NONE if held is None else syntax.child(holder, held)
    if name != NONE and syntax.kinds[name] == "member_expression":
        name = syntax.child(name, "property")
    return name


def _parameter(syntax: Syntax, pattern: int) -> Parameter:
    holder = syntax.parents[pattern]
    return Parameter(
        at=pattern,
        names=tuple(bound(syntax, pattern)),
        is_rest=syntax.kinds[pattern] == "rest_pattern",
        is_property=syntax.has(holder, "accessibility_modifier") or syntax.has(holder, "readonly"),
    )


def _class(syntax: Syntax, at: int, members: list[Function]) -> Class:
    name = _name_of(syntax, at)
    extends, implements = _heritage(syntax, at)
    constructors = [member for member in members if member.kind == "constructor"]
    return Class(
        at=at,
        name=ANONYMOUS if name == NONE else syntax.key(name),
        extends=extends,
        implements=implements,
        constructor=constructors[-1].at if constructors else NONE,
        methods=_named(members, "method", static=False),
        getters=_named(members, "getter", static=False),
        setters=_named(members, "setter", static=False),
        statics=_named(members, "method", static=True),
        fields=_fields(syntax, at, static=False) | _properties(syntax, constructors),
        static_fields=_fields(syntax, at, static=True),
    )


def _named(members: list[Function], kind: str, *, static: bool) -> dict[str, int]:
    return {
        member.name: member.at
        for member in members
        if member.kind == kind and member.is_static is static
    }


def _fields(syntax: Syntax, at: int, *, static: bool) -> dict[str, int]:
    body = syntax.child(at, "body")
    found: dict[str, int] = {}
    for member in syntax.children(body) if body != NONE else ():
        key = FIELDS.get(syntax.kinds[member])
        name = NONE if key is None else syntax.child(member, key)
        if name != NONE and syntax.has(member, "static") is static:
            found[syntax.key(name)] = name
    return found


def _properties(syntax: Syntax, constructors: list[Function]) -> dict[str, int]:
    """Return the fields that parameters of a constructor make."""
    return {
        syntax.word(parameter.names[0]): parameter.names[0]
        for constructor in constructors
        for parameter in constructor.parameters
        if parameter.is_property and parameter.names
    }


def _heritage(syntax: Syntax, at: int) -> tuple[int, tuple[int, ...]]:
    """Return what a class extends, and what it implements."""
    holder = next((child for child in syntax.children(at) if _is_heritage(syntax, child)), NONE)
    if holder == NONE:
        return NONE, ()
    extends = NONE
    implements: list[int] = []
    for clause in syntax.children(holder):
        if syntax.kinds[clause] == "extends_clause":
            extends = syntax.child(clause, "value")
        elif syntax.kinds[clause] == "implements_clause":
            implements += syntax.children(clause)
        elif extends == NONE:
            extends = clause
    return extends, tuple(implements)


def _is_heritage(syntax: Syntax, at: int) -> bool:
    return syntax.kinds[at] == "class_heritage"
