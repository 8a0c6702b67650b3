"""Jumps and labels: control that leaves the nesting of the code."""

from tidemill.source.dataflow.roles import Assert, Jump, Label
from tidemill.source.dataflow.rules.conditions import may_define
from tidemill.source.dataflow.rules.forks import Fork, arm_tasks, close_fork
from tidemill.source.dataflow.rules.names import may_raise
from tidemill.source.dataflow.state import FlowState, LoopFrame
from tidemill.source.dataflow.walk import Walk

__all__ = [
    "RETRY",
    "TO_CASE",
    "close_region",
    "open_region",
    "visit_assert",
    "visit_jump",
    "visit_label",
]

RETRY = b"\0retry"
"""The label of a protected body that a handler may go back to."""

TO_CASE = b"\0case"
"""The label of a switch in which a case may go to another."""

_BACK = b"goto "
_LEVEL = b"\0level "
_DIGITS = 4
_OUTWARD = ("return", "throw")


def visit_assert(walk: Walk, index: int, role: Assert) -> None:
    """Visit an assertion; nothing follows one that cannot hold.

    What a condition defines on its way to false, and what the message does, goes no further.
    """
    condition = walk.part(index, role.condition)
    throw = (_leave, "throw", b"", len(walk.trail))
    if condition is not None and walk.text(condition) in walk.table.false:
        walk.then(throw)
        walk.then_children(index)
    elif may_define(walk, index):
        fork = Fork(mark=len(walk.state.log))
        message = next((child for child in walk.children(index) if child != condition), None)
        test, *failed, leave = arm_tasks(walk, fork, condition, message, negated=True)
        walk.then(test, *failed, throw, leave, (close_fork, fork))
    else:
        walk.then((may_raise,))
        walk.then_children(index)


def visit_jump(walk: Walk, index: int, role: Jump) -> None:
    """Evaluate the operand, then leave."""
    label = walk.part(index, role.label)
    operands = [child for child in walk.children(index) if child != label]
    if role.bare and operands:
        walk.then(*operands, (may_raise,))
        return
    if role.levels is not None:
        walk.then((_leave_levels, role.to, walk.part(index, role.levels)))
        return
    if role.case_words and _names_case(walk.text(index), role.case_words):
        walk.state.jump("continue", TO_CASE)
        return
    name = b"" if label is None else walk.text(label)
    walk.then(*operands, (_leave, role.to, name, len(walk.trail)))


def _names_case(text: bytes, words: tuple[bytes, ...]) -> bool:
    """Whether the second word of a jump says that it goes to a case."""
    return any(word.rstrip(b";") in words for word in text.split()[1:2])


def _leave_levels(walk: Walk, to: str, levels: int | None) -> None:
    """Leave so many loops and switches at once."""
    text = b"1" if levels is None else walk.text(levels)
    count = int(text) if text.isdigit() and len(text) < _DIGITS else 1
    state = walk.state
    frames = [f for f in state.frames if isinstance(f, LoopFrame) and f.takes_plain]
    if not 0 < count <= len(frames):
        state.dead = True
        return
    frame = frames[-count]
    frame.label = frame.label or _LEVEL + str(len(frames) - count).encode()
    state.jump(to if frame.is_loop else "break", frame.label)


def _leave(walk: Walk, to: str, label: bytes, mark: int) -> None:
    state = walk.state
    if to in _OUTWARD:
        walk.forget(mark)  # the operand is no value of the expression around
    if to == "goto":
        _go_to(walk, label)
    elif to == "throw":
        state.may_raise()
        state.dead = True
    elif to == "fallthrough":
        _pass_on(state)
    elif to == "retry":
        state.jump("continue", RETRY)
    else:
        state.jump(to, label)


def _pass_on(state: FlowState) -> None:
    """Leave for the next case of the innermost switch."""
    for frame in reversed(state.frames):
        if isinstance(frame, LoopFrame) and not frame.is_loop and frame.takes_plain:
            frame.continues.append(state.effect(frame.mark))
            break
    state.dead = True


def _go_to(walk: Walk, label: bytes) -> None:
    """Leave for a label: back to one whose region is open, or on to one ahead."""
    state = walk.state
    if state.dead:
        return
    back = _BACK + label
    if any(isinstance(frame, LoopFrame) and frame.label == back for frame in state.frames):
        state.jump("continue", back)
        return
    here = {key: state.env[key] for loop in state.loops for key in loop.phis}
    walk.gotos.setdefault(label, []).append(here | (state.effect(0) or {}))
    state.dead = True


def visit_label(walk: Walk, index: int, role: Label) -> None:
    """A labelled statement: a name for its loop or block, and a target for gotos."""
    label, body = walk.part(index, role.label), walk.part(index, role.body)
    walk.label = name = b"" if label is None else walk.text(label)
    _arrive(walk, walk.gotos.pop(name, []))
    _follow_label(walk, index, name)
    frame = walk.state.open_loop(name, is_loop=False)
    frame.takes_plain = False
    inside = [child for child in walk.children(index) if child != label]
    walk.then(*(inside if body is None else [body]), (_close_label, frame))


def _close_label(walk: Walk, frame: LoopFrame) -> None:
    state = walk.state
    walk.label = b""
    state.frames.pop()
    if frame.breaks:
        state.join(frame.mark, [state.effect(frame.mark), *frame.breaks])


def _arrive(walk: Walk, waiting: list[dict[int, int]]) -> None:
    """Go on from here or from any goto that stands before, whatever is open here."""
    if not waiting:
        return
    state = walk.state
    changed = {key: state.env[key] for key in state.log[::2]}
    alive = waiting if state.dead else [changed, *waiting]
    state.dead = False
    phis = state.loops[-1].phis if state.loops else {}
    for key in dict.fromkeys(key for effect in (changed, *waiting) for key in effect):
        unchanged = phis.get(key, (0,))[0]
        values = list(dict.fromkeys(effect.get(key, unchanged) for effect in alive))
        value = values[0] if len(values) == 1 else state.phi(values)
        if value != state.env[key]:
            state.assign(key, value)


def open_region(walk: Walk, label: bytes) -> LoopFrame:
    """Open a loop to which only jumps to ``label`` go back."""
    frame = walk.state.open_loop(label)
    frame.takes_plain = False
    return frame


def _follow_label(walk: Walk, index: int, label: bytes) -> None:
    """Let what follows a label be a loop, if a goto in it comes back to the label."""
    size, stop = _rest(walk, index)
    if _last_goto(walk, index, stop, label) <= index:
        return
    frame = open_region(walk, _BACK + label)
    after = walk.tree.end[index]
    del walk.stack[size:]
    walk.stack.append((close_region, frame))
    if after < stop:
        walk.stack += (stop, after)


def _rest(walk: Walk, index: int) -> tuple[int, int]:
    """Return what is scheduled right after a node: its place on the stack, its end."""
    stack = walk.stack
    size, stop = len(stack), walk.tree.end[index]
    while size > 1 and stack[size - 1] == stop:
        size, stop = size - 2, stack[size - 2]
    return size, stop


def _last_goto(walk: Walk, index: int, stop: int, label: bytes) -> int:
    covered, sites = walk.goto_sites
    if covered < stop:
        sites = _goto_sites(walk, index, stop)
        walk.goto_sites = stop, sites
    found = sites.get(label, 0)
    return found if found < stop else 0


def _goto_sites(walk: Walk, start: int, stop: int) -> dict[bytes, int]:
    """Return the last goto to each label between two nodes."""
    kinds, roles = walk.tree.kinds, walk.grammar.roles
    sites: dict[bytes, int] = {}
    for index in range(start, stop):
        role = roles[kinds[index]]
        if isinstance(role, Jump) and role.to == "goto":
            label = walk.part(index, role.label)
            if label is not None:
                sites[walk.text(label)] = index
    return sites


def close_region(walk: Walk, frame: LoopFrame) -> None:
    """Feed every jump back to the beginning; go on where the region ended by itself."""
    state = walk.state
    ended = state.effect(frame.mark)
    state.join(frame.mark, list(frame.continues))
    state.close_back_edge(frame)
    state.leave_loop(frame, [ended, *frame.breaks])
