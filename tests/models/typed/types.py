"""Types drawn at random: all that can be written, and those of the grammar."""

from collections.abc import Callable, Mapping

from hypothesis import strategies as st

from tidemill.models.typed.scope import Arity

PLAIN = ("string", "number", "Reed", "Größe", "$t", "A.B", "void")
LITERALS = ('"a"', "'b c'", "-1", "0", "1.5", "true", "`x${string}`")


def any_type() -> st.SearchStrategy[str]:
    """Types of all forms that people write."""
    return st.recursive(st.sampled_from([*PLAIN, *LITERALS]), _larger, max_leaves=8)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map("Promise<{}>".format),
        inner.map("({})[]".format),
        inner.map("keyof ({})".format),
        inner.map("readonly ({})[]".format),
        inner.map("{{ a: {}; b?: string }}".format),
        inner.map("(value: {}, more?: number) => void".format),
        inner.map("new () => {}".format),
        st.tuples(inner, inner).map(lambda two: "Map<{}, {}>".format(*two)),
        st.tuples(inner, inner).map(lambda two: "({}) | ({})".format(*two)),
        st.tuples(inner, inner).map(lambda two: "({}) & ({})".format(*two)),
        st.tuples(inner, inner).map(lambda two: "[{}, ...({})[]]".format(*two)),
        st.tuples(inner, inner).map(lambda two: "({}) extends ({}) ? 1 : 2".format(*two)),
    )


@st.composite
def grammar_type(
    draw: st.DrawFn, names: Mapping[str, Arity], parameters: tuple[str, ...], depth: int = 3
) -> str:
    """A type as the grammar's docstring has it: names, arguments, arrays, unions, functions.

    Args:
        draw: Of hypothesis.
        names: Known names with what they take.
        parameters: Names of parameters.
        depth: Lists in one another at most.
    """
    arms: list[Callable[[], str]] = [lambda: _union(draw, names, parameters, depth)]
    if depth:
        arms.append(lambda: _function(draw, names, parameters, depth))
    return draw(st.sampled_from(arms))()


def _union(
    draw: st.DrawFn, names: Mapping[str, Arity], parameters: tuple[str, ...], depth: int
) -> str:
    count = draw(st.integers(1, 4))
    return " | ".join(_member(draw, names, parameters, depth) for _ in range(count))


def _member(
    draw: st.DrawFn, names: Mapping[str, Arity], parameters: tuple[str, ...], depth: int
) -> str:
    fitting = [name for name, (least, _) in names.items() if depth or not least]
    name = draw(st.sampled_from(fitting))
    least, most = names[name]
    count = draw(st.integers(least, least + 2 if most is None else most)) if depth else 0
    if count:
        inner = [draw(grammar_type(names, parameters, depth - 1)) for _ in range(count)]
        name = f"{name}<{', '.join(inner)}>"
    return name + "[]" * draw(st.integers(0, 2))


def _function(
    draw: st.DrawFn, names: Mapping[str, Arity], parameters: tuple[str, ...], depth: int
) -> str:
    named = draw(st.lists(st.sampled_from(parameters), max_size=2))
    inside = [f"{name}: {draw(grammar_type(names, parameters, depth - 1))}" for name in named]
    result = draw(grammar_type(names, parameters, depth - 1))
    return f"({', '.join(inside)}) => {result}"
