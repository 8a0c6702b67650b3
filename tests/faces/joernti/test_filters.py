"""What is written back."""

from dataclasses import replace

import pytest

from tests.faces.joernti.sample import ANSWER
from tidemill.core.errors import SettingError
from tidemill.faces.joernti.filters import (
    GraphNode,
    Refusal,
    Verdict,
    WriteBackRules,
    is_untyped,
)

ANY = GraphNode(type_name="ANY")


class Known:
    """Knows two types."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def members_of(self, type_name: str) -> frozenset[str] | None:
        self.asked.append(type_name)
        return {
            "String": frozenset({"trim", "split"}),
            "Car": frozenset({"drive", "stop"}),
        }.get(type_name)


def judged(
    type_name: str,
    *,
    confidence: float = 0.9,
    node: GraphNode = ANY,
    rules: WriteBackRules | None = None,
) -> Verdict:
    answer = replace(ANSWER, type=type_name, confidence=confidence)
    return (rules or WriteBackRules(members=Known())).verdict(answer, node)


@pytest.mark.claim("tidal.write-back.rules")
@pytest.mark.parametrize(
    ("confidence", "taken"), [(1.0, True), (0.801, True), (0.8, False), (0.0, False)]
)
def test_confidence_is_above_four_fifths(confidence: float, taken: bool) -> None:
    found = judged("Car", confidence=confidence)
    assert found == (Verdict(type_name="Car") if taken else Verdict(refusal=Refusal.CONFIDENCE))


@pytest.mark.claim("tidal.write-back.rules")
@pytest.mark.parametrize("text", ['"./x"', 'typeof import("../a/b.js")', "'lib/y'"])
def test_quoted_paths_are_dropped(text: str) -> None:
    assert judged(text).refusal is Refusal.QUOTED_PATH


@pytest.mark.claim("tidal.write-back.rules")
@pytest.mark.parametrize("text", ["object", "Object", "unk", "UNK", "void", "Void"])
def test_types_that_say_nothing_are_dropped(text: str) -> None:
    assert judged(text).refusal is Refusal.UNINFORMATIVE


@pytest.mark.claim("tidal.write-back.rules")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("string", "__ecma.String"),
        ("number", "__ecma.Number"),
        ("array", "__ecma.Array"),
        ("Promise", "__ecma.Promise"),
        ("Math", "__ecma.Math"),
        ("Car", "Car"),
        ("Express.Request", "Express.Request"),
        ("T", "T"),
    ],
)
def test_builtins_are_renamed(text: str, name: str) -> None:
    assert judged(text) == Verdict(type_name=name)


@pytest.mark.claim("tidal.write-back.rules")
@pytest.mark.parametrize(
    ("type_name", "untyped"),
    [
        ("ANY", True),
        ("UNKNOWN", True),
        ("", True),
        ("express:<returnValue>", True),
        ("app.<member>(x)", True),
        ("__ecma.String", False),
        ("any", False),
        ("Car", False),
    ],
)
def test_only_untyped_nodes_are_typed(type_name: str, untyped: bool) -> None:
    assert is_untyped(type_name) is untyped
    found = judged("Car", node=GraphNode(type_name=type_name))
    assert found == (Verdict(type_name="Car") if untyped else Verdict(refusal=Refusal.TYPED))


@pytest.mark.parametrize(
    ("text", "invoked", "taken"),
    [
        ("Car", ("drive", "stop"), True),
        ("car", ("drive",), True),
        ("Car", ("drive", "fly"), False),
        ("string", ("trim",), True),
        ("string", ("push",), False),
        ("Car", ("<operator>.assignment", "<operators>.x"), True),
        ("Stranger", ("anything",), True),
    ],
)
def test_a_type_has_the_members_that_are_invoked(
    text: str, invoked: tuple[str, ...], taken: bool
) -> None:
    found = judged(text, node=GraphNode(type_name="ANY", invoked=invoked))
    assert (found.refusal is None) is taken
    assert taken or found == Verdict(refusal=Refusal.MEMBERS)


def test_members_are_looked_up_once_all_else_is_well() -> None:
    known = Known()
    rules = WriteBackRules(members=known)
    judged("Car", confidence=0.5, rules=rules)
    judged("void", rules=rules)
    assert known.asked == []
    judged("car", rules=rules)
    assert known.asked == ["Car"]


def test_the_first_rule_that_speaks_against_it_is_named() -> None:
    node = GraphNode(type_name="Car", invoked=("fly",))
    assert judged("void", confidence=0.1, node=node).refusal is Refusal.CONFIDENCE
    assert judged("void", node=node).refusal is Refusal.UNINFORMATIVE
    assert judged("Car", node=node).refusal is Refusal.MEMBERS


def test_without_members_nothing_lacks_one() -> None:
    node = GraphNode(type_name="ANY", invoked=("fly",))
    assert judged("Car", node=node, rules=WriteBackRules()) == Verdict(type_name="Car")


@pytest.mark.parametrize("above", [-0.1, 1.0, float("nan")])
def test_the_confidence_can_be_exceeded(above: float) -> None:
    with pytest.raises(SettingError, match=r"above = .* is out of range"):
        WriteBackRules(above=above)
