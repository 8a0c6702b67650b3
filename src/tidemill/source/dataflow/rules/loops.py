"""Loops and comprehensions."""

from typing import Any

from tidemill.source.dataflow.roles import (
    Comprehension,
    DoWhile,
    ForEach,
    ForLoop,
    Loop,
    While,
)
from tidemill.source.dataflow.rules.conditions import is_constant, may_define, settle, test
from tidemill.source.dataflow.rules.patterns import bind
from tidemill.source.dataflow.rules.places import parts_of
from tidemill.source.dataflow.rules.scoping import close_scope, open_scope
from tidemill.source.dataflow.scopes import Scope
from tidemill.source.dataflow.state import Effect, LoopFrame
from tidemill.source.dataflow.walk import Value, Walk

__all__ = [
    "visit_comprehension",
    "visit_do_while",
    "visit_for_each",
    "visit_for_loop",
    "visit_loop",
    "visit_while",
]


def _open(walk: Walk) -> LoopFrame:
    label, walk.label = walk.label, b""
    return walk.state.open_loop(label)


def _targets(walk: Walk, index: int, role: ForEach) -> list[int]:
    parts = role.targets or (role.target,)
    found = (walk.part(index, part) for part in parts)
    return [target for target in found if target is not None]


def visit_for_each(walk: Walk, index: int, role: ForEach) -> None:
    """Evaluate the iterable once, then bind the target before each turn."""
    _for_each(walk, index, role, walk.part(index, role.body))


def _for_each(walk: Walk, index: int, role: ForEach, body: int | None) -> None:
    initializer = walk.part(index, role.initializer)
    walk.then((open_scope,), initializer, (_iterate, (index, body), role), (close_scope,))


def _iterate(walk: Walk, parts: tuple[int, int | None], role: ForEach) -> None:
    mark = walk.begin_value()
    walk.then(walk.part(parts[0], role.iterable), (_begin_turns, parts, role, mark))


def _begin_turns(walk: Walk, parts: tuple[int, int | None], role: ForEach, mark: int) -> None:
    index, body = parts
    value = Value(walk.end_value(mark).sources)
    walk.state.may_raise()
    frame = _open(walk)
    walk.then(
        *_bindings(walk, index, role, value),
        body,
        (_finish_for_each, frame, walk.part(index, role.otherwise)),
    )


def _bindings(walk: Walk, index: int, role: ForEach, value: Value) -> list[tuple[object, ...]]:
    targets, iterable = _targets(walk, index, role), walk.part(index, role.iterable)
    declares = role.declares
    if role.declaring and targets and iterable is not None:
        declares = walk.between(targets[-1], iterable).startswith(role.declaring)
    mode = "block" if declares else _mode_by_word(walk, index, role)
    return [(bind, target, value, mode) for target in targets]


def _mode_by_word(walk: Walk, index: int, role: ForEach) -> str:
    target = walk.part(index, role.target)
    if target is None or not (role.declared_by or role.hoisted_by):
        return "assign"
    before = walk.tree.text[walk.tree.starts[index] : walk.tree.starts[target]].rstrip()
    if before.endswith(role.declared_by):
        return "block"
    return "function" if before.endswith(role.hoisted_by) else "assign"


def _finish_for_each(walk: Walk, frame: LoopFrame, otherwise: int | None) -> None:
    walk.state.close_body(frame)
    walk.state.may_raise()
    turned = walk.state.close_back_edge(frame)
    _leave(walk, frame, None if frame.dead and turned is None else {}, otherwise)


def _leave(walk: Walk, frame: LoopFrame, ended: Effect, otherwise: int | None) -> None:
    """Go on after the loop: it ended by itself (``ended``, then else) or by a break."""
    if otherwise is None:
        walk.state.leave_loop(frame, [ended, *frame.breaks])
        return
    walk.state.leave_loop(frame, [ended])
    walk.then(otherwise, (_after_else, frame))


def _after_else(walk: Walk, frame: LoopFrame) -> None:
    state = walk.state
    if not frame.breaks:
        return
    ended = state.effect(frame.mark)
    state.undo(frame.mark)
    # What a break did is known relative to the loop's header.
    for key, (phi, _) in frame.phis.items():
        state.env[key] = phi
    state.leave_loop(frame, list(frame.breaks))
    broken = state.effect(frame.mark)
    state.join(frame.mark, [ended, broken])


def visit_while(walk: Walk, index: int, role: While) -> None:
    """Test, run the body, test again."""
    if role.scoped:
        walk.then((open_scope,), (_begin_while, index, role), (close_scope,))
    else:
        _begin_while(walk, index, role)


def _begin_while(walk: Walk, index: int, role: While) -> None:
    condition, body = walk.part(index, role.condition), walk.part(index, role.body)
    if body is not None and walk.tree.kinds[body] in role.body_first:
        _do_while(walk, body, condition, negated=role.negated)
    else:
        otherwise = walk.part(index, role.otherwise)
        _while(walk, condition, body, otherwise, negated=role.negated)


def _while(
    walk: Walk,
    condition: int | None,
    body: int | None,
    otherwise: int | None,
    *,
    negated: bool = False,
) -> None:
    frame = _open(walk)
    ends: list[Effect] = []
    walk.then(
        (_test, frame, ends, condition, negated),
        body,
        (_finish_while, frame, ends, otherwise),
    )


def _test(
    walk: Walk,
    frame: LoopFrame,
    ends: list[Effect],
    condition: int | None,
    negated: bool = False,
) -> None:
    """Schedule the test; ``ends`` gets the effects with which the loop may end here."""
    if condition is None or _never_ends(walk, condition, negated):
        walk.then(condition)
    elif may_define(walk, condition):
        on: list[Effect] = []
        outcomes = (ends, on) if negated else (on, ends)
        walk.then((test, condition, frame.mark, outcomes), (settle, frame.mark, on))
    else:
        walk.then(condition, (_may_end, frame, ends))


def _may_end(walk: Walk, frame: LoopFrame, ends: list[Effect]) -> None:
    ends.append(walk.state.effect(frame.mark))


def _never_ends(walk: Walk, condition: int | None, negated: bool = False) -> bool:
    constant = walk.table.false if negated else walk.table.true
    return condition is None or is_constant(walk, condition, constant)


def _finish_while(walk: Walk, frame: LoopFrame, ends: list[Effect], otherwise: int | None) -> None:
    walk.state.close_body(frame)
    walk.state.close_back_edge(frame)
    _leave(walk, frame, walk.state.merge(ends), otherwise)


def visit_do_while(walk: Walk, index: int, role: DoWhile) -> None:
    """Run the body, then test."""
    _do_while(walk, walk.part(index, role.body), walk.part(index, role.condition))


def _do_while(
    walk: Walk, body: int | None, condition: int | None, *, negated: bool = False
) -> None:
    frame = _open(walk)
    endless = _never_ends(walk, condition, negated)
    once = condition is not None and _text_of_test(walk, condition) in (
        walk.table.true if negated else walk.table.false
    )
    finish = (_finish_do_while, frame, endless, once)
    walk.then(body, (_close_body, frame), condition, finish)


def _text_of_test(walk: Walk, condition: int) -> bytes:
    return walk.text(walk.unwrap(condition))


def _close_body(walk: Walk, frame: LoopFrame) -> None:
    walk.state.close_body(frame)


def _finish_do_while(walk: Walk, frame: LoopFrame, endless: bool, once: bool) -> None:
    effect = walk.state.close_back_edge(frame, again=not once)
    walk.state.leave_loop(frame, [None if endless else effect, *frame.breaks])


def visit_for_loop(walk: Walk, index: int, role: ForLoop) -> None:
    """``for (init; condition; update) body`` in a scope of its own."""
    _for_loop(walk, index, role, walk.part(index, role.body))


def _for_loop(walk: Walk, index: int, role: ForLoop, body: int | None) -> None:
    walk.then(
        (open_scope,),
        *parts_of(walk, index, role.initializer),
        (_open_for_loop, index, role, body),
        (close_scope,),
    )


def _open_for_loop(walk: Walk, index: int, role: ForLoop, body: int | None) -> None:
    frame = _open(walk)
    ends: list[Effect] = []
    condition = walk.part(index, role.condition)
    walk.then(
        (_test, frame, ends, condition),
        body,
        (_close_body, frame),
        *parts_of(walk, index, role.update),
        (_finish_for_loop, frame, ends),
    )


def _finish_for_loop(walk: Walk, frame: LoopFrame, ends: list[Effect]) -> None:
    walk.state.close_back_edge(frame)
    walk.state.leave_loop(frame, [*ends, *frame.breaks])


def visit_loop(walk: Walk, index: int, role: Loop) -> None:
    """Run the loop that the header says: over elements, with clauses, or a plain test."""
    body = walk.part(index, role.body)
    header = next((child for child in walk.children(index) if child != body), None)
    kind = None if header is None else walk.role(header)
    if header is not None and isinstance(kind, ForEach):
        _for_each(walk, header, kind, body)
    elif header is not None and isinstance(kind, ForLoop):
        _for_loop(walk, header, kind, body)
    else:
        _while(walk, header, body, None)


def visit_comprehension(walk: Walk, index: int, role: Comprehension) -> None:
    """Loops and conditions in a scope of their own, then the element."""
    frames: list[LoopFrame] | None = [] if may_define(walk, index) else None
    kinds = walk.tree.kinds
    tasks: list[Any] = []
    outermost = True
    for child in walk.children(index):
        if kinds[child] in role.loops:
            tasks.append((_visit_clause, child, frames, outermost))
            outermost = False
        elif kinds[child] in role.conditions:
            tasks.append(child)
    if outermost:  # damage: no loop opened the scope that is closed below
        tasks.insert(0, (_open_clauses,))
    outside = walk.scopes.current
    tasks += [walk.part(index, role.body), (_close_clauses, frames, outside)]
    walk.then(*tasks)


def _open_clauses(walk: Walk) -> None:
    """Open a comprehension's scope: like a function, it sees no names of a class around."""
    around = walk.scopes.current
    if around.is_class and around.parent is not None:
        around = around.parent
    walk.scopes.current = Scope(parent=around)


def _visit_clause(walk: Walk, index: int, frames: list[LoopFrame] | None, outermost: bool) -> None:
    """Evaluate an iterable, the outermost one outside the scope; then bind its targets."""
    role = walk.role(index)
    iterable = walk.part(index, role.iterable) if isinstance(role, ForEach) else None
    mark = walk.begin_value()
    opened = (_open_clauses,) if outermost else None
    walk.then(iterable, opened, (_bind_clause, index, frames, mark))


def _bind_clause(walk: Walk, index: int, frames: list[LoopFrame] | None, mark: int) -> None:
    role = walk.role(index)
    value = Value(walk.end_value(mark).sources)
    walk.state.may_raise()
    if frames is not None:
        frames.append(walk.state.open_loop())
    if isinstance(role, ForEach):
        walk.then(*((bind, target, value, "block") for target in _targets(walk, index, role)))


def _close_clauses(walk: Walk, frames: list[LoopFrame] | None, outside: Scope) -> None:
    walk.scopes.current = outside
    walk.state.may_raise()
    for frame in reversed(frames or []):
        walk.state.close_body(frame)
        walk.state.close_back_edge(frame)
        walk.state.leave_loop(frame, [None if frame.dead else {}, *frame.breaks])
