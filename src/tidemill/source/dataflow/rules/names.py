"""Variables, literals and paths: what an expression is read from."""

from collections import deque
from typing import TYPE_CHECKING, Any

from tidemill.source.dataflow.roles import (
    Heredoc,
    Instance,
    Member,
    Name,
    Pointer,
    Text,
)
from tidemill.source.dataflow.rules.places import (
    is_receiver,
    operator_of,
    path_shape,
)
from tidemill.source.dataflow.walk import (
    COMPUTED_FROM,
    DEFINITION,
    LITERAL,
    PATH,
    Place,
    Value,
    Walk,
    path_group,
)

if TYPE_CHECKING:
    from tidemill.source.dataflow.roles import Qualified

__all__ = [
    "define_path",
    "hold_place",
    "may_raise",
    "visit_defined_name",
    "visit_heredoc",
    "visit_instance",
    "visit_literal",
    "visit_name",
    "visit_name_or_receiver",
    "visit_path",
    "visit_pointer",
    "visit_qualified",
    "visit_text",
    "weaken_path",
]

_SELF = b"\0self"
"""The key name of the receiver; no source text can spell it."""


def visit_name(walk: Walk, index: int) -> None:
    """Use the variable."""
    walk.use(index)


def visit_name_or_receiver(walk: Walk, index: int) -> None:
    """Use the variable, unless it is the receiver."""
    if walk.text(index) != walk.table.receiver:
        walk.use(index)


def visit_defined_name(walk: Walk, index: int) -> None:
    """Use the variable, if there is one; otherwise the name calls a method."""
    name = walk.text(index)
    if walk.scopes.is_local(name):
        walk.use(index)
        return
    walk.state.may_raise()
    if name in walk.table.throwers:
        walk.state.dead = True


def visit_literal(walk: Walk, index: int) -> None:
    """Record a literal, where some definition may come from it."""
    if walk.in_value:
        walk.trail.append(walk.add_node(index, LITERAL))


def visit_text(walk: Walk, index: int, _role: Text) -> None:
    """Record a string as a literal, or visit what is interpolated into it."""
    kinds, roles = walk.tree.kinds, walk.grammar.roles
    inner = range(index + 1, walk.tree.end[index])
    if any(roles[kinds[child]].__class__ is not Text for child in inner):
        walk.state.may_raise()
        walk.then_children(index)
    else:
        visit_literal(walk, index)


def visit_heredoc(walk: Walk, index: int, role: Heredoc) -> None:
    """Visit what is interpolated into the text that this word stands for, or a literal."""
    tree = walk.tree
    if index not in tree.heredocs:
        _match_heredocs(walk, role)
    body = tree.heredocs[index]
    # The text after a method of one line is no part of the method's unit.
    if body + 1 < tree.end[body] <= walk.stop:
        walk.state.may_raise()
        walk.then_children(body)
    else:
        visit_literal(walk, index)


def _match_heredocs(walk: Walk, role: Heredoc) -> None:
    """Find the text of every word in the file: texts follow in the order of the words."""
    roles, found = walk.grammar.roles, walk.tree.heredocs
    waiting: deque[int] = deque()
    for index, kind in enumerate(walk.tree.kinds):
        if roles[kind] is role:
            found[index] = index
            waiting.append(index)
        elif kind in role.bodies and waiting:
            found[waiting.popleft()] = index


def visit_path(walk: Walk, index: int, role: Any) -> None:
    """Read a member, subscript or dereference: one node for the longest path."""
    if role.__class__ is Member and walk.tree.end[index] == index + 3:
        kinds, rules, first = walk.tree.kinds, walk.rules, index + 1
        is_simple = rules.plain_roots[kinds[first]] and not rules.receivers[kinds[index + 2]]
        if is_simple and walk.tree.fields[first] == role.object:
            _read_member(walk, index)
            return
    root, keys, visits = path_shape(walk, index)
    if root is None or not keys:
        # The receiver itself (Java `Outer.this`) is a root, and nothing to visit.
        walk.then(None if root == index else root, *visits, (may_raise,))
        return
    node = _use_root(walk, root)
    if visits:
        held, walk.in_value = walk.in_value, 0
        walk.then(*visits, (_read_path, index, root, node, keys, held))
    else:
        _read_path(walk, index, root, node, keys, walk.in_value)


def _use_root(walk: Walk, root: int) -> int:
    if walk.role(root).__class__ is not Name or is_receiver(walk, root):
        return 0
    return walk.use(root)


def may_raise(walk: Walk) -> None:
    """Let the innermost handler see the state here."""
    walk.state.may_raise()


def _path_key(walk: Walk, root: int, keys: tuple[bytes, ...]) -> int:
    """Return the key under which writes are kept that a path like this may see."""
    role = walk.role(root)
    scopes = walk.scopes
    from_receiver = is_receiver(walk, root)
    if role.__class__ is Name and not from_receiver:
        owner = scopes.key(walk.text(root))
    else:
        owner = scopes.receiver(_SELF if from_receiver else walk.text(root))
    return _group_key(walk, owner, b"" if role.__class__ is Instance else path_group(keys))


def _group_key(walk: Walk, owner: int, group: bytes) -> int:
    groups = walk.path_keys.get(owner)
    if groups is None:
        groups = walk.path_keys[owner] = {}
    key = groups.get(group)
    if key is None:
        key = groups[group] = walk.scopes.new_key(group)
        _begin_paths(walk, owner, key)
    return key


def _begin_paths(walk: Walk, owner: int, key: int) -> None:
    # A root that was defined since the loop's header has no paths from the last round.
    state = walk.state
    if state.loops:
        header = state.loops[-1].phis.get(owner)
        if header is not None and state.env[owner] != header[0]:
            state.assign(key, 0)


def _read_path(
    walk: Walk, index: int, root: int, root_node: int, keys: tuple[bytes, ...], held: int
) -> None:
    walk.in_value = held
    _add_read(walk, index, root_node, _path_key(walk, root, keys), keys)


def _read_member(walk: Walk, index: int) -> None:
    """Read ``variable.key``, the shape of most paths, without taking it apart."""
    root_node = walk.use(index + 1)
    key = b"." + walk.text(index + 2)
    owner = walk.last_key
    _add_read(walk, index, root_node, _group_key(walk, owner, key), (key,))


def _add_read(walk: Walk, index: int, root_node: int, key: int, keys: tuple[bytes, ...]) -> None:
    node = walk.add_node(index, PATH)
    if root_node:
        walk.edges.append((node, root_node, COMPUTED_FROM))
    walk.path_reads.append((node, walk.state.read(key), key, keys))
    walk.trail.append(node)
    walk.state.may_raise()


def define_path(walk: Walk, index: int, value: Value, *, augmented: bool) -> None:
    """Schedule a weak update of the path at ``index`` with ``value``."""
    if index in walk.held_places:
        place = walk.held_places.pop(index)
        if place is not None:
            _write_path(walk, index, place, value, augmented, walk.in_value)
        return
    root, keys, visits = path_shape(walk, index)
    if root is None:
        walk.then(*visits, (may_raise,))
        return
    held, walk.in_value = walk.in_value, 0
    node = _use_root(walk, root)
    walk.then(*visits, (_write_path, index, (root, node, keys), value, augmented, held))


def hold_place(walk: Walk, index: int) -> None:
    """Evaluate what the path at ``index`` is made of, long before it is written."""
    root, keys, visits = path_shape(walk, index)
    held, walk.in_value = walk.in_value, 0
    place = None if root is None else (root, _use_root(walk, root), keys)
    walk.held_places[index] = place
    walk.then(*visits, (_leave_place, held))


def _leave_place(walk: Walk, held: int) -> None:
    walk.in_value = held
    walk.state.may_raise()


def _write_path(
    walk: Walk,
    index: int,
    place: Place,
    value: Value,
    augmented: bool,
    held: int,
) -> None:
    walk.in_value = held
    root, root_node, keys = place
    key = _path_key(walk, root, keys)
    node = walk.add_node(index, PATH | DEFINITION)
    state = walk.state
    state.may_raise()
    old = state.read(key)
    if augmented:
        walk.path_reads.append((node, old, key, keys))
        walk.path_updates.add(node)
        if root_node:
            walk.edges.append((node, root_node, COMPUTED_FROM))
        walk.trail.append(node)
    walk.connect(node, value)
    state.assign(key, state.phi([node, old]) if old else node)
    walk.path_definitions[node] = (key, keys)


def weaken_path(walk: Walk, root: int, keys: tuple[bytes, ...], node: int) -> None:
    """Let ``node``, which reads a path, be a weak update of it as well."""
    key, state = _path_key(walk, root, keys), walk.state
    old = state.read(key)
    state.assign(key, state.phi([node, old]) if old else node)
    walk.path_definitions[node] = (key, keys)


def visit_instance(walk: Walk, index: int) -> None:
    """Read a variable of the receiver (Ruby ``@x``)."""
    _read_path(walk, index, index, 0, (), walk.in_value)


def visit_qualified(walk: Walk, index: int, _role: "Qualified") -> None:
    """Read a dotted name in value position: its root and, if longer, the path."""
    first, *rest = walk.children(index)
    node = walk.use(first)
    if rest:
        keys = tuple(b"." + walk.text(child) for child in rest)
        _read_path(walk, index, first, node, keys, walk.in_value)


def visit_pointer(walk: Walk, index: int, role: Pointer) -> None:
    """Read through a pointer, or evaluate another unary operator."""
    if operator_of(walk, index) == b"*":
        root, _, _ = path_shape(walk, index)
        if root is not None:
            visit_path(walk, index, role)
            return
    walk.then(*walk.children(index), (may_raise,))
