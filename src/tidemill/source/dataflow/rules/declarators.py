"""Declarators: names inside the types that are written around them (C)."""

from tidemill.source.dataflow.roles import Call, Declarator, Index, Kinds, Name, Parameter, Pointer
from tidemill.source.dataflow.walk import Walk

__all__ = ["constructor_arguments", "declared_by_call", "declares_function", "signature"]


def signature(walk: Walk, index: int | None) -> tuple[int | None, int | None]:
    """Return the name of a function, unless it is qualified, and its parameter list.

    A function that returns a pointer to a function has two lists: the inner is its own.
    """
    parameters: int | None = None
    end = walk.tree.end
    while index is not None:
        role = walk.role(index)
        if role.__class__ is Name:
            return index, parameters
        if isinstance(role, Declarator):
            own = walk.part(index, role.parameters)
            parameters = parameters if own is None else own
            index = walk.part(index, role.name)
        elif role is None and index + 1 < end[index]:
            index = walk.children(index)[-1]
        else:
            break
    return None, parameters


def declares_function(walk: Walk, index: int, role: Declarator) -> bool:
    """Whether a declarator is that of a function, not of a variable."""
    name = walk.part(index, role.name)
    if walk.part(index, role.parameters) is None:
        return False
    return name is None or walk.tree.kinds[name] not in role.pointers


def constructor_arguments(walk: Walk, index: int, role: Declarator) -> list[int]:
    """Return the variables that a new object is made from, if ``T v(a)`` can mean that.

    At the top level it cannot: a function is declared there.
    """
    parameters = walk.part(index, role.parameters)
    scopes = walk.scopes
    if parameters is None or scopes.current.function is scopes.functions[0]:
        return []
    kinds = walk.tree.kinds
    inside = range(parameters + 1, walk.tree.end[parameters])
    if any(kinds[node] in role.types or _names_parameter(walk, node) for node in inside):
        return []
    return [
        node
        for node in inside
        if kinds[node] in role.ambiguous or walk.role(node).__class__ is Name
    ]


def declared_by_call(walk: Walk, index: int, types: Kinds) -> int | None:
    """Return the name that ``int (*p)[3] = a`` declares: it looks like a call of ``int``."""
    place: int | None = index
    is_declaration = False
    while place is not None:
        role = walk.role(place)
        if isinstance(role, Index):
            place = walk.part(place, role.object)
        elif isinstance(role, Call):
            function, arguments = walk.part(place, role.function), walk.part(place, role.arguments)
            if function is None or arguments is None or walk.tree.kinds[function] not in types:
                break
            is_declaration = True
            place = walk.children(arguments)[0] if len(walk.children(arguments)) == 1 else None
        elif isinstance(role, Pointer) and is_declaration:
            place = walk.part(place, role.operand)
        else:
            return place if is_declaration and role.__class__ is Name else None
    return None


def _names_parameter(walk: Walk, index: int) -> bool:
    """Whether a parameter has a type and then a name, which no expression can have."""
    role = walk.role(index)
    if not isinstance(role, Parameter):
        return False
    name = walk.part(index, role.name)
    return name is not None and walk.role(name).__class__ is Name
