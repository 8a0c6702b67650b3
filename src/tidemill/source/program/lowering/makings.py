"""Arrays, objects, functions, classes: expressions that make something new."""

from tidemill.source.program.lowering.walk import Event, Walk
from tidemill.source.program.syntax import FUNCTIONS, NONE
from tidemill.source.program.targets import ANY, MAX_PATH, SETTER, declared_names
from tidemill.source.program.values import COPY, STORE

__all__ = [
    "visit_array",
    "visit_class",
    "visit_enum",
    "visit_function",
    "visit_namespace",
    "visit_object",
]


def visit_array(walk: Walk, at: int) -> None:
    """Put elements into an array; after something spread their places are not known."""
    parts = list(walk.syntax.children(at))
    known = True
    for place, part in enumerate(parts):
        if walk.syntax.kinds[part] == "spread_element":
            known = False
            walk.edge(part, at)
        else:
            walk.edge(part, at, STORE, (str(place) if known else ANY,))
    walk.visit_all(*parts)


def visit_object(walk: Walk, at: int) -> None:
    """Put fields into an object."""
    syntax = walk.syntax
    parts = list(syntax.children(at))
    keys = [_key(walk, part) for part in parts]
    for place, part in enumerate(parts):
        kind = syntax.kinds[part]
        if kind == "pair":
            value = syntax.child(part, "value")
            if value != NONE:
                walk.edge(value, at, STORE, (keys[place],))
        elif kind == "spread_element":
            walk.edge(_stripped(walk, part, keys[place + 1 :]), at)
        elif kind in FUNCTIONS:
            is_read, is_written = syntax.has(part, "get"), syntax.has(part, "set")
            value = walk.values.returns[part] if is_read else part
            walk.edge(value, at, STORE, (SETTER * is_written + keys[place],))
            walk.edge(at, walk.values.receivers[part])
        elif kind == "shorthand_property_identifier":
            walk.edge(part, at, STORE, (keys[place],))
    walk.visit_all(*(_inside(walk, part) for part in parts))


def _inside(walk: Walk, part: int) -> int:
    return walk.syntax.child(part, "value") if walk.syntax.kinds[part] == "pair" else part


def _key(walk: Walk, part: int) -> str:
    """Return the field that a part of an object is; empty for what is spread."""
    syntax = walk.syntax
    kind = syntax.kinds[part]
    if kind == "shorthand_property_identifier":
        return syntax.word(part)
    name = syntax.child(part, "key" if kind == "pair" else "name")
    if name == NONE:
        return ""
    return ANY if syntax.kinds[name] == "computed_property_name" else syntax.key(name)


def _stripped(walk: Walk, spread: int, later: list[str]) -> int:
    """Return what is spread without the fields that are written over."""
    node = spread
    for key in [key for key in later if key not in {"", ANY}][:MAX_PATH]:
        rest = walk.node(spread)
        walk.edge(node, rest, COPY, (key,))
        node = rest
    return node


def visit_function(walk: Walk, at: int) -> None:
    """Make a function; its body is walked later."""
    syntax = walk.syntax
    name = syntax.child(at, "name")
    if name != NONE and syntax.kinds[name] == "computed_property_name":
        walk.visit_all(*syntax.children(name))
    elif syntax.kinds[at] in {"function_expression", "generator_function"} and name != NONE:
        walk.edge(at, name)
    walk.capture(at)


def visit_class(walk: Walk, at: int) -> None:
    """Make a class: its methods, and what its fields begin with."""
    syntax = walk.syntax
    name, body = syntax.child(at, "name"), syntax.child(at, "body")
    if name != NONE:
        walk.edge(at, name)
    events: list[Event] = [
        (Walk.visit, part) for part in syntax.children(at) if part not in {name, body}
    ]
    for member in syntax.children(body) if body != NONE else ():
        kind = syntax.kinds[member]
        if kind in FUNCTIONS:
            events.append((Walk.visit, member))
        elif kind in {"field_definition", "public_field_definition"}:
            events.append((_begin_field, at, member))
        else:
            events.append((Walk.visit, member))
    walk.then(*events)
    variable = walk.names.variables.get(name)
    if variable is not None:
        walk.then((Walk.define, variable, name))


def _begin_field(walk: Walk, owner: int, member: int) -> None:
    syntax = walk.syntax
    value = syntax.child(member, "value")
    key = syntax.child(member, "name" if syntax.child(member, "name") != NONE else "property")
    if NONE in {value, key}:
        return
    computed = syntax.kinds[key] == "computed_property_name"
    instance = owner if syntax.has(member, "static") else walk.values.instances[owner]
    walk.edge(value, instance, STORE, (ANY if computed else syntax.key(key),))
    walk.visit_all(*((key,) if computed else ()), value)


def visit_namespace(walk: Walk, at: int) -> None:
    """Fill a namespace with what it exports."""
    name, body = walk.syntax.child(at, "name"), walk.syntax.child(at, "body")
    if body != NONE:
        walk.then((Walk.visit, body), (_fill, name, body))


def _fill(walk: Walk, name: int, body: int) -> None:
    if name == NONE or name not in walk.names.variables:
        return
    for export in walk.syntax.children(body):
        declaration = walk.syntax.child(export, "declaration")
        for declared in () if declaration == NONE else declared_names(walk.syntax, declaration):
            variable = walk.names.variables.get(declared)
            held = NONE if variable is None else walk.held(variable)
            if held != NONE:
                walk.edge(held, name, STORE, (walk.syntax.word(declared),))


def visit_enum(walk: Walk, at: int) -> None:
    """Give the members of an enumeration their values."""
    syntax = walk.syntax
    name, body = syntax.child(at, "name"), syntax.child(at, "body")
    for member in syntax.children(body) if body != NONE else ():
        key, value = syntax.child(member, "name"), syntax.child(member, "value")
        if NONE not in {name, key, value}:
            walk.edge(value, name, STORE, (syntax.key(key),))
            walk.visit_all(value)
