"""What a graph says of nested functions, of free names, and in cases that went wrong once."""

import pytest

from tests.source.dataflow.labels import labelled_edges
from tests.source.dataflow.snippets import flow_of
from tidemill.source.dataflow.graph import DataFlowGraph

NESTED = {
    "python": ("def f(a):\n    def g(b):\n        return a + b + len(b)\n    return g\n", "a len"),
    "javascript": ("function f(a) { const g = (b) => a + b + h(b); return g; }", "a h"),
    "typescript": ("function f(a: T) { const g = (b: T): T => a + b; return g; }", "a"),
    "java": ("class A { void f(int a) { F g = (b) -> a + b; } }", "a"),
    "csharp": ("class A { void F(int a) { int G(int b) { return a + b; } G(1); } }", "a"),
    "go": ("package p\nfunc f(a int) {\n\tg := func(b int) int { return a + b }\n\tg(1)\n}\n", "a"),
    "ruby": ("def f(a)\n  g = ->(b) { @c + b }\n  g\nend\n", ""),
    "php": ("<?php\nfunction f($a) { $g = fn($b) => $a + $b; return $g; }\n", "$a"),
    "cpp": ("int f(int a) { auto g = [&](int b) { return a + b; }; return g(1); }", "a"),
}


def edges_of(code: str, language: str = "python", unit: int = 0) -> set[str]:
    """Return the edges of one unit as they are written in the golden cases."""
    graph = flow_of(code.encode(), language).graphs[unit]
    return {str(edge) for edge in labelled_edges(graph)}


@pytest.mark.parametrize("language", sorted(NESTED))
def test_a_nested_function_alone_marks_what_it_captures_as_free(language: str) -> None:
    code, free = NESTED[language]
    flow = flow_of(code.encode(), language)
    outer, inner = flow.graphs[0], flow.graphs[1]
    assert flow.units[1].parent == 0
    assert inner.free == tuple(free.split())
    captured = set(inner.free) - set(outer.free)
    assert captured == {name for name in inner.free if name.lstrip("$") == "a"}
    for name in captured:
        place = inner.names.index(name)
        assert place not in inner.targets
        assert inner.starts[place] in {
            outer.starts[target]
            for target, source in zip(outer.targets, outer.sources, strict=True)
            if outer.names[source] == name
        }


def test_an_assigned_lambda_does_not_hold_its_own_name() -> None:
    code = "def f():\n    h = lambda x, y=1: x + y\n    return h\n"
    graph = flow_of(code.encode(), "python").graphs[1]
    assert graph.names == ("x", "y", "1", "x", "y")
    assert edges_of(code, unit=1) == {"x#2 <- x#1", "y#1 <- 1#1", "y#2 <- y#1"}


def test_a_comment_between_decorator_and_function_changes_no_unit() -> None:
    for comment in (b"", b"    # why\n", b"\n    # why\n\n"):
        code = b"class A:\n    @wraps(fn)\n" + comment + b"    def m(self): pass\n"
        flow = flow_of(code, "python")
        assert code[flow.units[0].start :].startswith(b"@wraps")
        assert flow.graphs[0].names == ("wraps", "fn", "self")


def test_targets_in_a_row_get_the_value_from_left_to_right() -> None:
    edges = edges_of("def f(t, n):\n    t.next = t = n\n    return t\n")
    assert edges == {
        "t.next#1 <- n#2",
        "t#2 <- t#1",
        "t#3 <- n#2",
        "n#2 <- n#1",
        "t#4 <- t#3",
    }
    edges = edges_of("def f(a, b):\n    x = y, z = a, b\n    return x, y, z\n")
    assert {"x#1 <= a#2", "x#1 <= b#2", "y#1 <- a#2", "z#1 <- b#2"} <= edges


def test_elsewhere_targets_in_a_row_get_the_value_from_right_to_left() -> None:
    edges = edges_of("function f(a, n) { a = (a = n); return a; }", "javascript")
    assert {"a#2 <- n#2", "a#3 <- n#2", "a#4 <- a#2"} <= edges


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_old_value_is_read_before_the_new_one_is_computed(language: str) -> None:
    code = {
        "python": "def f(a, b):\n    a += g(a := b)\n    return a\n",
        "javascript": "function f(a, b) { a += g(a = b); return a; }",
    }[language]
    edges = edges_of(code, language)
    assert "a#2 <= a#1" in edges
    assert "a#2 <= a#3" not in edges


def test_a_break_in_a_match_leaves_the_loop_around_it() -> None:
    code = (
        "def f(v):\n    x = 0\n    while v:\n        match v:\n            case 1:\n"
        "                x = 1\n                break\n        x = 2\n    return x\n"
    )
    edges = edges_of(code)
    assert {edge for edge in edges if edge.startswith("x#4")} == {
        "x#4 <- x#1",
        "x#4 <- x#2",
        "x#4 <- x#3",
    }
    code = (
        "def f(v)\n  while true\n    case v\n    when 1\n      x = 1\n      break\n    end\n"
        "    x = 2\n  end\n  x\nend\n"
    )
    assert {edge for edge in edges_of(code, "ruby") if edge.startswith("x#3")} == {"x#3 <- x#1"}


def test_a_case_follows_a_pattern_that_failed_and_a_guard_that_failed() -> None:
    code = (
        "def f(v, a):\n    match v:\n        case [a, 1] if v:\n            pass\n"
        "        case _:\n            return a\n"
    )
    assert {"a#3 <- a#1", "a#3 <- a#2"} <= edges_of(code)


def test_a_handler_is_reached_from_each_arm_of_a_branch() -> None:
    code = (
        "def f(c):\n    x = 0\n    try:\n        if c:\n            x = 1\n            g()\n"
        "        else:\n            g()\n            x = 2\n    except E:\n        return x\n"
    )
    assert {edge for edge in edges_of(code) if edge.startswith("x#4")} == {
        "x#4 <- x#1",
        "x#4 <- x#2",
    }


def test_unpacking_may_raise() -> None:
    code = (
        "def f(p):\n    a = 0\n    try:\n        a = 1\n        a, b = p\n"
        "    except E:\n        return a\n"
    )
    assert {edge for edge in edges_of(code) if edge.startswith("a#4")} == {"a#4 <- a#2"}


def test_the_name_of_an_exception_is_gone_however_its_handler_is_left() -> None:
    code = (
        "def f(e):\n    while e:\n        try:\n            g()\n        except E as e:\n"
        "            break\n    return e\n"
    )
    assert {edge for edge in edges_of(code) if edge.startswith("e#4")} == {"e#4 <- e#1"}


def test_a_loop_that_nothing_leads_to_leads_nowhere() -> None:
    code = "def f(a):\n    return a\n    for b in a:\n        pass\n    return a\n"
    assert edges_of(code) == {"a#2 <- a#1", "b#1 <= a#3"}


def test_a_break_in_the_else_of_a_loop_carries_what_the_loop_did() -> None:
    code = (
        "def f(a):\n    x = 0\n    while a:\n        while a:\n            x = 1\n"
        "        else:\n            break\n    return x\n"
    )
    assert {edge for edge in edges_of(code) if edge.startswith("x#3")} == {
        "x#3 <- x#1",
        "x#3 <- x#2",
    }


def test_a_graph_is_equal_to_itself_made_again() -> None:
    first, second = (flow_of(b"def f(a): return a\n", "python").graphs[0] for _ in range(2))
    assert isinstance(first, DataFlowGraph)
    assert first == second


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("class A { void f(int a) { int = a; g(a, ); return a + ; } }", "java"),
        ("package p\nfunc f(a int) int { b := ; return a + }\n", "go"),
        ("function f(a) { let = a; return a. ; }", "javascript"),
        ("def f(a):\n    b = \n    return a.\n", "python"),
    ],
)
def test_what_the_parser_put_in_is_no_node(code: str, language: str) -> None:
    flow = flow_of(code.encode(), language)
    assert flow.tree.errors
    for graph in flow.graphs:
        assert all(start < end for start, end in zip(graph.starts, graph.ends, strict=True))
