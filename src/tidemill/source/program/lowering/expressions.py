"""Expressions: which values they are made of."""

from tidemill.source.program.lowering.places import (
    assign,
    defaults_of,
    read_member,
    store,
)
from tidemill.source.program.lowering.walk import Environment, Walk
from tidemill.source.program.syntax import NONE, inner_of, unwrapped
from tidemill.source.program.targets import ANY
from tidemill.source.program.values import COPY, DERIVE, STORE

__all__ = [
    "visit_assignment",
    "visit_augmented",
    "visit_await",
    "visit_binary",
    "visit_call",
    "visit_sequence",
    "visit_template",
    "visit_ternary",
    "visit_update",
    "visit_wrapper",
    "visit_yield",
]

MEMBERS = frozenset({"member_expression", "subscript_expression"})
EITHER = frozenset({"||", "??", "&&", "||=", "??=", "&&="})
JOINED = frozenset({"+", "+="})
ADDERS = frozenset({"push", "unshift", "add", "append"})


def visit_assignment(walk: Walk, at: int) -> None:
    """Write a target."""
    left, right = walk.syntax.child(at, "left"), walk.syntax.child(at, "right")
    if NONE in {left, right}:
        return
    walk.edge(right, at)
    walk.then(
        *((Walk.visit, node) for node in (*defaults_of(walk, left), right)),
        (assign, unwrapped(walk.syntax, left), right),
    )


def visit_augmented(walk: Walk, at: int) -> None:
    """Write a target whose old value is part of the new one."""
    syntax = walk.syntax
    left, right = syntax.child(at, "left"), syntax.child(at, "right")
    if NONE in {left, right}:
        return
    target = unwrapped(syntax, left)
    operator = syntax.child(at, "operator")
    sign = syntax.word(operator) if operator != NONE else ""
    before: Environment | None = None
    if sign in EITHER and walk.may_change(right):
        before = dict(walk.environment or {})
    walk.then(
        *((Walk.visit, node) for node in defaults_of(walk, target)),
        (_read_old, at, target, sign),
        (Walk.visit, right),
        (_rejoin, at, before),
        (_write_new, at, (target, right), sign),
    )


def _read_old(walk: Walk, at: int, target: int, sign: str) -> None:
    if sign not in EITHER and sign not in JOINED:
        return
    old = target
    if walk.syntax.kinds[target] in MEMBERS:
        read_member(walk, target)
    else:
        variable = walk.names.variables.get(target)
        old = NONE if variable is None else walk.held(variable)
    if old != NONE:
        walk.edge(old, at, COPY if sign in EITHER else DERIVE)


def _rejoin(walk: Walk, at: int, before: Environment | None) -> None:
    if before is not None:
        walk.environment = walk.join(walk.environment, before, at)


def _write_new(walk: Walk, at: int, sides: tuple[int, int], sign: str) -> None:
    target, right = sides
    if sign in EITHER:
        walk.edge(right, at)
    elif sign in JOINED:
        walk.edge(right, at, DERIVE)
    assign(walk, target, at)


def visit_update(walk: Walk, at: int) -> None:
    """Count up or down: a number takes the place of what was there."""
    target = walk.syntax.child(at, "argument")
    if target != NONE:
        target = unwrapped(walk.syntax, target)
        walk.then(*((Walk.visit, node) for node in defaults_of(walk, target)), (assign, target, at))


def visit_binary(walk: Walk, at: int) -> None:
    """Join texts, or choose one of two values; other operators make nothing of either."""
    syntax = walk.syntax
    left, right = syntax.child(at, "left"), syntax.child(at, "right")
    operator = syntax.child(at, "operator")
    sign = syntax.word(operator) if operator != NONE else ""
    if NONE in {left, right} or sign not in EITHER:
        for side in (left, right) if sign in JOINED else ():
            if side != NONE:
                walk.edge(side, at, DERIVE)
        walk.visit_all(left, right)
        return
    if sign != "&&":
        walk.edge(left, at)
    walk.edge(right, at)
    if walk.may_change(right):
        walk.then((Walk.visit, left), (_maybe, at, right))
    else:
        walk.visit_all(left, right)


def _maybe(walk: Walk, at: int, node: int) -> None:
    """Visit what may not be executed."""
    before = None if walk.environment is None else dict(walk.environment)
    walk.then((Walk.visit, node), (_rejoin, at, before))


def visit_ternary(walk: Walk, at: int) -> None:
    """Choose one of two values."""
    syntax = walk.syntax
    condition = syntax.child(at, "condition")
    first, second = syntax.child(at, "consequence"), syntax.child(at, "alternative")
    for chosen in (first, second):
        if chosen != NONE:
            walk.edge(chosen, at)
    if not walk.may_change(first, second):
        walk.visit_all(condition, first, second)
    else:
        walk.then((Walk.visit, condition), (_choose, at, first, second))


def _choose(walk: Walk, at: int, first: int, second: int) -> None:
    before = None if walk.environment is None else dict(walk.environment)
    walk.then((Walk.visit, first), (_turn, at, second, before))


def _turn(walk: Walk, at: int, second: int, before: Environment | None) -> None:
    after, walk.environment = walk.environment, before
    walk.then((Walk.visit, second), (_rejoin, at, after))


def visit_wrapper(walk: Walk, at: int) -> None:
    """Hand on what stands in parentheses, in a cast, before ``!``, or is spread."""
    if walk.syntax.after[at] > at + 1:
        walk.edge(inner_of(walk.syntax, at), at)
        walk.visit_all(at + 1)


def visit_await(walk: Walk, at: int) -> None:
    """Hand on the value of a promise: promises are looked through everywhere."""
    visit_wrapper(walk, at)


def visit_yield(walk: Walk, at: int) -> None:
    """Make a value an element of what the generator returns."""
    returned = walk.values.returns.get(walk.function)
    inner = next(walk.syntax.children(at), NONE)
    if inner != NONE and returned is not None:
        is_all = walk.syntax.text[walk.syntax.starts[at] + 5 :].lstrip()[:1] == b"*"
        walk.edge(inner, returned, COPY if is_all else STORE, () if is_all else (ANY,))
    walk.visit_all(inner)


def visit_sequence(walk: Walk, at: int) -> None:
    """Hand on the last of several values."""
    parts = list(walk.syntax.children(at))
    if parts:
        walk.edge(parts[-1], at)
        walk.visit_all(*parts)


def visit_template(walk: Walk, at: int) -> None:
    """Join texts."""
    inner = [
        part + 1
        for part in walk.syntax.children(at)
        if walk.syntax.kinds[part] == "template_substitution" and walk.syntax.after[part] > part + 1
    ]
    for value in inner:
        walk.edge(value, at, DERIVE)
    walk.visit_all(*inner)


def visit_call(walk: Walk, at: int) -> None:
    """Compute what a call needs; where it goes is found when all files are known."""
    callee = walk.syntax.child(at, "function")
    callee = walk.syntax.child(at, "constructor") if callee == NONE else callee
    arguments = walk.syntax.child(at, "arguments")
    parts = [] if arguments == NONE else list(walk.syntax.children(arguments))
    walk.values.calls.append(at)
    walk.then(
        *((Walk.visit, node) for node in (callee, *parts) if node != NONE),
        (_called, callee, parts),
    )


def _called(walk: Walk, callee: int, arguments: list[int]) -> None:
    """Note what built-in methods add to what they are called on."""
    syntax = walk.syntax
    if not arguments or callee == NONE or syntax.kinds[callee] != "member_expression":
        return
    name, target = syntax.child(callee, "property"), syntax.child(callee, "object")
    method = syntax.word(name) if name != NONE else ""
    if method in ADDERS:
        for argument in arguments:
            _add(walk, target, argument, (ANY,))
    elif method == "set" and len(arguments) > 1:
        first = arguments[0]
        known = syntax.kinds[first] == "string"
        _add(walk, target, arguments[1], (syntax.key(first) if known else ANY,))
    elif method == "assign" and syntax.word(target) == "Object":
        for argument in arguments[1:]:
            _add(walk, arguments[0], argument, ())


def _add(walk: Walk, target: int, value: int, path: tuple[str, ...]) -> None:
    """Put a value into the object that an expression names."""
    syntax = walk.syntax
    variable = walk.names.variables.get(unwrapped(syntax, target))
    followed = variable is not None and not (variable.written_outside or variable.is_plain)
    if syntax.kinds[target] in MEMBERS:
        inner = walk.node(target)
        walk.edge(target, inner)
        walk.edge(value, inner, STORE if path else COPY, path)
        store(walk, target, inner)
    elif variable is not None and followed:
        renewed = walk.node(target)
        held = walk.held(variable)
        if held != NONE:
            walk.edge(held, renewed)
        walk.edge(value, renewed, STORE if path else COPY, path)
        walk.define(variable, renewed)
    elif path:
        walk.edge(value, target, STORE, path)
