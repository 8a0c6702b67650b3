"""Operators, calls and conditional expressions."""

from typing import Any

from tidemill.source.dataflow.roles import (
    Call,
    Cast,
    Comma,
    Conditional,
    Conversion,
    Element,
    Export,
    Function,
    Guarded,
    Labelled,
    Member,
    Name,
    Only,
    Pointer,
    Raise,
    Record,
    ShortCircuit,
    Shorthand,
)
from tidemill.source.dataflow.rules.conditions import LOGICAL, may_define, settle, test
from tidemill.source.dataflow.rules.forks import Fork, arm_tasks, close_fork, leave_arm, open_arm
from tidemill.source.dataflow.rules.names import define_path, may_raise, visit_path, weaken_path
from tidemill.source.dataflow.rules.patterns import BLOCK, bind_children
from tidemill.source.dataflow.rules.places import (
    argument_value,
    children_of,
    is_variable,
    operator_of,
    path_shape,
    reads_member,
)
from tidemill.source.dataflow.state import Effect
from tidemill.source.dataflow.walk import DEFINITION, Value, Walk

__all__ = [
    "visit_call",
    "visit_cast",
    "visit_comma",
    "visit_conditional",
    "visit_conversion",
    "visit_element",
    "visit_export",
    "visit_labelled",
    "visit_only",
    "visit_raise",
    "visit_record",
    "visit_short_circuit",
    "visit_shorthand",
]


def visit_only(walk: Walk, index: int, role: Only) -> None:
    """Visit the parts that carry data flow."""
    parts = [walk.part(index, part) for part in role.parts]
    if role.operators:
        parts = [p for p in parts if p is not None and walk.text(p) not in role.operators]
    walk.then(*children_of(walk, index, role.around), *parts)


def visit_cast(walk: Walk, index: int, _role: Cast) -> None:
    """Visit the value, not the type."""
    if index + 1 < walk.tree.end[index]:
        walk.then(index + 1)


def visit_comma(walk: Walk, index: int, _role: Comma) -> None:
    """Visit expressions in a row; only the last has a say in the value."""
    children = walk.children(index)
    walk.then(*children[:-1], (Walk.forget, len(walk.trail)), *children[-1:])


def visit_element(walk: Walk, index: int, role: Element) -> None:
    """Visit a markup tag: its name if it is a variable, then its attributes."""
    name = walk.part(index, role.name)
    others = [child for child in walk.children(index) if child != name]
    if name is not None and walk.role(name).__class__ is Name:
        name = None if walk.text(name)[:1].islower() else name
    walk.then(name, *others)


def visit_export(walk: Walk, index: int, role: Export) -> None:
    """Visit what is exported, unless it comes from elsewhere."""
    if walk.part(index, role.source) is None:
        walk.then_children(index)


def visit_conversion(walk: Walk, index: int, role: Conversion) -> None:
    """Visit a conversion's operand; local variables in its type make it a call."""
    kind, operand = walk.part(index, role.type), walk.part(index, role.operand)
    if kind is not None:
        end, starts, text = walk.tree.end, walk.tree.starts, walk.tree.text
        callee = _first_leaf(walk, kind) if walk.tree.kinds[kind] in role.generic else None
        for node in range(kind, end[kind]):
            is_field = text[starts[node] - 1 : starts[node]] == b"."
            is_name = end[node] == node + 1 and not is_field
            if is_name and (node == callee or walk.scopes.is_local(walk.text(node))):
                walk.use(node)
    walk.then(operand, (may_raise,))


def _first_leaf(walk: Walk, index: int) -> int:
    while walk.tree.end[index] > index + 1:
        index += 1
    return index


def visit_record(walk: Walk, index: int, role: Record) -> None:
    """Visit a typed literal; whether its keys are expressions depends on its type."""
    kind, body = walk.part(index, role.type), walk.part(index, role.body)
    if kind is None or body is None or walk.tree.kinds[kind] not in role.element_types:
        walk.then(body)
        return
    tasks: list[int | None] = []
    for child in walk.children(body):
        inner = walk.role(child)
        if isinstance(inner, Labelled):
            tasks += (walk.part(child, inner.key), walk.part(child, inner.value))
        else:
            tasks.append(child)
    walk.then(*tasks)


def visit_labelled(walk: Walk, index: int, role: Labelled) -> None:
    """Visit an element; its key only if it is more than a name."""
    key, value = walk.part(index, role.key), walk.part(index, role.value)
    if key is not None and walk.role(walk.unwrap(key)).__class__ is Name:
        key = None
    walk.then(key, value)


def visit_shorthand(walk: Walk, index: int, role: Shorthand) -> None:
    """Visit key and value; a key alone uses the variable of its name."""
    key, value = walk.part(index, role.key), walk.part(index, role.value)
    if key is None or value is not None:
        walk.then(key, value)
    elif is_variable(walk, key):
        walk.use(key)


def visit_raise(walk: Walk, index: int, _role: Raise) -> None:
    """Visit the operands; then the operation may raise."""
    if walk.state.tries:
        walk.then((may_raise,))
    walk.then_children(index)


def visit_conditional(walk: Walk, index: int, role: Conditional) -> None:
    """Visit a conditional expression; fork only if an arm may define something."""
    condition = walk.part(index, role.condition)
    consequence = walk.part(index, role.consequence)
    alternative = walk.part(index, role.alternative)
    if not may_define(walk, index):
        walk.then(condition, consequence, alternative)
        return
    fork = Fork(mark=len(walk.state.log))
    walk.then(*arm_tasks(walk, fork, condition, consequence), alternative, (close_fork, fork))


def visit_short_circuit(walk: Walk, index: int, role: ShortCircuit) -> None:
    """Visit a binary expression whose right operand may be skipped."""
    left, right = walk.part(index, role.left), walk.part(index, role.right)
    if left is None or right is None:
        walk.then_children(index)
        return
    operator = walk.between(left, right)
    if operator == b">>" and walk.table.streams and _visit_stream(walk, index, role):
        return
    if operator not in role.operators:
        walk.then(left, right, (may_raise,) if walk.state.tries else None)
    elif may_define(walk, right) and operator in LOGICAL:
        mark = len(walk.state.log)
        true: list[Effect] = []
        false: list[Effect] = []
        walk.then((test, index, mark, (true, false)), (_settle_either, mark, true, false))
    elif may_define(walk, right):
        fork = Fork(mark=len(walk.state.log))
        walk.then(left, (open_arm, fork), right, (leave_arm, fork), (close_fork, fork))
    else:
        walk.then(left, right)


def _settle_either(walk: Walk, mark: int, true: list[Effect], false: list[Effect]) -> None:
    settle(walk, mark, true + false)


def _visit_stream(walk: Walk, index: int, role: ShortCircuit) -> bool:
    operands: list[int] = []
    current: int | None = index
    while current is not None and walk.role(current).__class__ is ShortCircuit:
        right = walk.part(current, role.right)
        left = walk.part(current, role.left)
        if left is None or right is None or walk.between(left, right) != b">>":
            return False
        operands.append(right)
        current = left
    if current is None or walk.text(current) not in walk.table.streams:
        return False
    mark = len(walk.trail)
    walk.then(current, (_write_operands, operands[::-1], mark))
    return True


def _write_operands(walk: Walk, operands: list[int], mark: int) -> None:
    value = Value(tuple(walk.trail[mark:]))
    walk.state.may_raise()
    walk.then(*((_write_operand, operand, value) for operand in operands))


def _write_operand(walk: Walk, operand: int, value: Value) -> None:
    place = argument_value(walk, walk.unwrap(operand))
    if walk.role(place).__class__ is not Name:
        define_path(walk, operand, value, augmented=False)
        return
    node = walk.add_node(place, DEFINITION)
    walk.connect(node, value)
    walk.weaken(walk.scopes.key(walk.text(place)), node)


def visit_call(walk: Walk, index: int, role: Call) -> None:
    """Visit callee, then arguments; then the call may raise."""
    if role.member is not None and reads_member(walk, index, role):
        visit_path(walk, index, role)
        return
    if role.tests and _visit_test(walk, index, role):
        return
    if walk.table.throwers and _throws(walk, index, role):
        method = walk.part(index, role.member)
        operands = [child for child in walk.children(index) if child != method]
        walk.then(*operands, (_end_here, len(walk.trail)))
        return
    is_plain = walk.plain_arguments and role.receiver is None
    if is_plain and role.callee_is_variable and not walk.state.tries:
        _visit_plain_call(walk, index)
        return
    mark = len(walk.trail)
    function = walk.part(index, role.function)
    arguments = walk.part(index, role.arguments)
    block = walk.part(index, role.block)
    receiver = walk.part(index, role.receiver)
    if function is not None and receiver is None:
        callee = walk.unwrap(function)
        callee_role: Any = walk.role(callee)
        if callee_role.__class__ in (Member, Guarded):
            receiver = walk.part(callee, callee_role.object)
            function = None
        elif callee_role.__class__ is Name and not role.callee_is_variable:
            function = function if walk.scopes.is_local(walk.text(callee)) else None
    walk.then(
        function,
        receiver,
        (_visit_arguments, arguments, block, mark, receiver is not None),
        (may_raise,) if walk.state.tries else None,
    )


def _visit_test(walk: Walk, index: int, role: Call) -> bool:
    """Visit what is really a test, or no call at all; return whether it is either."""
    callee, arguments = walk.part(index, role.function), walk.part(index, role.arguments)
    if callee is None or arguments is None:
        return False
    if walk.tree.kinds[callee] not in role.tests:
        return walk.text(callee) in role.unevaluated
    walk.then(callee, (_capture_arguments, arguments, len(walk.trail)))
    return True


def _capture_arguments(walk: Walk, index: int, mark: int) -> None:
    bind_children(walk, index, Value(tuple(walk.trail[mark:])), BLOCK)


def _throws(walk: Walk, index: int, role: Call) -> bool:
    """Whether a call names a function that never returns."""
    callee = walk.part(index, role.function if role.member is None else role.member)
    if callee is None or walk.part(index, role.receiver) is not None:
        return False
    return walk.text(callee) in walk.table.throwers


def _end_here(walk: Walk, mark: int) -> None:
    walk.forget(mark)  # no value of the expression around is made from the operands
    walk.state.may_raise()
    walk.state.dead = True


def _visit_plain_call(walk: Walk, index: int) -> None:
    """Visit a call of which nothing but the order of its parts matters."""
    callee = index + 1
    member = walk.role(callee) if callee < walk.tree.end[index] else None
    if isinstance(member, Member):
        stack, end = walk.stack, walk.tree.end
        stack += (end[index], end[callee])
        walk.then(walk.part(callee, member.object))
    else:
        walk.then_children(index)


def _visit_arguments(
    walk: Walk, arguments: int | None, block: int | None, mark: int, has_receiver: bool
) -> None:
    children = [] if arguments is None else walk.children(arguments)
    if arguments is not None and walk.role(arguments) is not None:
        children = [arguments]
    if block is not None:
        children.append(block)
    tasks: list[object] = []
    for child in children:
        inner = argument_value(walk, child)
        role = walk.role(inner)
        if role.__class__ is Function and has_receiver:
            walk.receivers[inner] = Value(tuple(walk.trail[mark:]))
        elif role.__class__ is Pointer and operator_of(walk, inner) == b"&":
            tasks += (child, (_write_argument, inner))
            continue
        tasks.append(child)
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks


def _write_argument(walk: Walk, index: int) -> None:
    """Let ``&x`` be a weak definition: the callee may have written it."""
    place = walk.unwrap(walk.children(index)[-1])
    root, keys, _ = path_shape(walk, place)
    if root is None or (not keys and walk.role(root).__class__ is not Name):
        return
    place = place if keys else root
    span = (walk.tree.starts[place], walk.tree.stops[place])
    for node in range(len(walk.spans) - 1, 0, -1):
        if walk.spans[node] == span:
            walk.node_kinds[node] |= DEFINITION
            if keys:
                weaken_path(walk, root, keys, node)
            else:
                walk.weaken(walk.scopes.key(walk.text(root)), node)
            return
