"""Forks: branches that join again, for statements, expressions and patterns alike."""

from dataclasses import dataclass, field
from typing import Any

from tidemill.source.dataflow.rules.conditions import may_define, settle, test
from tidemill.source.dataflow.state import Effect
from tidemill.source.dataflow.walk import Walk

__all__ = ["Fork", "arm_tasks", "close_fork", "leave_arm", "open_arm"]


@dataclass(slots=True, kw_only=True, eq=False)
class Fork:
    """An open branch: where it began, where its present arm began, what arms did.

    ``false`` holds the states in which a test that may define something failed.
    """

    mark: int
    arm: int = 0
    dead: bool = False
    effects: list[Effect] = field(default_factory=list)
    false: list[Effect] = field(default_factory=list)


def arm_tasks(
    walk: Walk,
    fork: Fork,
    condition: int | None,
    consequence: int | None,
    *,
    negated: bool = False,
) -> list[Any]:
    """Return the tasks that test ``condition`` and run ``consequence`` where it holds.

    If ``negated``, where it does not hold.
    """
    if condition is None or not may_define(walk, condition):
        return [condition, (open_arm, fork), consequence, (leave_arm, fork)]
    return [(_test_arm, fork, condition, negated), consequence, (_leave_tested_arm, fork)]


def _test_arm(walk: Walk, fork: Fork, condition: int, negated: bool) -> None:
    taken: list[Effect] = []
    fork.false = []
    outcomes = (fork.false, taken) if negated else (taken, fork.false)
    walk.then((test, condition, fork.mark, outcomes), (settle, fork.mark, taken))


def _leave_tested_arm(walk: Walk, fork: Fork) -> None:
    fork.effects.append(walk.state.effect(fork.mark))
    walk.state.join(fork.mark, fork.false)


def open_arm(walk: Walk, fork: Fork) -> None:
    """Begin an arm here; the next arm starts from this very state."""
    fork.arm = len(walk.state.log)
    fork.dead = walk.state.dead


def leave_arm(walk: Walk, fork: Fork) -> None:
    """Keep what the arm did and go back to its beginning."""
    state = walk.state
    fork.effects.append(state.effect(fork.mark))
    state.undo(fork.arm)
    state.dead = fork.dead


def close_fork(walk: Walk, fork: Fork) -> None:
    """Join all arms with the state that took none."""
    state = walk.state
    fork.effects.append(state.effect(fork.mark))
    state.join(fork.mark, fork.effects)
