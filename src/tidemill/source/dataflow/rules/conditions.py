"""Conditions: what is known to have run when a test came out true, or false.

``a or (m := g(a))`` is false only after both operands ran, and nothing follows
``a or return`` unless ``a`` held. Only conditions that may define something or leave need
this care; all others are visited like any expression.
"""

from tidemill.source.dataflow.roles import Chain, Not, Only, ShortCircuit, Update
from tidemill.source.dataflow.rules.names import may_raise
from tidemill.source.dataflow.rules.places import argument_value
from tidemill.source.dataflow.state import Effect
from tidemill.source.dataflow.walk import Walk

__all__ = [
    "LOGICAL",
    "Outcomes",
    "is_constant",
    "may_define",
    "settle",
    "test",
    "visit_chain",
    "visit_not",
]

Outcomes = tuple[list[Effect], list[Effect]]
"""Effects with which a test may come out true, and false, relative to one mark."""

_OR = (b"||", b"or")
_AND = (b"&&", b"and")
LOGICAL = _OR + _AND
"""Operators whose outcome tells which operands ran."""


DEFINES, MAY_THROW = 1, 2
"""What a kind does to the flow inside an expression (:attr:`.RuleTable.definers`)."""


def may_define(walk: Walk, index: int) -> bool:
    """Whether an expression may define a variable, or leave before its end."""
    end, (first, last, found) = walk.tree.end[index], walk.definer
    if index <= found < end:
        return True
    if first <= index and end <= last:
        return False
    definers, kinds = walk.rules.definers, walk.tree.kinds
    found = next(
        (n for n in range(index, end) if definers[kinds[n]] and _alters_flow(walk, n)), end
    )
    # Conditions nest: what is known of one tells of those inside it.
    walk.definer = (index, found, found if found < end else -1)
    return found < end


def _alters_flow(walk: Walk, index: int) -> bool:
    """Whether a definer defines or leaves: any, but for calls of what does return."""
    tree = walk.tree
    if walk.rules.definers[tree.kinds[index]] != MAY_THROW:
        return True
    return tree.text.startswith(walk.table.throwers, tree.starts[index])


def is_constant(walk: Walk, index: int, texts: tuple[bytes, ...]) -> bool:
    """Whether a condition is spelled like one of ``texts``."""
    return walk.text(argument_value(walk, walk.unwrap(index))) in texts


def test(walk: Walk, index: int | None, mark: int, outcomes: Outcomes) -> None:
    """Schedule the evaluation of a condition and the collection of its outcomes."""
    if index is None:
        outcomes[0].append(walk.state.effect(mark))
        return
    inner = walk.unwrap(index)
    role = walk.role(inner)
    if isinstance(role, Not | Update) and _negates(walk, inner, role):
        true, false = outcomes
        operand = walk.part(inner, role.operand)
        walk.then((test, operand, mark, (false, true)))
    elif isinstance(role, ShortCircuit):
        _test_operands(walk, inner, role, mark, outcomes)
    elif isinstance(role, Only) and not role.around and _last(walk, inner, role) is not None:
        *before, last = [walk.part(inner, part) for part in role.parts]
        walk.then(*before, (test, last, mark, outcomes))
    else:
        walk.then(index, (_collect, mark, outcomes))


def _last(walk: Walk, index: int, role: Only) -> int | None:
    return walk.part(index, role.parts[-1]) if role.parts else None


def _negates(walk: Walk, index: int, role: Not | Update) -> bool:
    negations = role.operators if isinstance(role, Not) else role.negations
    return walk.text(index).startswith(negations)


def _collect(walk: Walk, mark: int, outcomes: Outcomes) -> None:
    effect = walk.state.effect(mark)
    outcomes[0].append(effect)
    outcomes[1].append(effect)


def _test_operands(
    walk: Walk, index: int, role: ShortCircuit, mark: int, outcomes: Outcomes
) -> None:
    left, right = walk.part(index, role.left), walk.part(index, role.right)
    operator = b"" if left is None or right is None else walk.between(left, right)
    going_on: list[Effect] = []
    if operator in _OR:
        first = (outcomes[0], going_on)
    elif operator in _AND:
        first = (going_on, outcomes[1])
    else:
        walk.then(index, (_collect, mark, outcomes))
        return
    walk.then((test, left, mark, first), (settle, mark, going_on), (test, right, mark, outcomes))


def settle(walk: Walk, mark: int, effects: list[Effect]) -> None:
    """Go on from ``mark`` with any one of ``effects``."""
    walk.state.join(mark, effects)


def visit_chain(walk: Walk, index: int, _role: Chain) -> None:
    """Visit a comparison; operands after the second run only if those before held."""
    children = walk.children(index)
    if len(children) < 3 or not may_define(walk, index):
        walk.then((may_raise,) if walk.state.tries else None)
        walk.then_children(index)
        return
    mark = len(walk.state.log)
    ended: list[Effect] = []
    tasks: list[object] = [*children[:2], (may_raise,)]
    for child in children[2:]:
        tasks += ((_stop_here, mark, ended), child, (may_raise,))
    walk.then(*tasks, (_end_chain, mark, ended))  # type: ignore[arg-type]  # indices and tasks


def _stop_here(walk: Walk, mark: int, ended: list[Effect]) -> None:
    ended.append(walk.state.effect(mark))


def _end_chain(walk: Walk, mark: int, ended: list[Effect]) -> None:
    walk.state.join(mark, [*ended, walk.state.effect(mark)])


def visit_not(walk: Walk, index: int, role: Not) -> None:
    """Visit a unary operator for its value; a test of truth does not raise."""
    if walk.state.tries and not _negates(walk, index, role):
        walk.then((may_raise,))
    walk.then_children(index)
