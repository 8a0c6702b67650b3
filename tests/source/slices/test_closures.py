import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.slices.telling import told


@pytest.mark.claim("tidal.slices.closures")
@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        (
            "javascript",
            "function f(a) { const b = a.make(); g(() => { b.use(a); g(() => b.end()); }) }",
            {"f/a": "parameter 1 | make | use@1", "f/b": "a.make | use end"},
        ),
        (
            "javascript",
            "const a = make(); function f() { a.early(); } class C { m() { a.late(f, a); } }",
            {"/a": "make | early late"},
        ),
        (
            "typescript",
            "function f(a: A) { use(function (b) { a.go(b); }); a.stop(); }",
            {"f/a": "parameter 1 | go stop", "f:anonymous/b": "parameter 1 |  | go@1"},
        ),
        (
            "python",
            "def f(a):\n  b = a.make()\n  def g():\n    b.use(a)\n    return lambda: b.end()\n",
            {"f/a": "parameter 1 | make | use@1", "f/b": "a.make | use end"},
        ),
        (
            "python",
            "def f(a):\n def g():\n  nonlocal a\n  a = a.next()\n a.go([x.y(a) for x in a])\n",
            {"f/a": "parameter 1 | next go | y@1", "f/x": "a | y"},
        ),
    ],
)
def test_what_closures_capture_belongs_to_its_slice(
    language: str, code: str, expected: dict[str, str]
) -> None:
    assert told(code, language) == expected


@pytest.mark.claim("tidal.slices.closures")
@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        (
            "javascript",
            "function f(a) { a.outer(); use((a) => a.inner()) }",
            {"f/a": "parameter 1 | outer", "f:anonymous/a": "parameter 1 | inner"},
        ),
        (
            "javascript",
            "function f(a) { a.outer(); use(() => { var a = mk(); a.inner(); }); }",
            {"f/a": "parameter 1 | outer", "f:anonymous/a": "mk | inner"},
        ),
        (
            "python",
            "def f(a):\n  a.outer()\n  def g():\n    a = make()\n    a.inner()\n",
            {"f/a": "parameter 1 | outer", "f:g/a": "make | inner"},
        ),
        (
            "python",
            "a = make()\nclass C:\n  a = other()\n  def m(self):\n    a.outer()\n  a.inner()\n",
            {"/a": "other | inner"},
        ),
        (
            "python",
            "a = make()\ndef f():\n  global a\n  a = None\n  a.go()\n[a.x() for a in b]\na.y()\n",
            {"/a": "b | x"},
        ),
    ],
)
def test_a_variable_of_its_own_in_a_closure_does_not(
    language: str, code: str, expected: dict[str, str]
) -> None:
    assert told(code, language) == expected


@pytest.mark.claim("tidal.slices.closures")
@given(depth=st.integers(0, 40), hidden=st.integers(0, 40))
def test_a_variable_is_seen_as_deep_as_nothing_hides_it(depth: int, hidden: int) -> None:
    body = "".join(
        f"(({'a' if level == hidden else ''}) => {{ a.m{level}();" for level in range(depth)
    )
    code = f"function f(a) {{ {body} {'});' * depth} }}"
    calls = [f"m{level}" for level in range(min(depth, hidden))]
    expected = f"parameter 1 | {' '.join(calls)}" if calls else None
    assert told(code).get("f/a") == expected
