"""Statements: in which order, and whether at all."""

from tidemill.source.program.lowering.places import assign, defaults_of
from tidemill.source.program.lowering.walk import THIS, Environment, Exit, Walk
from tidemill.source.program.scopes import Variable
from tidemill.source.program.syntax import NONE
from tidemill.source.program.targets import ANY
from tidemill.source.program.values import DERIVE, LOAD

__all__ = [
    "skip",
    "visit_break",
    "visit_catch",
    "visit_continue",
    "visit_declarator",
    "visit_do",
    "visit_for",
    "visit_for_in",
    "visit_if",
    "visit_label",
    "visit_return",
    "visit_switch",
    "visit_throw",
    "visit_try",
    "visit_while",
]

CONSTANTS = {"true": True, "false": False}


def skip(_walk: Walk, _at: int) -> None:
    """Do nothing: types, imports, what holds no value."""


def visit_declarator(walk: Walk, at: int) -> None:
    """Give a variable its first value."""
    name, value = walk.syntax.child(at, "name"), walk.syntax.child(at, "value")
    if NONE not in {name, value}:
        walk.then(
            *((Walk.visit, node) for node in (value, *defaults_of(walk, name))),
            (assign, name, value),
        )


def visit_return(walk: Walk, at: int) -> None:
    """Leave the function with a value."""
    value = next(walk.syntax.children(at), NONE)
    returned = walk.values.returns.get(walk.function)
    if value != NONE and returned is not None:
        walk.edge(value, returned)
    walk.then(*(((Walk.visit, value),) if value != NONE else ()), (_leave,))


def visit_throw(walk: Walk, at: int) -> None:
    """Leave for the nearest catch."""
    value = next(walk.syntax.children(at), NONE)
    if walk.catches and NONE not in {value, walk.catches[-1]}:
        walk.edge(value, walk.catches[-1])
    walk.then(*((Walk.visit, node) for node in walk.syntax.children(at)), (_leave,))


def _leave(walk: Walk) -> None:
    walk.environment = None


def visit_if(walk: Walk, at: int) -> None:
    """Execute one of two statements."""
    syntax = walk.syntax
    condition = syntax.child(at, "condition")
    first, second = syntax.child(at, "consequence"), syntax.child(at, "alternative")
    known = _constant(walk, condition)
    if known is None and not walk.may_change(*(part for part in (first, second) if part != NONE)):
        walk.visit_all(condition, first, second)
    else:
        walk.then((Walk.visit, condition), (_branch, at, (first, second), known))


def _constant(walk: Walk, condition: int) -> bool | None:
    """Return what a condition says, where it is ``true`` or ``false`` itself."""
    if condition == NONE:
        return None
    return CONSTANTS.get(walk.syntax.word(condition).strip("() \t\r\n"))


def _branch(walk: Walk, at: int, ways: tuple[int, int], known: bool | None) -> None:
    before = walk.environment
    first, second = ways
    walk.environment = None if known is False else _copied(before)
    other = None if known is True else _copied(before)
    walk.then(
        *(((Walk.visit, first),) if first != NONE else ()),
        (_other, at, second, other),
    )


def _other(walk: Walk, at: int, second: int, environment: Environment | None) -> None:
    after, walk.environment = walk.environment, environment
    walk.then(*(((Walk.visit, second),) if second != NONE else ()), (_merge, at, after))


def _merge(walk: Walk, at: int, environment: Environment | None) -> None:
    walk.environment = walk.join(walk.environment, environment, at)


def _copied(environment: Environment | None) -> Environment | None:
    return None if environment is None else dict(environment)


def visit_while(walk: Walk, at: int) -> None:
    """Repeat while a condition holds."""
    condition, body = walk.syntax.child(at, "condition"), walk.syntax.child(at, "body")
    _loop(walk, at, ((Walk.visit, condition), (_test, condition), (Walk.visit, body)))


def visit_do(walk: Walk, at: int) -> None:
    """Repeat at least once."""
    condition, body = walk.syntax.child(at, "condition"), walk.syntax.child(at, "body")
    events = ((Walk.visit, body), (_resume,), (Walk.visit, condition), (_test, condition))
    _loop(walk, at, events)


def visit_for(walk: Walk, at: int) -> None:
    """Repeat with a counter."""
    syntax = walk.syntax
    first, condition = syntax.child(at, "initializer"), syntax.child(at, "condition")
    step, body = syntax.child(at, "increment"), syntax.child(at, "body")
    parts = [(Walk.visit, condition)] if condition != NONE else []
    events = (*parts, (_test, condition), (Walk.visit, body), (_resume,))
    steps = [(Walk.visit, step)] if step != NONE else []
    walk.then(
        *(((Walk.visit, first),) if first != NONE else ()),
        (_loop, at, (*events, *steps)),
    )


def visit_for_in(walk: Walk, at: int) -> None:
    """Repeat for every element, or for every key."""
    syntax = walk.syntax
    left, right = syntax.child(at, "left"), syntax.child(at, "right")
    body = syntax.child(at, "body")
    if NONE in {left, right, body}:
        return
    element = walk.node(left)
    operator = syntax.child(at, "operator")
    if operator != NONE and syntax.kinds[operator] == "in":
        walk.edge(right, element, DERIVE)
    else:
        walk.edge(right, element, LOAD, (ANY,))
    events = ((_test, NONE), (assign, left, element), (Walk.visit, body))
    walk.then((Walk.visit, right), (_loop, at, events))


def _loop(walk: Walk, at: int, events: tuple[tuple[object, ...], ...]) -> None:
    """Walk a loop once; what it changes is met again where it begins."""
    environment = walk.environment
    if environment is None:
        return
    meetings: dict[Variable | str, int] = {}
    keys: list[Variable | str] = [*walk.touched(at), *((THIS,) if THIS in environment else ())]
    for key in keys:
        held = environment.get(key)
        meetings[key] = environment[key] = walk.node(at)
        if held is not None:
            walk.edge(held, meetings[key])
    found = Exit(labels=_labels(walk, at), is_loop=True)
    walk.exits.append(found)
    walk.then(*events, (_repeat, at, found, meetings))


def _test(walk: Walk, condition: int) -> None:
    """Leave the loop where its condition may fail."""
    if walk.environment is not None and _constant(walk, condition) is not True:
        walk.exits[-1].breaks.append(dict(walk.environment))


def _resume(walk: Walk) -> None:
    """Go on after the body with what held at every ``continue``."""
    found = walk.exits[-1]
    for environment in found.continues:
        walk.environment = walk.join(walk.environment, environment, 0)
    found.continues.clear()


def _repeat(walk: Walk, at: int, found: Exit, meetings: dict[Variable | str, int]) -> None:
    _resume(walk)
    for key, meeting in meetings.items():
        held = None if walk.environment is None else walk.environment.get(key)
        if held not in {None, meeting}:
            walk.edge(held, meeting)
    walk.environment = None
    _land(walk, at, found)


def _land(walk: Walk, at: int, found: Exit) -> None:
    """Go on after a statement with what held where it was left."""
    walk.exits.remove(found)
    for environment in found.breaks:
        walk.environment = walk.join(walk.environment, environment, at)


def _labels(walk: Walk, at: int) -> tuple[str, ...]:
    syntax = walk.syntax
    found: list[str] = []
    parent = syntax.parents[at]
    while parent != NONE and syntax.kinds[parent] == "labeled_statement":
        label = syntax.child(parent, "label")
        if label != NONE:
            found.append(syntax.word(label))
        parent = syntax.parents[parent]
    return tuple(found)


def visit_label(walk: Walk, at: int) -> None:
    """Execute a statement that can be left by its label."""
    label, body = walk.syntax.child(at, "label"), walk.syntax.child(at, "body")
    if NONE not in {label, body}:
        found = Exit(labels=(walk.syntax.word(label),), is_loop=False)
        walk.exits.append(found)
        walk.then((Walk.visit, body), (_land, at, found))


def visit_break(walk: Walk, at: int) -> None:
    """Leave a loop, a switch, or what a label names."""
    found = _exit(walk, at, only_loops=False)
    if found is not None and walk.environment is not None:
        found.breaks.append(walk.environment)
    walk.environment = None


def visit_continue(walk: Walk, at: int) -> None:
    """Go on with the next turn of a loop."""
    found = _exit(walk, at, only_loops=True)
    if found is not None and walk.environment is not None:
        found.continues.append(walk.environment)
    walk.environment = None


def _exit(walk: Walk, at: int, *, only_loops: bool) -> Exit | None:
    label = walk.syntax.child(at, "label")
    name = walk.syntax.word(label) if label != NONE else ""
    for found in reversed(walk.exits):
        if only_loops and not found.is_loop:
            continue
        if name in found.labels or (not name and (found.is_loop or found.is_switch)):
            return found
    return None


def visit_switch(walk: Walk, at: int) -> None:
    """Enter one of several cases, and fall through to the next."""
    syntax = walk.syntax
    value, body = syntax.child(at, "value"), syntax.child(at, "body")
    cases = list(syntax.children(body)) if body != NONE else []
    has_default = any(syntax.kinds[case] == "switch_default" for case in cases)
    walk.then((Walk.visit, value), (_cases, at, cases, has_default))


def _cases(walk: Walk, at: int, cases: list[int], has_default: bool) -> None:
    before = walk.environment
    found = Exit(labels=(), is_loop=False, is_switch=True)
    walk.exits.append(found)
    walk.environment = None
    walk.then(
        *((_case, at, case, before) for case in cases),
        (_merge, at, None if has_default else _copied(before)),
        (_land, at, found),
    )


def _case(walk: Walk, at: int, case: int, before: Environment | None) -> None:
    walk.environment = walk.join(_copied(before), walk.environment, at)
    walk.visit_all(*walk.syntax.children(case))


def visit_try(walk: Walk, at: int) -> None:
    """Execute a block; a catch begins with whatever held inside it."""
    syntax = walk.syntax
    body = syntax.child(at, "body")
    handler, final = syntax.child(at, "handler"), syntax.child(at, "finalizer")
    before = _copied(walk.environment)
    walk.collectors.append({})
    walk.catches.append(NONE if handler == NONE else syntax.child(handler, "parameter"))
    visits = () if body == NONE else ((Walk.visit, body),)
    walk.then(*visits, (_caught, at, (handler, final), before))


def _caught(walk: Walk, at: int, parts: tuple[int, int], before: Environment | None) -> None:
    handler, final = parts
    walk.catches.pop()
    thrown = _copied(before)
    for key, nodes in walk.collectors.pop().items():
        if thrown is not None:
            thrown[key] = meeting = walk.node(at)
            for node in sorted({*nodes, *({before[key]} if before and key in before else ())}):
                walk.edge(node, meeting)
    normal, walk.environment = walk.environment, thrown if handler != NONE else None
    events = [] if handler == NONE else [(Walk.visit, handler)]
    walk.then(*events, (_merge, at, normal), (_finally, at, final, thrown))


def visit_catch(walk: Walk, at: int) -> None:
    """Handle what was thrown."""
    parameter, body = walk.syntax.child(at, "parameter"), walk.syntax.child(at, "body")
    if parameter != NONE:
        assign(walk, parameter, NONE)
    walk.visit_all(body)


def _finally(walk: Walk, at: int, final: int, thrown: Environment | None) -> None:
    if final == NONE:
        return
    goes_on = walk.environment is not None
    walk.environment = walk.join(walk.environment, _copied(thrown), at)
    walk.then((Walk.visit, final), *(() if goes_on else ((_leave,),)))
