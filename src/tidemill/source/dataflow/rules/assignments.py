"""Definitions: assignments, declarations, imports, deletions."""

from tidemill.source.dataflow.roles import (
    As,
    Assign,
    Declaration,
    Declarator,
    Declare,
    Import,
    Index,
    Member,
    Name,
    NonLocal,
    Pattern,
    Role,
    Sequence,
    TypeAlias,
    Update,
)
from tidemill.source.dataflow.rules.conditions import may_define
from tidemill.source.dataflow.rules.declarators import constructor_arguments, declared_by_call
from tidemill.source.dataflow.rules.names import define_path, hold_place, may_raise
from tidemill.source.dataflow.rules.patterns import (
    ASSIGN,
    BLOCK,
    FUNCTION,
    PLACES,
    bind,
    define_name,
    is_wildcard,
    key_of,
)
from tidemill.source.dataflow.rules.places import argument_value, children_of
from tidemill.source.dataflow.walk import COMPUTED_FROM, DEFINITION, Value, Walk

__all__ = [
    "visit_as",
    "visit_assign",
    "visit_declaration",
    "visit_declare",
    "visit_delete",
    "visit_import",
    "visit_nonlocal",
    "visit_type_alias",
    "visit_update",
]


def visit_assign(walk: Walk, index: int, role: Assign) -> None:
    """Evaluate the right side, then define the left."""
    left, right = walk.part(index, role.left), walk.part(index, role.right)
    if left is None:
        walk.then_children(index)
        return
    if right is None:
        return
    if role.places_first and _hold_places(walk, index, role):
        return
    operator = walk.between(left, right)
    augmented = role.augmented if role.augmented is not None else operator not in role.plain
    declares = role.declares or operator in role.declaring
    declared = declared_by_call(walk, left, role.types) if role.types else None
    if declared is not None:
        left, declares = declared, True
    mode = BLOCK if declares else ASSIGN
    if augmented:
        old = _old_value(walk, left)
        walk.then(right, (_finish_update, left, right, walk.begin_value(), old))
    elif role.left_first and walk.role(right) is role:
        _assign_chain(walk, left, right, mode)
    elif not _pairs(walk, _elements(walk, left), right, mode):
        walk.then(right, (_finish_assign, left, right, walk.begin_value(), mode))


def _hold_places(walk: Walk, index: int, role: Assign) -> bool:
    """Schedule what the places on the left are made of, and then the assignment itself.

    Returns:
        Whether that is to come first: the order matters only where another target or a
        side of the assignment may define what a place is made of.
    """
    left, right = walk.part(index, role.left), walk.part(index, role.right)
    if left is None or right is None or walk.tree.kinds[left] not in role.places_first:
        return False
    targets = _elements(walk, left) or [left]
    if len(targets) == 1 and not may_define(walk, left) and not may_define(walk, right):
        return False
    targets = [argument_value(walk, walk.unwrap(target)) for target in targets]
    places = [target for target in targets if isinstance(walk.role(target), PLACES)]
    if not places or places[0] in walk.held_places:
        return False
    walk.then(*((hold_place, place) for place in places), (visit_assign, index, role))
    return True


def _finish_assign(walk: Walk, left: int, right: int, mark: int, mode: str) -> None:
    value = walk.end_value(mark, right)
    if walk.state.tries and _elements(walk, left):
        walk.state.may_raise()
    bind(walk, left, value, mode)


def _finish_update(walk: Walk, left: int, right: int, mark: int, old: int | None) -> None:
    update(walk, left, Value(walk.end_value(mark, right).sources), old)


def _old_value(walk: Walk, index: int) -> int | None:
    """Read a variable that is to be updated before its new value is computed."""
    if walk.role(index).__class__ is not Name:
        return None
    return walk.state.read(key_of(walk, walk.text(index), ASSIGN))


def _assign_chain(walk: Walk, left: int, right: int, mode: str) -> None:
    """``a = b = v`` where ``a`` gets the value before ``b`` does."""
    targets = [left]
    role = walk.role(right)
    while isinstance(role, Assign) and role.left_first:
        inner, value = walk.part(right, role.left), walk.part(right, role.right)
        if inner is None or value is None:
            break
        targets.append(inner)
        right, role = value, walk.role(value)
    elements = _elements(walk, right)
    pairs = elements and any(len(_elements(walk, one)) == len(elements) for one in targets)
    found: list[Value] = []
    tasks: list[object] = []
    for element in elements if pairs else [right]:
        tasks += ((_begin_element, found), element, (_end_element, found, element))
    tasks += [(_bind_chained, target, found, bool(pairs), mode) for target in targets]
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks


def _bind_chained(walk: Walk, target: int, found: list[Value], pairs: bool, mode: str) -> None:
    elements = _elements(walk, target) if pairs else []
    if elements and len(elements) == len(found):
        walk.then(*((bind, *pair, mode) for pair in zip(elements, found, strict=True)))
        return
    if _elements(walk, target):
        walk.state.may_raise()
    sources = tuple(source for one in found for source in one.sources)
    bind(walk, target, Value(sources) if pairs else found[0], mode)


def visit_type_alias(walk: Walk, index: int, role: TypeAlias) -> None:
    """Name a type; visit what is really an assignment to a part of ``type(x)``."""
    left, right = walk.part(index, role.left), walk.part(index, role.right)
    if left is None or right is None:
        return
    visits: list[int | None] = [right + 1]
    current: int | None = left + 1
    if walk.role(left + 1).__class__ not in (Member, Index):
        inside = range(left + 1, walk.tree.end[left])
        name = next((node for node in inside if walk.role(node).__class__ is Name), None)
        if name is not None:
            define_name(walk, name, Value(), ASSIGN)
        return
    while current is not None:
        place = walk.role(current)
        if not isinstance(place, Member | Index):
            break
        base = walk.part(current, place.object)
        if isinstance(place, Index):
            visits += [child for child in walk.children(current) if child != base]
        current = base
    walk.then(*visits, current)


def _pairs(walk: Walk, targets: list[int], right: int, mode: str) -> bool:
    """Pair ``a, b = c, d`` element by element; all values come before all targets."""
    values = _elements(walk, right) if targets else []
    if not targets or len(targets) != len(values):
        return False
    found: list[Value] = []
    tasks: list[object] = []
    for element in values:
        tasks += ((_begin_element, found), element, (_end_element, found, element))
    tasks += [(_bind_element, target, found, place, mode) for place, target in enumerate(targets)]
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks
    return True


def _elements(walk: Walk, index: int) -> list[int]:
    index = walk.unwrap(index)
    role = walk.role(index)
    if not isinstance(role, Sequence) and not (isinstance(role, Pattern) and role.ordered):
        return []
    children = walk.children(index)
    spread = any(walk.role(child) is None for child in children)
    return [] if spread else children


def _begin_element(walk: Walk, found: list[object]) -> None:
    found.append(walk.begin_value())


def _end_element(walk: Walk, found: list[object], element: int) -> None:
    mark = found.pop()
    found.append(walk.end_value(mark, element))  # type: ignore[arg-type]  # pushed above


def _bind_element(walk: Walk, target: int, found: list[Value], place: int, mode: str) -> None:
    bind(walk, target, found[place], mode)


def update(walk: Walk, index: int, value: Value, old: int | None = None) -> None:
    """Define ``index`` from its own value (``old``, if read before) and ``value``."""
    index = argument_value(walk, walk.unwrap(index))
    if walk.role(index).__class__ is Sequence and len(walk.children(index)) == 1:
        index = walk.unwrap(index + 1)
    role = walk.role(index)
    if role.__class__ is Name:
        name = walk.text(index)
        key = key_of(walk, name, ASSIGN)
        node = walk.add_node(index, DEFINITION)
        old = walk.state.read(key) if old is None else old
        if not walk.state.dead:
            walk.reads.append((node, old, key, COMPUTED_FROM))
        walk.state.may_raise()
        walk.connect(node, value)
        walk.assign(key, node)
        walk.trail.append(node)
    elif isinstance(role, PLACES):
        define_path(walk, index, value, augmented=True)
    else:
        walk.then(index)


def visit_update(walk: Walk, index: int, role: Update) -> None:
    """``x++``: the old value and nothing else."""
    operand = walk.part(index, role.operand)
    if operand is None:
        walk.then_children(index)
        return
    if role.operators and not _has_operator(walk, index, role.operators):
        walk.then(*walk.children(index), (may_raise,) if walk.state.tries else None)
        return
    update(walk, operand, Value())


def _has_operator(walk: Walk, index: int, operators: tuple[bytes, ...]) -> bool:
    text = walk.text(index)
    return text.startswith(operators) or text.endswith(operators)


def visit_declaration(walk: Walk, index: int, role: Declaration) -> None:
    """Declare each declarator in the block, or hoisted to the function."""
    mode = FUNCTION if role.hoists else BLOCK
    tasks: list[object] = []
    for child in walk.children(index):
        child_role = walk.role(child)
        task = (_declare, child, child_role, mode) if isinstance(child_role, Declare) else child
        tasks.append(task)
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks


def visit_declare(walk: Walk, index: int, role: Declare) -> None:
    """Declare in this block."""
    _declare(walk, index, role, BLOCK)


def _declare(walk: Walk, index: int, role: Declare, mode: str) -> None:
    if role.around:
        walk.then(*children_of(walk, index, role.around), (_declare_inside, index, role, mode))
    else:
        _declare_inside(walk, index, role, mode)


def _declare_inside(walk: Walk, index: int, role: Declare, mode: str) -> None:
    value = walk.part(index, role.value)
    if role.names:
        kinds = walk.tree.kinds
        targets = [c for c in walk.children(index) if kinds[c] in role.names and c != value]
    else:
        name = walk.part(index, role.name)
        if role.discards and name is not None and is_wildcard(walk, name):
            return
        targets = [] if name is None else [name]
    if value is None:
        if not targets and not role.around:
            walk.then_children(index)
        walk.then(*((_declare_empty, target, role, (index, mode)) for target in targets))
        return
    pairs = targets if role.names else [e for t in targets for e in _elements(walk, t)]
    if _pairs(walk, pairs, value, mode):
        return
    mark = walk.begin_value()
    walk.then(value, (_finish_declare, targets, value, mark, mode))


def _declare_empty(walk: Walk, target: int, role: Declare, where: tuple[int, str]) -> None:
    index, mode = where
    inner = walk.role(target)
    if isinstance(inner, Declare):
        _declare(walk, target, inner, mode)
        return
    if role.external and walk.text(index).startswith(role.external):
        return
    # `var x;` does nothing to a variable that has a value already.
    if mode == FUNCTION and walk.state.env[key_of(walk, walk.text(target), mode)]:
        return
    if not role.constructs or not _construct(walk, target, inner, mode):
        bind(walk, target, Value(), mode)


def _construct(walk: Walk, index: int, role: Role | None, mode: str) -> bool:
    """Define a variable whose arguments look like the parameters of a function."""
    if not isinstance(role, Declarator):
        return False
    name, arguments = walk.part(index, role.name), constructor_arguments(walk, index, role)
    if name is None or not arguments:
        return False
    value = Value(tuple([walk.use(argument) for argument in arguments]))
    walk.state.may_raise()
    bind(walk, name, value, mode)
    return True


def _finish_declare(walk: Walk, targets: list[int], value: int, mark: int, mode: str) -> None:
    found = walk.end_value(mark, value)
    if len(targets) > 1:
        found = Value(found.sources)
    walk.then(*((bind, target, found, mode) for target in targets))


def visit_as(walk: Walk, index: int, role: As) -> None:
    """``value as target``: the target is computed from the value."""
    value, target = walk.part(index, role.value), walk.part(index, role.target)
    target = walk.part(index, role.pattern) if target is None else target
    if value is None or target is None:
        walk.then_children(index)
        return
    mark = walk.begin_value()
    walk.then(value, (_finish_as, target, mark))


def _finish_as(walk: Walk, target: int, mark: int) -> None:
    value = walk.end_value(mark)
    walk.state.may_raise()
    bind(walk, target, value, ASSIGN if walk.table.assignment_declares else BLOCK)


def visit_import(walk: Walk, index: int, role: Import) -> None:
    """Define every name an import binds."""
    walk.state.may_raise()
    if any(walk.tree.kinds[child] in role.everything for child in walk.children(index)):
        return
    source = walk.part(index, role.source)
    kinds, end = walk.tree.kinds, walk.tree.end
    mode = ASSIGN if walk.table.assignment_declares else BLOCK
    node, stop = index + 1, end[index]
    while node < stop:
        kind = kinds[node]
        if node == source:
            node = end[node]
        elif kind in role.aliased or kind in role.dotted:
            names = [n for n in range(node, end[node]) if walk.role(n).__class__ is Name]
            if names:
                define_name(walk, names[-1 if kind in role.aliased else 0], Value(), mode)
            node = end[node]
        else:
            if walk.role(node).__class__ is Name:
                define_name(walk, node, Value(), mode)
            node += 1


def visit_nonlocal(walk: Walk, index: int, role: NonLocal) -> None:
    """Let names mean globals or variables of an enclosing function."""
    for child in walk.children(index):
        walk.scopes.mark_outer(walk.text(child), is_global=role.is_global)


def visit_delete(walk: Walk, index: int, _role: object) -> None:
    """Use each target; afterwards no definition of a deleted variable reaches."""
    kinds, roles, end = walk.tree.kinds, walk.grammar.roles, walk.tree.end
    node, stop, names = index + 1, end[index], []
    while node < stop:
        role = roles[kinds[node]]
        if role.__class__ is Name:
            names.append(node)
        node = end[node] if role.__class__ in PLACES else node + 1
    walk.then(*walk.children(index), *((_forget, name) for name in names))


def _forget(walk: Walk, index: int) -> None:
    walk.state.assign(walk.scopes.assigned(walk.text(index), walk.table.assignment_declares), 0)
