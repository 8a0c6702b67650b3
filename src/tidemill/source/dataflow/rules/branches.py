"""Branches: ``if``, ``switch`` and ``match``."""

from dataclasses import dataclass, field
from typing import Any

from tidemill.source.dataflow.roles import (
    Branch,
    Case,
    Choices,
    Match,
    Name,
    Qualified,
    Variants,
)
from tidemill.source.dataflow.rules.conditions import may_define, settle, test
from tidemill.source.dataflow.rules.forks import Fork, arm_tasks, close_fork, leave_arm, open_arm
from tidemill.source.dataflow.rules.jumps import TO_CASE, close_region, open_region
from tidemill.source.dataflow.rules.patterns import BLOCK, bind
from tidemill.source.dataflow.rules.places import children_of, parts_of
from tidemill.source.dataflow.rules.scoping import close_scope, open_scope
from tidemill.source.dataflow.state import Effect, LoopFrame
from tidemill.source.dataflow.walk import Value, Walk

__all__ = ["visit_branch", "visit_match", "visit_variants"]


def visit_branch(walk: Walk, index: int, role: Branch) -> None:
    """``if`` with any number of ``elif`` parts and one ``else``."""
    state = walk.state
    fork = Fork(mark=len(state.log))
    initializer = walk.part(index, role.initializer)
    tasks: list[object] = [initializer, *_arm(walk, index, role, fork)]
    tasks.append(walk.part(index, role.alternative))
    kinds = walk.tree.kinds
    for child in walk.children(index):
        if kinds[child] in role.alternatives:
            inner = walk.role(child)
            tasks += _arm(walk, child, inner, fork) if isinstance(inner, Branch) else [child]
    tasks.append((close_fork, fork))
    if role.scoped or role.initializer is not None:
        tasks = [(open_scope,), *tasks, (close_scope,)]
    walk.then(*tasks)  # type: ignore[arg-type]  # indices and tasks


def visit_variants(walk: Walk, index: int, role: Variants) -> None:
    """``#if``: no build has more than one of the variants; one may have none."""
    fork = Fork(mark=len(walk.state.log))
    alternative = walk.part(index, role.alternative)
    apart = (walk.part(index, role.condition), alternative)
    inside = [child for child in walk.children(index) if child not in apart]
    walk.then((open_arm, fork), *inside, (leave_arm, fork), alternative, (close_fork, fork))


def _arm(walk: Walk, index: int, role: Branch, fork: Fork) -> list[object]:
    condition = walk.part(index, role.condition)
    consequence = walk.part(index, role.consequence)
    return arm_tasks(walk, fork, condition, consequence, negated=role.negated)


@dataclass(slots=True, kw_only=True, eq=False)
class Switch:
    """An open switch: its frame, the value it looks at, and how its cases ended."""

    frame: LoopFrame
    value: Value
    falls_through: bool
    ends: list[Effect] = field(default_factory=list)
    previous: Effect = None
    total: bool = False
    entered: int = 0
    failed: list[Effect] = field(default_factory=list)


def visit_match(walk: Walk, index: int, role: Match) -> None:
    """``switch`` or ``match``: cases in order, with or without fall-through."""
    walk.then(
        (open_scope,),
        walk.part(index, role.initializer),
        (_visit_subject, index, role),
        (close_scope,),
    )


def _visit_subject(walk: Walk, index: int, role: Match) -> None:
    mark = walk.begin_value()
    walk.then(*parts_of(walk, index, role.subject), (_open_switch, index, role, mark))


def _open_switch(walk: Walk, index: int, role: Match, mark: int) -> None:
    value = Value(walk.end_value(mark).sources)
    target = walk.part(index, role.target)
    walk.then(
        None if target is None else (bind, target, value, BLOCK),
        (_visit_cases, index, role, value),
    )


def _visit_cases(walk: Walk, index: int, role: Match, value: Value) -> None:
    if _retries(walk, index, role):
        # Whatever case a jump goes to, it goes back to where the cases are tried.
        walk.then((close_region, open_region(walk, TO_CASE)))
    frame = walk.state.open_loop(walk.label, is_loop=False)
    frame.takes_plain = role.takes_breaks
    walk.label = b""
    switch = Switch(frame=frame, value=value, falls_through=role.falls_through, total=role.total)
    cases = _cases(walk, index, role)
    walk.then(*((_open_case, case, switch) for case in cases), (_close_switch, switch))


def _retries(walk: Walk, index: int, role: Match) -> bool:
    """Whether a case may go to another one."""
    inside = walk.tree.kinds[index : walk.tree.end[index]] if role.retries else []
    return any(kind in role.retries for kind in inside)


def _cases(walk: Walk, index: int, role: Match) -> list[int]:
    kinds, end = walk.tree.kinds, walk.tree.end
    before = {walk.part(index, part) for part in (role.initializer, role.target)}
    before.update(parts_of(walk, index, role.subject))
    cases, node = [], index + 1
    while node < end[index]:
        if node in before:
            node = end[node]
        elif kinds[node] in role.cases:
            cases.append(node)
            node = end[node]
        elif isinstance(walk.role(node), Match):
            node = end[node]
        else:
            node += 1
    return cases


def _open_case(walk: Walk, index: int, switch: Switch) -> None:
    role = walk.role(index)
    if not isinstance(role, Case):
        walk.then(index)
        return
    state = walk.state
    falls = switch.falls_through if role.falls_through is None else role.falls_through
    entry_dead = state.dead
    if switch.previous is not None:
        here = state.effect(switch.frame.mark)
        merged = state.merge([here, switch.previous])
        switch.entered = len(state.log)
        state.apply(merged)
    else:
        switch.entered = len(state.log)
    guard = walk.part(index, role.guard)
    known = _patterns(walk, index, role)
    total = _takes_all(walk, known)
    if role.declares and not total:
        state.may_raise()
    # After a guard, the next case is entered from a pattern that failed as well.
    switch.failed = [{}] if guard is not None and not total else []
    default = role.default or (guard is None and total)
    switch.total = switch.total or default or (not known and (role.bare or role.kinds != ()))
    # Cases that fall through share the scope of the switch.
    walk.then(
        None if falls else (open_scope,),
        *_pattern_tasks(walk, known, switch.value, role),
        *_guard_tasks(walk, guard, switch),
        *_body(walk, index, role, {*known, guard}),
        (_close_case, switch, entry_dead, falls),
        None if falls else (close_scope,),
    )


def _patterns(walk: Walk, index: int, role: Case) -> list[int]:
    if role.kinds:
        return children_of(walk, index, role.kinds)
    patterns = [walk.part(index, part) for part in role.patterns]
    return [pattern for pattern in patterns if pattern is not None]


def _pattern_tasks(walk: Walk, patterns: list[int], value: Value, role: Case) -> list[Any]:
    if role.declares:
        mode = "block" if walk.table.assignment_declares is None else "assign"
        return [(bind, pattern, value, mode) for pattern in patterns]
    return list(patterns)


def _body(walk: Walk, index: int, role: Case, done: set[int | None]) -> list[int]:
    if role.body is not None:
        body = walk.part(index, role.body)
        return [] if body is None else [body]
    return [child for child in walk.children(index) if child not in done]


def _takes_all(walk: Walk, patterns: list[int]) -> bool:
    """Whether every value matches; several patterns in a row take a sequence apart."""
    return len(patterns) == 1 and _is_total(walk, patterns[0])


def _is_total(walk: Walk, index: int) -> bool:
    if isinstance(walk.role(index), Choices):
        choices = [walk.text(child) for child in walk.children(index)]
        return not choices or walk.table.wildcard in choices
    node, end = index, walk.tree.end[index]
    while node < end:
        role = walk.role(node)
        if isinstance(role, Qualified):
            # A name in parentheses is still one; in a list it takes something apart.
            return end - node == 2 and walk.text(index).strip(b"( )") == walk.text(node)
        if isinstance(role, Name):
            return False
        node += 1
    return walk.text(index) == walk.table.wildcard != b""


def _guard_tasks(walk: Walk, guard: int | None, switch: Switch) -> list[Any]:
    """Ask the guard; captures happen before, so the next case sees them."""
    if guard is None:
        return []
    if not may_define(walk, guard):
        return [guard, (_may_fail, switch)]
    held: list[Effect] = []
    outcomes = (held, switch.failed)
    return [(test, guard, switch.entered, outcomes), (settle, switch.entered, held)]


def _may_fail(walk: Walk, switch: Switch) -> None:
    switch.failed.append(walk.state.effect(switch.entered))


def _close_case(walk: Walk, switch: Switch, entry_dead: bool, falls: bool) -> None:
    state = walk.state
    effect = state.effect(switch.frame.mark)
    # A case can pass on control by itself, or say so: then it is among the frame's
    # `continues`, for which a switch has no other use.
    passed, switch.frame.continues = switch.frame.continues, []
    if not falls:
        switch.ends.append(effect)
    state.undo(switch.entered)
    switch.previous = state.merge([effect, *passed] if falls else passed)
    state.dead = entry_dead
    if switch.failed and not entry_dead:
        state.apply(state.merge(switch.failed))


def _close_switch(walk: Walk, switch: Switch) -> None:
    state = walk.state
    frame = switch.frame
    if not switch.total:
        switch.ends.append(state.effect(frame.mark))
    switch.ends.append(switch.previous)
    state.frames.pop()
    state.join(frame.mark, [*switch.ends, *frame.breaks])
