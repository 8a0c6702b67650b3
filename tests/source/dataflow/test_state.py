"""Reaching definitions along hand-made sequences of branches, loops, jumps and handlers."""

import pytest

from tidemill.core.errors import InputError
from tidemill.source.dataflow import state as module
from tidemill.source.dataflow.state import Effect, FlowState

X, Y = 0, 1
ENTRY = 10


@pytest.fixture
def state() -> FlowState:
    """A state with two variables, of which the first holds definition 10."""
    made = FlowState()
    made.env += [0, 0]
    made.assign(X, ENTRY)
    return made


def reaching(state: FlowState, key: int = X) -> set[int]:
    """Expand what ``key`` holds to definitions; 0 stands for none."""
    if state.dead:
        return set()
    found: set[int] = set()
    seen, pending = set(), [state.read(key)]
    while pending:
        value = pending.pop()
        if value >= 0:
            found.add(value)
        elif value not in seen:
            seen.add(value)
            pending += state.phis[-value]
    return found


def test_an_assignment_ends_the_definition_before(state: FlowState) -> None:
    assert reaching(state) == {ENTRY}
    state.assign(X, 11)
    assert reaching(state) == {11}
    assert reaching(state, Y) == {0}


def test_both_arms_of_a_branch_reach_what_follows(state: FlowState) -> None:
    mark = len(state.log)
    state.assign(X, 11)
    first = state.effect(mark)
    state.undo(mark)
    assert reaching(state) == {ENTRY}
    state.assign(Y, 12)
    state.join(mark, [first, state.effect(mark)])
    assert reaching(state) == {ENTRY, 11}
    assert reaching(state, Y) == {0, 12}


def test_equal_arms_need_no_phi(state: FlowState) -> None:
    before = len(state.phis)
    state.join(len(state.log), [{X: 11}, {X: 11}])
    assert state.env[X] == 11
    assert len(state.phis) == before


def test_an_arm_that_never_ends_does_not_reach_what_follows(state: FlowState) -> None:
    mark = len(state.log)
    state.assign(X, 11)
    state.jump("return", b"")
    assert state.effect(mark) is None
    assert state.read(X) == 0
    state.join(mark, [state.effect(mark), {}])
    assert not state.dead
    assert reaching(state) == {ENTRY}


def test_where_no_arm_ends_nothing_follows(state: FlowState) -> None:
    state.join(len(state.log), [None, None])
    assert state.dead
    state.assign(X, 11)
    assert state.env[X] == ENTRY


def loop(state: FlowState, definition: int, *, jump: str = "") -> Effect:
    """``while (...) { read x; x = definition; jump }``; return what ends it."""
    frame = state.open_loop()
    state.read(X)
    ended = state.effect(frame.mark)
    state.assign(X, definition)
    if jump:
        state.jump(jump, b"")
    state.close_body(frame)
    state.close_back_edge(frame)
    state.leave_loop(frame, [ended, *frame.breaks])
    return ended


def test_a_loop_feeds_its_next_turn(state: FlowState) -> None:
    frame = state.open_loop()
    inside = state.read(X)
    state.assign(X, 11)
    state.close_body(frame)
    state.close_back_edge(frame)
    state.leave_loop(frame, [{}])
    assert set(state.phis[-inside]) == {ENTRY, 11}
    assert reaching(state) == {ENTRY, 11}
    assert not state.loops
    assert not state.frames


@pytest.mark.parametrize("jump", ["", "break", "continue"])
def test_a_loop_may_not_run_or_run_again(state: FlowState, jump: str) -> None:
    loop(state, 11, jump=jump)
    assert reaching(state) == {ENTRY, 11}


def test_after_a_return_the_next_turn_does_not_come(state: FlowState) -> None:
    loop(state, 11, jump="return")
    assert reaching(state) == {ENTRY}


def test_an_endless_loop_is_left_by_its_breaks_alone(state: FlowState) -> None:
    frame = state.open_loop()
    mark = len(state.log)
    state.assign(X, 11)
    state.jump("break", b"")
    state.join(mark, [{X: 12}])
    state.close_body(frame)
    state.close_back_edge(frame)
    state.leave_loop(frame, frame.breaks)
    assert reaching(state) == {11}
    frame = state.open_loop()
    state.close_body(frame)
    state.close_back_edge(frame)
    state.leave_loop(frame, frame.breaks)
    assert state.dead


def test_a_jump_to_a_label_crosses_the_loops_between(state: FlowState) -> None:
    outer = state.open_loop(b"out")
    inner = state.open_loop()
    mark = len(state.log)
    state.assign(Y, 21)
    state.jump("break", b"out")
    state.join(mark, [{}])
    state.assign(X, 11)
    state.close_body(inner)
    state.close_back_edge(inner)
    state.leave_loop(inner, [])
    assert state.dead
    state.close_body(outer)
    state.close_back_edge(outer)
    state.leave_loop(outer, outer.breaks)
    # The inner loop may have turned before it was left, so that x may be 11.
    assert reaching(state) == {ENTRY, 11}
    assert reaching(state, Y) == {21}


def test_a_switch_takes_breaks_but_no_continues(state: FlowState) -> None:
    outer = state.open_loop()
    switch = state.open_loop(is_loop=False)
    state.assign(X, 11)
    state.jump("continue", b"")
    assert not switch.breaks
    assert len(outer.continues) == 1
    state.undo(switch.mark)
    state.dead = False
    state.jump("break", b"")
    assert len(switch.breaks) == 1
    assert not outer.breaks


def test_a_handler_sees_what_could_raise_and_nothing_else(state: FlowState) -> None:
    frame = state.open_try()
    state.assign(X, 11)
    state.may_raise()
    state.assign(X, 12)
    state.assign(X, 13)
    state.may_raise()
    state.assign(X, 14)
    assert state.close_try(frame) == {X: 14}
    assert reaching(state) == {ENTRY}
    state.apply(state.handler_effect(frame))
    assert reaching(state) == {11, 13}


def test_a_handler_sees_what_was_before_the_first_point_that_raises(state: FlowState) -> None:
    frame = state.open_try()
    state.may_raise()
    state.assign(X, 11)
    state.close_try(frame)
    state.apply(state.handler_effect(frame))
    assert reaching(state) == {ENTRY}


def test_a_handler_sees_each_arm_of_a_branch_as_it_was(state: FlowState) -> None:
    frame = state.open_try()
    mark = len(state.log)
    state.assign(X, 11)
    state.may_raise()
    first = state.effect(mark)
    state.undo(mark)
    state.may_raise()
    state.join(mark, [first, state.effect(mark)])
    state.assign(X, 12)
    state.close_try(frame)
    state.apply(state.handler_effect(frame))
    assert reaching(state) == {ENTRY, 11}


def test_what_raises_in_a_loop_raises_in_its_next_turn(state: FlowState) -> None:
    frame = state.open_try()
    around = state.open_loop()
    state.may_raise()
    state.assign(X, 11)
    state.close_body(around)
    state.close_back_edge(around)
    state.leave_loop(around, [{}])
    state.close_try(frame)
    state.apply(state.handler_effect(frame))
    assert reaching(state) == {ENTRY, 11}


def test_what_raised_before_a_loop_does_not_raise_in_it(state: FlowState) -> None:
    frame = state.open_try()
    state.may_raise()
    loop(state, 11)
    state.close_try(frame)
    state.apply(state.handler_effect(frame))
    assert reaching(state) == {ENTRY}


@pytest.mark.parametrize("kind", ["break", "continue", "return"])
def test_a_final_part_holds_up_every_jump(state: FlowState, kind: str) -> None:
    around = state.open_loop()
    final = state.open_try(is_final=True)
    state.assign(X, 11)
    state.jump(kind, b"")
    assert final.pending == [(kind, b"", {X: 11})]
    assert not around.breaks
    assert not around.continues
    assert state.close_try(final) is None
    assert state.frames == [around]


def test_nothing_is_recorded_where_control_does_not_get(state: FlowState) -> None:
    around = state.open_loop()
    frame = state.open_try()
    state.jump("break", b"")
    state.may_raise()
    state.jump("continue", b"")
    assert (len(around.breaks), len(around.continues), frame.may_raise) == (1, 0, 0)


def test_too_many_changes_are_refused(state: FlowState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHANGES", 10)
    for turn in range(5):
        state.join(len(state.log), [{X: turn}, {Y: turn}])
    with pytest.raises(InputError, match="changes"):
        state.merge([{X: 1}, {Y: 1}])
