"""Places as the syntax shows them: roots, members, elements, and what is a variable."""

from collections.abc import Callable
from typing import Any

from tidemill.source.dataflow.roles import (
    Argument,
    Call,
    Guarded,
    Index,
    Instance,
    Kinds,
    Literal,
    Member,
    Name,
    Only,
    Pointer,
    Self,
    Text,
    Update,
)
from tidemill.source.dataflow.walk import Walk

__all__ = [
    "argument_value",
    "children_of",
    "is_receiver",
    "is_variable",
    "operator_of",
    "parts_of",
    "path_shape",
    "reads_member",
]

_ROOTS = frozenset({Name, Self, Instance})


Shape = tuple[int | None, tuple[bytes, ...], tuple[int, ...]]


def is_variable(walk: Walk, index: int) -> bool:
    """Whether the name at ``index`` is a variable or the receiver, not a method."""
    return not walk.table.names_need_definition or walk.scopes.is_local(walk.text(index))


def is_receiver(walk: Walk, index: int) -> bool:
    """Whether the root of a path is the receiver."""
    kind, receiver = walk.role(index).__class__, walk.table.receiver
    return kind is Self or (bool(receiver) and kind is Name and walk.text(index) == receiver)


def reads_member(walk: Walk, index: int, role: Call) -> bool:
    """Whether what looks like a method call reads (or names) a member."""
    member = walk.part(index, role.member)
    if member is None or walk.part(index, role.receiver) is None:
        return False
    if walk.text(member).endswith((b"?", b"!")):
        return False
    return walk.part(index, role.arguments) is None and walk.part(index, role.block) is None


def path_shape(walk: Walk, index: int) -> Shape:
    """Take a chain of members and subscripts apart.

    Returns:
        The root's index (``None`` if the chain does not start at a variable or
        receiver), the keys from the root outwards, and the subexpressions to visit
        (all indices; and the innermost object when there is no root).
    """
    keys: list[bytes] = []
    visits: list[int] = []
    current: int | None = index
    while current is not None:
        current = walk.unwrap(current)
        role: Any = walk.role(current)
        kind = role.__class__
        if _is_root(walk, current, role):
            return current, tuple(keys[::-1]), tuple(visits[::-1])
        step = _STEPS.get(kind)
        inner = current if step is None else step(walk, current, role, keys, visits)
        if inner == current:
            visits.append(current)
            break
        current = inner
    return None, (), tuple(visits[::-1])


def _is_root(walk: Walk, index: int, role: Any) -> bool:
    """Whether a path begins here: at a variable or at the receiver."""
    kind = role.__class__
    if kind is Name:
        return is_variable(walk, index)
    return kind in _ROOTS or (kind is Member and _names_receiver(walk, index, role))


def _names_receiver(walk: Walk, index: int, role: Member) -> bool:
    """Whether a member is the receiver itself (Java ``Outer.this``)."""
    key = walk.part(index, role.key)
    return key is not None and walk.role(key).__class__ is Self


def operator_of(walk: Walk, index: int) -> bytes:
    """Return the first byte of a prefix expression."""
    start = walk.tree.starts[index]
    return walk.tree.text[start : start + 1]


_Step = Callable[[Walk, int, Any, list[bytes], list[int]], int | None]
"""Notes one key of a path and returns the object it is of: itself, if it is no step."""


def _step_member(
    walk: Walk, index: int, role: Member, keys: list[bytes], visits: list[int]
) -> int | None:
    key = walk.part(index, role.key)
    if key is not None and role.names and walk.tree.kinds[key] not in role.names:
        visits.append(key)
        keys.append(_element_key(walk, key))
    else:
        keys.append(b"." + walk.text(key) if key is not None else b".")
    return walk.part(index, role.object)


def _step_element(
    walk: Walk, index: int, role: Index, keys: list[bytes], visits: list[int]
) -> int | None:
    base = walk.part(index, role.object)
    subscripts = [child for child in walk.children(index) if child != base]
    if role.callee and walk.tree.fields[index] == role.callee and _is_generic(walk, index):
        return base
    if len(subscripts) == 1 and walk.role(subscripts[0]) is None:
        subscripts = walk.children(subscripts[0]) or subscripts
    visits.extend(reversed(subscripts))
    inner = argument_value(walk, subscripts[0]) if len(subscripts) == 1 else index
    keys.append(_element_key(walk, inner))
    return base


def _is_generic(walk: Walk, index: int) -> bool:
    return all(
        walk.role(child).__class__ is Name and not walk.scopes.is_local(walk.text(child))
        for child in walk.children(index)
    )


def _element_key(walk: Walk, index: int) -> bytes:
    """Return the key of an element: its constant, or what stands for any."""
    constant = walk.role(index).__class__ in (Literal, Text)
    return b"[" + walk.text(index) + b"]" if constant else b"[*]"


def _step_guarded(
    walk: Walk, index: int, role: Guarded, keys: list[bytes], visits: list[int]
) -> int | None:
    access = walk.part(index, role.access)
    step = None if access is None else _STEPS.get(walk.role(access).__class__)
    if access is None or step is None:
        return index
    step(walk, access, walk.role(access), keys, visits)
    return walk.part(index, role.object)


def _step_call(
    walk: Walk, index: int, role: Call, keys: list[bytes], _visits: list[int]
) -> int | None:
    if not reads_member(walk, index, role):
        return index
    keys.append(b"." + walk.text(walk.part(index, role.member) or index))
    return walk.part(index, role.receiver)


def _step_pointer(
    walk: Walk, index: int, role: Pointer, keys: list[bytes], _visits: list[int]
) -> int | None:
    if operator_of(walk, index) != b"*":
        return index
    keys.append(b"*")
    return walk.part(index, role.operand)


def _step_place(
    walk: Walk, index: int, role: Only, _keys: list[bytes], _visits: list[int]
) -> int | None:
    """Look through a qualification (C++ ``space::name``)."""
    return walk.part(index, role.parts[-1]) if role.place else index


def _step_asserted(
    walk: Walk, index: int, role: Update, _keys: list[bytes], _visits: list[int]
) -> int | None:
    """Look through an assertion that says nothing of the value (C# ``x!``)."""
    return walk.part(index, role.operand) if walk.text(index).endswith(role.reading) else index


_STEPS: dict[type, _Step] = {
    Member: _step_member,
    Index: _step_element,
    Guarded: _step_guarded,
    Call: _step_call,
    Pointer: _step_pointer,
    Only: _step_place,
    Update: _step_asserted,
}


def argument_value(walk: Walk, index: int) -> int:
    """Return the expression that an argument hands over."""
    role = walk.role(index)
    inner: int | None = index
    if isinstance(role, Argument):
        inner = walk.part(index, role.value)
    elif isinstance(role, Only) and role.parts:
        inner = walk.part(index, role.parts[-1])
    return index if inner is None else walk.unwrap(inner)


def parts_of(walk: Walk, index: int, part: Any) -> list[int]:
    """Return every child that a compiled part names: a field may stand for several."""
    if part is not None and part > 0:
        fields = walk.tree.fields
        return [child for child in walk.children(index) if fields[child] == part]
    found = walk.part(index, part)
    return [] if found is None else [found]


def children_of(walk: Walk, index: int, kinds: Kinds) -> list[int]:
    """Return the children of a node that are of a kind in ``kinds``."""
    if not kinds:
        return []
    own = walk.tree.kinds
    return [child for child in walk.children(index) if own[child] in kinds]
