"""Small Python functions made at random: every kind of statement, few names."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

__all__ = ["functions"]

NAMES = "abcd"
INDENT = "    "
MAX_DEPTH = 2

Lines = list[str]
Draw = st.DrawFn
Maker = Callable[[Draw, int, bool], Lines]

names = st.sampled_from(NAMES)
# No constants: what the compiler makes of a constant condition is its own affair.
atoms = st.one_of(names, names, st.just("g()"))


def _operations(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair, three = st.tuples(inner, inner), st.tuples(inner, inner, inner)
    return st.one_of(
        pair.map(lambda one: f"({one[0]} + {one[1]})"),
        pair.map(lambda one: f"({one[0]} and {one[1]})"),
        pair.map(lambda one: f"({one[0]} or {one[1]})"),
        three.map(lambda one: f"({one[0]} if {one[1]} else {one[2]})"),
        st.tuples(inner, inner, names).map(lambda one: f"({one[0]} < {one[1]} < {one[2]})"),
        inner.map(lambda one: f"g({one})"),
        inner.map(lambda one: f"(not {one})"),
        pair.map(lambda one: f"[{one[0]}, {one[1]}]"),
        st.tuples(names, inner).map(lambda one: f"({one[0]} := {one[1]})"),
        st.tuples(inner, names, names).map(lambda one: f"[{one[0]} for {one[1]} in {one[2]}]"),
        st.tuples(names, names).map(lambda one: f"{one[0]}.k({one[1]})"),
        st.tuples(names, names).map(lambda one: f"{one[0]}[{one[1]}]"),
    )


expressions = st.recursive(atoms, _operations, max_leaves=4)


def _indented(lines: Sequence[str]) -> Lines:
    return [INDENT + line for line in lines]


def _body(draw: Draw, depth: int, in_loop: bool) -> Lines:
    count = draw(st.integers(1, 3))
    lines = [line for _ in range(count) for line in _statement(draw, depth - 1, in_loop)]
    return _indented(lines)


def _simple(draw: Draw, _depth: int, in_loop: bool) -> Lines:
    forms = ["{n} = {e}"] * 4 + ["{n} += {e}", "{n}, {m} = {e}, {f}", "{n}, {m} = {e}"]
    forms += [
        "{n} = 1",
        "{n} = None",
        "g({e})",
        "{n} = {m} = {e}",
        "return {e}",
        "raise {e}",
        "{n}.k = {e}",
    ]
    forms += ["import {n}", "assert {e}", "{n}[{e}] = {f}", "pass"]
    forms += ["break", "continue"] if in_loop else []
    parts = {"n": draw(names), "m": draw(names), "e": draw(expressions), "f": draw(expressions)}
    return [draw(st.sampled_from(forms)).format(**parts)]


def _if(draw: Draw, depth: int, in_loop: bool) -> Lines:
    lines = [f"if {draw(expressions)}:", *_body(draw, depth, in_loop)]
    if draw(st.booleans()):
        lines += [f"elif {draw(expressions)}:", *_body(draw, depth, in_loop)]
    if draw(st.booleans()):
        lines += ["else:", *_body(draw, depth, in_loop)]
    return lines


def _loop(draw: Draw, depth: int, in_loop: bool) -> Lines:
    heads = [f"for {draw(names)} in {draw(expressions)}:", f"while {draw(expressions)}:"]
    lines = [draw(st.sampled_from([*heads, "while True:"])), *_body(draw, depth, in_loop=True)]
    if draw(st.integers(0, 3)) == 0:
        lines += ["else:", *_body(draw, depth, in_loop)]
    return lines


def _try(draw: Draw, depth: int, in_loop: bool) -> Lines:
    # A body in which nothing can raise is protected for a reason that only its author knows.
    first = draw(
        st.sampled_from([["g()"], [f"if {draw(names)}:", f"    {draw(names)} = 1", "    g()"]])
    )
    lines = ["try:", *_indented(first), *_body(draw, depth, in_loop)]
    shape = draw(st.integers(0, 3))
    if shape != 3:
        name = draw(st.sampled_from(["", f" as {draw(names)}"]))
        lines += [f"except E{name}:", *_body(draw, depth, in_loop)]
    if shape == 1:
        lines += ["else:", *_body(draw, depth, in_loop)]
    if shape >= 2:
        # A final part counts once for all that go through it: no branches in it.
        lines += ["finally:", *_body(draw, 1, in_loop=False)]
    return lines


def _with(draw: Draw, depth: int, in_loop: bool) -> Lines:
    return [f"with {draw(expressions)} as {draw(names)}:", *_body(draw, depth, in_loop)]


def _match(draw: Draw, depth: int, in_loop: bool) -> Lines:
    first, second = draw(names), draw(st.sampled_from(["_", *NAMES]))
    guard = draw(st.sampled_from(["", f" if g({draw(names)})"]))
    case = [f"case [{first}, 1]{guard}:", *_body(draw, depth, in_loop)]
    rest = [f"case {second}:", *_body(draw, depth, in_loop)]
    return [f"match {draw(expressions)}:", *_indented([*case, *rest])]


def _statement(draw: Draw, depth: int, in_loop: bool) -> Lines:
    nested: list[Maker] = [_if, _loop, _try, _with, _match]
    makers = [_simple] * 4 + (nested if depth > 0 else [])
    return draw(st.sampled_from(makers))(draw, depth, in_loop)


@st.composite
def functions(draw: Draw) -> str:
    """Make the text of one function; it may fail to compile (an unreachable pattern)."""
    lines = ["def f(a, b, c, d):"]
    for _ in range(draw(st.integers(1, 4))):
        lines += _indented(_statement(draw, MAX_DEPTH, in_loop=False))
    return "\n".join(lines) + "\n    return a, b, c, d\n"
