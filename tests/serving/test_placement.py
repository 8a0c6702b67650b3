from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import CapacityError
from tidemill.serving.placement import NodeView, chosen_node, expected_wait

CALL = 0.01


def node(name: str, *resident: str, waiting: int = 0, there: bool = True) -> NodeView:
    return NodeView(
        name=name,
        is_there=there,
        resident=frozenset(resident),
        waiting=waiting,
        workers=2,
        load_seconds={"large": 0.5, "small": 0.002},
    )


def chosen(expert: str, *nodes: NodeView, avoided: frozenset[str] = frozenset()) -> str:
    return chosen_node(expert, nodes, call_seconds=CALL, avoided=avoided).name


def test_a_request_goes_where_its_expert_is() -> None:
    assert chosen("large", node("a"), node("b", "large")) == "b"
    assert chosen("large", node("a"), node("b", "large", waiting=90)) == "b"


def test_a_hot_expert_is_replicated_when_waiting_costs_more_than_loading() -> None:
    assert chosen("large", node("a"), node("b", "large", waiting=110)) == "a"
    assert chosen("small", node("a"), node("b", "small", waiting=1)) == "a"


def test_what_is_nowhere_goes_where_the_queue_is_shortest() -> None:
    assert chosen("new", node("a", waiting=3), node("b", waiting=2)) == "b"
    assert chosen("new", node("a"), node("b")) == "a"


def test_who_is_gone_or_has_just_failed_is_passed_over() -> None:
    nodes = (node("a", "large", there=False), node("b"), node("c"))
    assert chosen("large", *nodes) == "b"
    assert chosen("large", *nodes, avoided=frozenset({"b"})) == "c"
    with pytest.raises(CapacityError, match="no node answers"):
        chosen("large", *nodes, avoided=frozenset({"b", "c"}))


def test_who_has_lost_all_workers_is_asked_only_where_all_have() -> None:
    lost = replace(node("a", "large"), workers=0)
    assert chosen("large", lost, node("b", waiting=1_000)) == "b"
    assert chosen("large", lost, replace(node("b"), workers=0)) == "a"


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=1, max_size=6),
    st.sampled_from(["large", "small", "new"]),
)
def test_nobody_would_have_answered_sooner(rows: list[tuple[bool, int]], expert: str) -> None:
    nodes = [
        node(str(place), *([expert] if has else []), waiting=waiting)
        for place, (has, waiting) in enumerate(rows)
    ]
    found = chosen_node(expert, nodes, call_seconds=CALL)
    best = expected_wait(expert, found, CALL)
    assert all(best <= expected_wait(expert, one, CALL) for one in nodes)
