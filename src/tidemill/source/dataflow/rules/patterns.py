"""Targets and patterns: where a value is bound."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tidemill.source.dataflow.roles import (
    Argument,
    As,
    Call,
    Cast,
    Choices,
    Constant,
    Declarator,
    Declare,
    Default,
    Either,
    Guarded,
    Index,
    Instance,
    Literal,
    Member,
    Name,
    Only,
    Parameter,
    Parenthesized,
    Pattern,
    Pointer,
    Qualified,
    Sequence,
    Shorthand,
    Text,
)
from tidemill.source.dataflow.rules.declarators import declares_function
from tidemill.source.dataflow.rules.forks import Fork, leave_arm, open_arm
from tidemill.source.dataflow.rules.names import define_path
from tidemill.source.dataflow.rules.places import argument_value, children_of
from tidemill.source.dataflow.walk import Value, Walk

__all__ = [
    "ASSIGN",
    "BLOCK",
    "FUNCTION",
    "PLACES",
    "bind",
    "bind_children",
    "define_name",
    "is_wildcard",
    "key_of",
    "visit_default",
]

ASSIGN, BLOCK, FUNCTION = "assign", "block", "function"
PLACES = (Member, Index, Instance, Pointer, Guarded, Call)


def key_of(walk: Walk, name: bytes, mode: str) -> int:
    """Return the key that a definition of ``name`` in ``mode`` defines."""
    if mode == ASSIGN:
        return walk.scopes.assigned(name, walk.table.assignment_declares)
    return walk.scopes.declare(name, in_function=mode == FUNCTION)


def define_name(walk: Walk, index: int, value: Value, mode: str) -> None:
    """Define the variable named at ``index``, unless it is the wildcard.

    Where assignments make variables, assigning to the wildcard makes one like any other.
    """
    name = walk.text(index)
    if name != walk.table.wildcard or _names_wildcard(walk, name, mode):
        walk.define(index, key_of(walk, name, mode), value)


def _names_wildcard(walk: Walk, name: bytes, mode: str) -> bool:
    """Whether the wildcard is a variable here like any other."""
    if walk.table.assignment_declares is not None:
        return True
    return walk.table.wildcard_declares and (mode != ASSIGN or walk.scopes.is_local(name))


def is_wildcard(walk: Walk, index: int) -> bool:
    """Whether a target is spelled as the wildcard."""
    return walk.text(index) == walk.table.wildcard


def bind(walk: Walk, index: int, value: Value, mode: str) -> None:
    """Bind the target or pattern at ``index`` to ``value``."""
    if walk.role(index).__class__ is Name:
        define_name(walk, index, value, mode)
        return
    _bind_range(walk, index, walk.tree.end[index], value, mode)


def bind_children(walk: Walk, index: int, value: Value, mode: str) -> None:
    """Bind everything below ``index`` to ``value``."""
    _bind_range(walk, index + 1, walk.tree.end[index], value, mode)


def _bind_range(walk: Walk, index: int, stop: int, value: Value, mode: str) -> None:
    kinds, end, roles = walk.tree.kinds, walk.tree.end, walk.grammar.roles
    while index < stop:
        role = roles[kinds[index]]
        kind = role.__class__
        after = end[index]
        if kind is Name:
            define_name(walk, index, value, mode)
        elif kind not in _INSIDE and role is not None:
            if after < stop:
                walk.then((_bind_range, after, stop, value, mode))
            _bind_one(walk, index, role, value, mode)
            return
        else:
            index += 1
            continue
        index = after


_INSIDE = (Parenthesized, As)


def _bind_one(walk: Walk, index: int, role: object, value: Value, mode: str) -> None:
    binder = _BINDERS.get(role.__class__)
    if binder is None:
        walk.then(index)
    else:
        binder(walk, index, role, value, mode)


def _bind_path(walk: Walk, index: int, _role: object, value: Value, _mode: str) -> None:
    define_path(walk, index, value, augmented=False)


def _bind_call(walk: Walk, index: int, role: Call, value: Value, mode: str) -> None:
    """Bind a member that looks like a call, or what is taken out of an object."""
    callee, arguments = walk.part(index, role.function), walk.part(index, role.arguments)
    apart = mode == BLOCK or (callee is not None and walk.text(callee) in role.binders)
    if role.member is not None or not apart:
        define_path(walk, index, value, augmented=False)
    elif arguments is not None:
        walk.then((bind_children, arguments, Value(value.sources), mode))


def _bind_cast(walk: Walk, index: int, _role: Cast, value: Value, mode: str) -> None:
    walk.then((bind, index + 1, value, mode))


def _bind_argument(walk: Walk, index: int, role: Argument, value: Value, mode: str) -> None:
    target = walk.part(index, role.value)
    if target is not None:
        walk.then((bind, target, value, mode))


def _bind_declared(walk: Walk, index: int, role: Declare, value: Value, _mode: str) -> None:
    target = walk.part(index, role.name)
    if target is not None and not (role.discards and is_wildcard(walk, target)):
        walk.then((bind, target, value, BLOCK))


def _bind_declarator(walk: Walk, index: int, role: Declarator, value: Value, mode: str) -> None:
    name = walk.part(index, role.name)
    if name is not None and not declares_function(walk, index, role):
        walk.then(walk.part(index, role.evaluated), (bind, name, value, mode))


def _bind_only(walk: Walk, index: int, role: Only, value: Value, mode: str) -> None:
    target = walk.part(index, role.parts[-1]) if role.place else None
    if target is None:
        walk.then(index)
    else:
        bind(walk, target, value, mode)


def _bind_constant(walk: Walk, index: int, _role: Constant, value: Value, mode: str) -> None:
    constant = walk.unwrap(index + 1) if walk.tree.end[index] > index + 1 else index
    _match_constant(walk, constant, value, mode)


def _match_constant(walk: Walk, index: int, value: Value, mode: str) -> None:
    """Visit a constant, or the constants of a tuple, among which some declare variables."""
    index = argument_value(walk, index)
    role, name = walk.role(index), walk.text(index)
    if isinstance(role, Sequence):
        walk.then(*((_match_constant, child, value, mode) for child in walk.children(index)))
    elif isinstance(role, Call | Declare):
        walk.then((bind, index, value, mode))
    elif not isinstance(role, Name) or (name != walk.table.wildcard and walk.scopes.is_local(name)):
        walk.then(index)


def _bind_qualified(walk: Walk, index: int, _role: Qualified, value: Value, mode: str) -> None:
    if len(walk.children(index)) > 1:
        walk.then(index)
    elif walk.text(index) != walk.table.wildcard:
        walk.define(index + 1, key_of(walk, walk.text(index), mode), value)


def _bind_nothing(*_: object) -> None:
    """Match a literal, which binds nothing."""


def _bind_sequence(walk: Walk, index: int, _role: Sequence, value: Value, mode: str) -> None:
    value = Value(value.sources)
    walk.then(*((_bind_in_pattern, child, value, mode) for child in walk.children(index)))


def _bind_pattern(walk: Walk, index: int, role: Pattern, value: Value, mode: str) -> None:
    value = Value(value.sources)
    skipped = {walk.part(index, part) for part in role.skip}
    used = {walk.part(index, part) for part in role.uses}
    children = walk.children(index)
    if role.parts:
        chosen = [walk.part(index, part) for part in role.parts]
        children = [child for child in chosen if child is not None]
    used |= _keys_of(walk, children, role.key_mark)
    used.update(children_of(walk, index, role.around))
    tasks: list[object] = []
    for child in children:
        if child in used:
            tasks.append(child)
        elif child not in skipped:
            tasks.append((_bind_in_pattern, child, value, mode))
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks


def _keys_of(walk: Walk, children: list[int], mark: bytes) -> set[int]:
    """Return the children that stand before ``mark``: keys of a pattern."""
    if not mark:
        return set()
    return {
        child for child, following in pairwise(children) if walk.between(child, following) == mark
    }


def _bind_shorthand(walk: Walk, index: int, role: Shorthand, value: Value, mode: str) -> None:
    key, target = walk.part(index, role.key), walk.part(index, role.value)
    if target is not None:
        bind(walk, target, value, mode)
    elif key is not None:
        define_name(walk, key, value, mode)


def _bind_in_pattern(walk: Walk, index: int, value: Value, mode: str) -> None:
    """Bind a target inside a pattern; a default there is one of two possible sources."""
    role = walk.role(index)
    if isinstance(role, Default):
        _bind_default(walk, index, role, value, mode, inside=True)
    else:
        bind(walk, index, value, mode)


def _bind_choices(walk: Walk, index: int, role: Choices, value: Value, mode: str) -> None:
    kinds, wildcard = walk.tree.kinds, walk.table.wildcard
    tasks: list[object] = []
    for child in walk.children(index):
        if kinds[child] in role.patterns:
            tasks.append((bind, child, value, mode))
        elif walk.text(child) != wildcard:
            tasks.append(child)
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks


def _bind_either(walk: Walk, index: int, _role: Either, value: Value, mode: str) -> None:
    fork = Fork(mark=len(walk.state.log))
    tasks: list[object] = []
    for child in walk.children(index):
        tasks += ((open_arm, fork), (bind, child, value, mode), (leave_arm, fork))
    walk.then(*tasks, (_join_either, fork))  # type: ignore[arg-type]  # tasks


def _join_either(walk: Walk, fork: Fork) -> None:
    walk.state.join(fork.mark, fork.effects)


def _bind_default(
    walk: Walk, index: int, role: Default, value: Value, mode: str, *, inside: bool = False
) -> None:
    target, default = walk.part(index, role.target), walk.part(index, role.value)
    known = walk.defaults.pop(index, None)
    if target is None:
        return
    if known is not None or default is None:
        bind(walk, target, value + (known or Value()), mode)
        return
    mark = walk.begin_value()
    parts = (target, None if inside else default)
    walk.then(default, (_bind_after_default, parts, value, mode, mark))


def _bind_parameter(walk: Walk, index: int, role: Parameter, value: Value, mode: str) -> None:
    name, default = walk.part(index, role.name), walk.part(index, role.value)
    if name is None:
        return
    if default is None or default == name:
        bind(walk, name, value, mode)
        return
    mark = walk.begin_value()
    walk.then(default, (_bind_after_default, (name, default), value, mode, mark))


def _bind_after_default(
    walk: Walk, parts: tuple[int, int | None], value: Value, mode: str, mark: int
) -> None:
    target, default = parts
    bind(walk, target, value + walk.end_value(mark, default), mode)


def visit_default(walk: Walk, index: int, role: Default) -> None:
    """Visit a default that stands outside any pattern."""
    _bind_default(walk, index, role, Value(), BLOCK)


_Binder = Callable[[Walk, int, Any, Value, str], None]

_BINDERS: dict[type, _Binder] = {
    Member: _bind_path,
    Index: _bind_path,
    Instance: _bind_path,
    Pointer: _bind_path,
    Guarded: _bind_path,
    Call: _bind_call,
    Cast: _bind_cast,
    Argument: _bind_argument,
    Declare: _bind_declared,
    Declarator: _bind_declarator,
    Only: _bind_only,
    Constant: _bind_constant,
    Qualified: _bind_qualified,
    Shorthand: _bind_shorthand,
    Default: _bind_default,
    Parameter: _bind_parameter,
    Sequence: _bind_sequence,
    Pattern: _bind_pattern,
    Either: _bind_either,
    Choices: _bind_choices,
    Literal: _bind_nothing,
    Text: _bind_nothing,
}
