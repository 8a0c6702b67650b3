"""Protected regions: ``try`` and context blocks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tidemill.source.dataflow.roles import As, Catch, Try, With
from tidemill.source.dataflow.rules.jumps import RETRY, close_region, open_region
from tidemill.source.dataflow.rules.patterns import ASSIGN, BLOCK, bind
from tidemill.source.dataflow.rules.scoping import close_scope, open_scope
from tidemill.source.dataflow.state import Effect, FlowState, LoopFrame, TryFrame
from tidemill.source.dataflow.walk import Value, Walk

__all__ = ["visit_catch", "visit_try", "visit_with"]


After = Callable[[dict[int, int]], dict[int, int]]
"""Turns what had changed on entering a final part into what has changed after it."""


@dataclass(slots=True, kw_only=True, eq=False)
class Protected:
    """An open ``try``: how its body and its handlers ended.

    ``phis`` is how many there were when the final part began.
    """

    frame: TryFrame | None = None
    final: TryFrame | None = None
    retry: LoopFrame | None = None
    entry: Effect = None
    body: Effect = None
    raised: Effect = None
    phis: int = 0
    effects: list[Effect] = field(default_factory=list)


def visit_try(walk: Walk, index: int, role: Try) -> None:
    """Body, handlers, else and final part."""
    kinds = walk.tree.kinds
    children = walk.children(index)
    handlers = [child for child in children if kinds[child] in role.handlers]
    handler = walk.part(index, role.handler)
    handlers += [] if handler is None else [handler]
    otherwise = [child for child in children if kinds[child] in role.otherwise]
    final = [child for child in children if kinds[child] in role.final]
    region = Protected()
    tasks: list[Any] = [walk.part(index, role.resources), *_body(walk, index, role)]
    if handlers:
        body = [*tasks, (_close_body, region), *otherwise]
        tasks = _handled(walk, region, body, handlers)
    else:
        tasks += otherwise
    if _retries(walk, role, handlers):
        tasks = [(_open_retry, region), *tasks, (_close_retry, region)]
    if final:
        tasks = [(_open_final, region), *tasks, (_begin_final, region), *final]
        tasks.append((_end_final, region))
    if role.resources is not None:
        tasks = [(open_scope,), *tasks, (close_scope,)]
    walk.then(*tasks)


def _handled(walk: Walk, region: Protected, body: list[Any], handlers: list[int]) -> list[Any]:
    """Return the tasks of a body and its handlers."""
    tasks: list[Any] = [(_open_body, region), *body, (_begin_handlers, region)]
    total = any(_is_total(walk, handler) for handler in handlers)
    for handler in handlers:
        leave = (_leave_handler, region, _takes_part(walk, handler))
        tasks += ((_enter_handler, region, total), handler, leave)
    return [*tasks, (_close_handlers, region)]


def _retries(walk: Walk, role: Try, handlers: list[int]) -> bool:
    """Whether a handler goes back to the beginning."""
    if not role.retries:
        return False
    kinds, end = walk.tree.kinds, walk.tree.end
    return any(
        kinds[node] in role.retries for handler in handlers for node in range(handler, end[handler])
    )


def _is_total(walk: Walk, index: int) -> bool:
    """Whether a handler takes every exception: none goes past it to an outer one."""
    role = walk.role(index)
    if not isinstance(role, Catch):
        return False
    target = walk.part(index, role.target)
    if role.everything and target is not None and walk.text(target) == role.everything:
        return True
    return role.total or (role.value is not None and walk.part(index, role.value) is None)


def _takes_part(walk: Walk, index: int) -> bool:
    """Whether a handler takes a part of a group of exceptions, and leaves the rest."""
    role = walk.role(index)
    value = walk.part(index, role.value) if isinstance(role, Catch) and role.group else None
    if value is None or not isinstance(role, Catch):
        return False
    starts = walk.tree.starts
    return role.group in walk.tree.text[starts[index] : starts[value]]


def _body(walk: Walk, index: int, role: Try) -> list[int]:
    if role.body is not None:
        body = walk.part(index, role.body)
        return [] if body is None else [body]
    kinds = walk.tree.kinds
    apart = {*role.handlers, *role.otherwise, *role.final}
    return [child for child in walk.children(index) if kinds[child] not in apart]


def _open_final(walk: Walk, region: Protected) -> None:
    region.final = walk.state.open_try(is_final=True)


def _open_body(walk: Walk, region: Protected) -> None:
    region.frame = walk.state.open_try()


def _open_retry(walk: Walk, region: Protected) -> None:
    region.retry = open_region(walk, RETRY)


def _close_retry(walk: Walk, region: Protected) -> None:
    if region.retry is not None:
        close_region(walk, region.retry)


def _close_body(walk: Walk, region: Protected) -> None:
    frame = region.frame
    if frame is not None:
        effect = walk.state.close_try(frame)
        region.entry = walk.state.handler_effect(frame)
        walk.state.apply(effect)


def _begin_handlers(walk: Walk, region: Protected) -> None:
    frame = region.frame
    if frame is not None:
        region.effects.append(walk.state.effect(frame.mark))
        walk.state.undo(frame.mark)
        walk.state.dead = frame.dead


def _enter_handler(walk: Walk, region: Protected, total: bool) -> None:
    walk.state.apply(region.entry)
    if not total:
        walk.state.may_raise()


def _leave_handler(walk: Walk, region: Protected, takes_part: bool) -> None:
    _begin_handlers(walk, region)
    if takes_part:
        region.entry = walk.state.merge([region.entry, region.effects[-1]])


def _close_handlers(walk: Walk, region: Protected) -> None:
    frame = region.frame
    if frame is not None:
        walk.state.join(frame.mark, region.effects)


def _begin_final(walk: Walk, region: Protected) -> None:
    """Enter the final part from the normal end, from any exception, from any jump."""
    final, state = region.final, walk.state
    if final is None:
        return
    region.body = state.close_try(final)
    region.raised = state.handler_effect(final) if final.may_raise else None
    entries = [region.body, region.raised]
    entries += [effect for _, _, effect in final.pending]
    state.apply(state.merge(entries))
    region.effects = [state.effect(final.mark)]
    region.phis = len(state.phis)


def _end_final(walk: Walk, region: Protected) -> None:
    """Go on where each entry was going, with what the final part changed on top."""
    final, state = region.final, walk.state
    if final is None:
        return
    entered, left = region.effects[0] or {}, state.effect(final.mark)
    state.undo(final.mark)
    state.dead = final.dead
    if left is None:
        state.dead = True
        return
    changed = {key: value for key, value in left.items() if entered.get(key) != value}
    after = partial(_finished, state, (entered, changed), region.phis)
    _raise_on(state, final, region.raised, after)
    _jump_on(state, final, after)
    state.apply(None if region.body is None else after(region.body))


def _finished(
    state: FlowState,
    final: tuple[dict[int, int], dict[int, int]],
    phis: int,
    entry: dict[int, int],
) -> dict[int, int]:
    """Return what has changed when a final part ends that was entered in one certain way.

    What the part may have left as it was, it left as it was on this entry.
    """
    entered, changed = final
    after = dict(entry)
    for key, value in changed.items():
        before, own = (effect.get(key, state.env[key]) for effect in (entered, entry))
        after[key] = value if before == own else state.renewed(value, before, own, phis)
    return after


def _raise_on(state: FlowState, final: TryFrame, raised: Effect, after: After) -> None:
    """Let what was raised inside ``final`` go on, with what it changed."""
    if raised is not None:
        mark = len(state.log)
        state.apply(after(raised))
        state.may_raise()
        state.undo(mark)
        state.dead = final.dead


def _jump_on(state: FlowState, final: TryFrame, after: After, *, raises: bool = False) -> None:
    """Let jumps that passed through ``final`` go on, with what it changed."""
    for kind, label, effect in final.pending:
        if effect is not None and kind in ("break", "continue", "return", "yield"):
            mark = len(state.log)
            state.apply(after(effect))
            if raises:
                state.may_raise()
            state.jump(kind, label)
            state.undo(mark)
            state.dead = final.dead


def visit_catch(walk: Walk, index: int, role: Catch) -> None:
    """A handler: name the exception, then run the body."""
    target, value = walk.part(index, role.target), walk.part(index, role.value)
    body = walk.part(index, role.body)
    rest = [child for child in walk.children(index) if child not in (target, value)]
    body_tasks = rest if body is None else [child for child in rest if child != body] + [body]
    forgotten = _forgotten(walk, value) if role.forgets else None
    if value == body:
        value = None
    mode = ASSIGN if walk.table.assignment_declares else BLOCK
    walk.then(
        (open_scope,),
        value,
        None if target is None else (bind, target, Value(), mode),
        *(body_tasks if forgotten is None else _forgetting(forgotten, body_tasks)),
        (close_scope,),
    )


def _forgotten(walk: Walk, value: int | None) -> int | None:
    if value is None:
        return None
    role = walk.role(value)
    return walk.part(value, role.target) if isinstance(role, As) else None


def _forgetting(target: int, body: list[int]) -> list[Any]:
    """Return the tasks of a body that takes the exception's name with it when it ends."""
    region = Protected()
    return [(_open_final, region), *body, (_forget, region, target)]


def _forget(walk: Walk, region: Protected, target: int) -> None:
    """Delete the exception's name, however the handler was left."""
    final, state = region.final, walk.state
    if final is None:
        return
    name = walk.scopes.key(walk.text(target))

    def after(entry: dict[int, int]) -> dict[int, int]:
        return entry | {name: 0}

    body = state.close_try(final)
    raised = state.handler_effect(final) if final.may_raise else None
    _raise_on(state, final, raised, after)
    _jump_on(state, final, after)
    state.apply(None if body is None else after(body))


def visit_with(walk: Walk, index: int, role: With) -> None:
    """Enter the managers, run the body; a manager may swallow what the body raises."""
    region = Protected()
    walk.then(
        (open_scope,) if not role.swallows else None,
        walk.part(index, role.items),
        (_open_with, region) if role.swallows else None,
        walk.part(index, role.body),
        (_close_with, region) if role.swallows else (close_scope,),
    )


def _open_with(walk: Walk, region: Protected) -> None:
    region.frame = walk.state.open_try(is_final=True)


def _close_with(walk: Walk, region: Protected) -> None:
    frame, state = region.frame, walk.state
    if frame is None:
        return
    effect = state.close_try(frame)
    swallowed = state.handler_effect(frame) if frame.may_raise else None
    _jump_on(state, frame, dict, raises=True)
    state.apply(state.merge([effect, swallowed]))
    # Leaving calls the manager, which may raise something of its own.
    state.may_raise()
