"""Scopes, functions and classes."""

from typing import Any

from tidemill.source.dataflow.roles import (
    Annotation,
    Block,
    Class,
    Declare,
    Default,
    Export,
    ExpressionBody,
    Function,
    Name,
    Parameters,
)
from tidemill.source.dataflow.rules.declarators import signature
from tidemill.source.dataflow.rules.patterns import BLOCK, bind, bind_children, define_name
from tidemill.source.dataflow.rules.places import children_of
from tidemill.source.dataflow.scopes import Scope
from tidemill.source.dataflow.walk import DEFINITION, DeferredBody, Value, Walk

__all__ = [
    "begin_unit",
    "close_scope",
    "hoist",
    "next_body",
    "open_scope",
    "visit_block",
    "visit_class",
    "visit_expression_body",
    "visit_function",
]


def open_scope(walk: Walk) -> None:
    """Open a block scope."""
    walk.scopes.current = Scope(parent=walk.scopes.current)


def close_scope(walk: Walk) -> None:
    """Close the innermost block scope."""
    parent = walk.scopes.current.parent
    if parent is not None:
        walk.scopes.current = parent


def visit_block(walk: Walk, index: int, _role: Block) -> None:
    """Visit a block in a scope of its own."""
    walk.then((open_scope,), (hoist, index), (_visit_inside, index), (close_scope,))


def _visit_inside(walk: Walk, index: int) -> None:
    walk.then_children(index)


def hoist(walk: Walk, index: int) -> None:
    """Define the functions declared directly in a block before anything else runs."""
    for child in walk.children(index):
        role = walk.role(child)
        if isinstance(role, Export):
            hoist(walk, child)
        elif isinstance(role, Function) and role.hoisted:
            name = walk.part(child, role.name)
            if name is not None:
                walk.defined_early.add(child)
                define_name(walk, name, Value(), BLOCK)


def visit_function(walk: Walk, index: int, role: Function) -> None:
    """Define a nested function's name; its body is walked after its owner's."""
    name = walk.part(index, role.name)
    if role.signature is not None:
        name, _ = signature(walk, walk.part(index, role.signature))
    around = children_of(walk, index, role.around)
    if index in walk.unit_functions:
        if name is not None and role.named == "outside":
            _define_function(walk, index, name)
        walk.then(*around)
        return
    if role.bodiless and walk.part(index, role.body) is None:
        return
    scope = walk.scopes.open_function(walk.scopes.current)
    scope.isolated = role.isolated
    scope.shares_receiver = not role.own_receiver
    receiver = walk.receivers.pop(index, Value())
    walk.deferred.append(DeferredBody(index=index, scope=scope, receiver=receiver))
    tasks: list[object] = [*around]
    if role.defaults_outside:
        tasks += _outside_defaults(walk, index, role)
    tasks += _captures(walk, index, role, scope)
    if name is not None and role.named == "outside":
        tasks.append((_define_function, index, name))
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks


def _define_function(walk: Walk, index: int, name: int) -> None:
    if index not in walk.defined_early:
        mode = "assign" if walk.table.assignment_declares == "function" else BLOCK
        define_name(walk, name, Value(), mode)


def _outside_defaults(walk: Walk, index: int, role: Function) -> list[object]:
    tasks: list[object] = []
    for part in role.parameters:
        parameters = walk.part(index, part)
        for child in [] if parameters is None else walk.children(parameters):
            inner = walk.role(child)
            if isinstance(inner, Default):
                default = walk.part(child, inner.value)
                if default is not None:
                    tasks.append((_evaluate_default, child, default))
    return tasks


def _evaluate_default(walk: Walk, index: int, default: int) -> None:
    mark = walk.begin_value()
    walk.then(default, (_keep_default, index, default, mark))


def _keep_default(walk: Walk, index: int, default: int, mark: int) -> None:
    walk.defaults[index] = walk.end_value(mark, default)
    del walk.trail[mark:]


def _captures(walk: Walk, index: int, role: Function, scope: Scope) -> list[Any]:
    captures = [walk.part(index, role.captures), *children_of(walk, index, role.captured_in)]
    return [(_capture, capture, scope) for capture in captures if capture is not None]


def _capture(walk: Walk, captures: int, scope: Scope) -> None:
    """Explicit captures: by value a definition inside, by reference the variable itself."""
    tasks: list[tuple[object, ...]] = []
    child, stop = captures, walk.tree.end[captures]
    while child < stop:
        role = walk.role(child)
        if isinstance(role, Declare):
            tasks.append((_capture_value, child, role, scope))
            child = walk.tree.end[child]
            continue
        if role.__class__ is Name:
            tasks.append((_capture_name, child, scope))
        child += 1
    # A function's value is not computed from what it captures.
    walk.then(*tasks, (Walk.forget, len(walk.trail)))


def _capture_name(walk: Walk, index: int, scope: Scope) -> None:
    name = walk.text(index)
    start = walk.tree.starts[index]
    node = walk.use(index)
    if walk.tree.text[start - 1 : start] == b"&":
        scope.shared.add(name)
    else:
        key = scope.names[name] = walk.scopes.new_key(name)
        walk.captured.append((scope, key, node))


def _capture_value(walk: Walk, index: int, role: Declare, scope: Scope) -> None:
    name, value = walk.part(index, role.name), walk.part(index, role.value)
    if name is not None:
        mark = walk.begin_value()
        walk.then(value, (_define_captured, name, (value, mark), scope))


def _define_captured(walk: Walk, name: int, value: tuple[int | None, int], scope: Scope) -> None:
    index, mark = value
    found = walk.end_value(mark, index)
    key = scope.names[walk.text(name)] = walk.scopes.new_key(walk.text(name))
    node = walk.add_node(name, DEFINITION)
    walk.connect(node, found)
    walk.captured.append((scope, key, node))


def next_body(walk: Walk) -> bool:
    """Begin the next nested body; return whether there was one."""
    if not walk.deferred:
        return False
    body = walk.deferred.pop(0)
    state, scope = walk.state, body.scope
    state.undo(0)
    state.dead = False
    walk.scopes.current = scope
    for owner, key, node in walk.captured:
        if owner is scope:
            walk.assign(key, node)
    role = walk.role(body.index)
    if isinstance(role, Function):
        name = walk.part(body.index, role.name)
        if name is not None and role.named == "inside":
            define_name(walk, name, Value(), BLOCK)
        walk.then(*_parameters_and_body(walk, body.index, role, body.receiver))
    return True


def _parameters_and_body(
    walk: Walk, index: int, role: Function, receiver: Value
) -> list["tuple[object, ...]"]:
    tasks: list[tuple[object, ...]] = []
    value = Value(receiver.sources)
    _, own = signature(walk, walk.part(index, role.signature))
    for parameters in (own, *(walk.part(index, part) for part in role.parameters)):
        if parameters is None:
            continue
        kind = walk.role(parameters)
        if isinstance(kind, Annotation):
            continue
        if isinstance(kind, Parameters):
            tasks += _parameter_tasks(walk, parameters, kind, value)
            continue
        one = kind.__class__ is Name
        tasks.append((bind if one else bind_children, parameters, value, BLOCK))
    body = walk.part(index, role.body)
    inside = [child for child in children_of(walk, index, role.inside) if child != body]
    tasks += [(_visit, child) for child in inside]
    if body is not None:
        tasks += [(hoist, body), (_visit_body, body, role.wrapped)]
    return tasks


def _visit(walk: Walk, index: int) -> None:
    walk.then(index)


def visit_expression_body(walk: Walk, index: int, _role: ExpressionBody) -> None:
    """Visit a body that is an expression, unless it is a unit of its own."""
    if index not in walk.unit_functions:
        walk.then_children(index)


def _parameter_tasks(
    walk: Walk, index: int, role: Parameters, value: Value
) -> list["tuple[object, ...]"]:
    fields = walk.tree.fields
    return [
        (bind, child, Value() if fields[child] == role.locals else value, BLOCK)
        for child in walk.children(index)
    ]


def _visit_body(walk: Walk, body: int, wrapped: bool) -> None:
    # The parameters' scope is the body's own scope.
    if wrapped or isinstance(walk.role(body), Block):
        walk.then_children(body)
    else:
        walk.then(body)


def begin_unit(walk: Walk, index: int, before: int) -> None:
    """Begin with the unit's own function: what stands outside, then parameters and body.

    Args:
        walk: A new walk.
        index: The function.
        before: The first node of the unit; decorators stand between the two.
    """
    role = walk.role(index)
    if not isinstance(role, Function):
        walk.then(index)
        return
    special, kinds = walk.rules.special_arguments, walk.tree.kinds
    inside = kinds[index + 1 : walk.tree.end[index]]
    walk.plain_arguments = not any(map(special.__getitem__, inside))
    walk.stop = walk.tree.end[index]
    scope = walk.scopes.outermost = walk.scopes.open_function(walk.scopes.current)
    walk.deferred.append(DeferredBody(index=index, scope=scope, receiver=Value()))
    walk.then(*_captures(walk, index, role, scope))
    if role.defaults_outside:
        walk.then(*_outside_defaults(walk, index, role))  # type: ignore[arg-type]  # tasks
        walk.then(*_decorations(walk, before, index))
    elif role.around:
        walk.then(*children_of(walk, index, role.around))
        walk.then(*_decorations(walk, before, index))


def _decorations(walk: Walk, before: int, index: int) -> list[int]:
    """Return what stands before the function in its unit.

    Where an assignment or another rule holds it, that is the function's name: nothing.
    """
    tree, found = walk.tree, []
    while before < index:
        if tree.end[before] <= index:
            found.append(before)
            before = tree.end[before]
        elif walk.rules.rules[tree.kinds[before]] is None:
            before += 1
        else:
            break
    return found


def visit_class(walk: Walk, index: int, role: Class) -> None:
    """Visit a class: what it inherits from, its body in its own scope, then its name."""
    name, body = walk.part(index, role.name), walk.part(index, role.body)
    parameters = children_of(walk, index, role.parameters)
    apart = {name, body, *parameters}
    others = [child for child in walk.children(index) if child not in apart]
    bound = name is not None and walk.role(name).__class__ is Name
    naming = [(_define_function, index, name)] if bound else []
    # Arguments to a base class see the parameters.
    early, late = ([], others) if parameters else (others, [])
    tasks: list[object] = [*early]
    if role.named == "before":
        tasks += naming
    if body is not None or parameters:
        tasks.append((_open_class, role))
        tasks += naming if role.named == "inside" else []
        tasks += [(bind_children, child, Value(), BLOCK) for child in parameters]
        tasks += late
        tasks += [] if body is None else [(_visit_body, body, False)]
        tasks.append((close_scope,))
    # A class is a value of its own, computed from nothing in it.
    tasks.append((Walk.forget, len(walk.trail)))
    if role.named == "after":
        tasks += naming
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks


def _open_class(walk: Walk, role: Class) -> None:
    scope = Scope(parent=walk.scopes.current, is_class=not role.visible)
    scope.isolated = role.isolated
    walk.scopes.current = scope
