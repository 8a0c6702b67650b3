import pytest

from tests.source.slices.telling import sliced, told, types_of

CASES = {
    "a local from a call": (
        "app = make()\napp.get('/')\nlog(app)\n",
        {"/app": "make | get | log@1"},
    ),
    "a local from a literal has none": ("port = 3000\nuse(port)\n", {}),
    "a named argument has its name for a position": (
        "def f(a):\n  use(1, key=a, *a, **a)\n",
        {"f/a": "parameter 1 |  | use@key"},
    ),
    "the receiver has none and is not counted": (
        "class C:\n  def m(self, a):\n    self.go(a)\n  @classmethod\n  def n(cls, a): cls.go(a)\n",
        {"C:m/a": "parameter 1 |  | go@1", "C:n/a": "parameter 1 |  | go@1"},
    ),
    "a method without a receiver counts from 1": (
        "class C:\n  @staticmethod\n  def m(a): a.go()\n",
        {"C:m/a": "parameter 1 | go"},
    ),
    "all kinds of parameters": (
        "def f(a, b: int = 1, /, c=2, *d, e: str, **g):\n  use(a, b, c, d, e, g)\n",
        {
            "f/a": "parameter 1 |  | use@1",
            "f/b": "parameter 2 |  | use@2",
            "f/c": "parameter 3 |  | use@3",
            "f/d": "parameter 4 |  | use@4",
            "f/e": "parameter 5 |  | use@5",
            "f/g": "parameter 6 |  | use@6",
        },
    ),
    "what is taken apart": (
        "a, (b, *c) = make()\na.go(b, c)\n",
        {
            "/a": "make[0] | go",
            "/b": "make[1][0] |  | go@1",
            "/c": "make[1][1] |  | go@2",
        },
    ),
    "a chain of assignments": (
        "a = b = make()\na.x()\nb.y()\n",
        {"/a": "make | x", "/b": "make | y"},
    ),
    "loops, comprehensions, context managers, walrus": (
        """
with opened() as f, other() as (g, h):
    f.read(g)
for k, v in items():
    k.go(v)
[x.m() for x in xs() if (y := x.n())]
y.go()
""",
        {
            "/f": "opened | read",
            "/g": "other[0] |  | read@1",
            "/k": "items[0] | go",
            "/v": "items[1] |  | go@1",
            "/x": "xs | m n",
            "/y": "x.n | go",
        },
    ),
    "a lambda has the name of its variable": (
        "f = lambda a: a.go()\nuse(lambda a: a.go())\n",
        {"f/a": "parameter 1 | go", "<lambda>/a": "parameter 1 | go"},
    ),
    "imports have none, and hide nothing": (
        "import os.path\nfrom a import b as c\nos.go()\nc.go()\nd = os.make()\nd.go()\n",
        {"/d": "os.make | go"},
    ),
    "what is caught and captured has none": (
        "try: pass\nexcept E as e: e.show()\nmatch x:\n  case C(y=y) | [y, *z]: y.go(z)\n",
        {},
    ),
    "a generator is no list of arguments": (
        "def f(a):\n  sum(b.go(a) for b in a)\n",
        {"f/a": "parameter 1 |  | go@1", "f/b": "a | go"},
    ),
}


@pytest.mark.claim("tidal.slices.definition")
@pytest.mark.parametrize("case", CASES)
def test_a_slice_is_what_the_definition_says(case: str) -> None:
    code, expected = CASES[case]
    assert told(code, "python") == expected


def test_operators() -> None:
    code = (
        "def f(a):\n  a + 1; 1 // a; a < 2 < a; a is not None; not a; -a; a and 1; a[0]; b[a]\n"
        "  [1, a]; (a, 1); f'{1}{a}'; a if a else 1; del a; raise a\n  return a\n"
    )
    assert told(code, "python", operators=True)["f/a"] == (
        "parameter 1 |  | ~addition@1 ~floorDiv@2 ~lessThan@1 ~isNot@1 ~logicalNot@1 ~minus@1"
        " ~logicalAnd@1 ~indexAccess@1 ~indexAccess@2 ~listLiteral@2 ~tupleLiteral@1"
        " ~formatString@2 ~conditional@1 ~delete@1 ~raise@1 ~return@-1"
    )


def test_types_come_from_annotations_classes_and_literals() -> None:
    code = """
class Own:
    def go(self) -> "Own": ...
def make() -> list[int]: ...
def f(a: str, b: list[int], c: Own, d: Any, e=3, g: dict[str, Own] = None):
    use(a, b, c, d, e, g)
    h = Own(a)
    i = make()
    j: int = i.pop()
    use(h, i, j)
"""
    assert types_of(code, "python") == {
        "a": "__builtin.str",
        "b": "__builtin.list[__builtin.int]",
        "c": "a::program:Own",
        "d": "ANY",
        "e": "__builtin.int",
        "g": "__builtin.dict[__builtin.str, Own]",
        "h": "a::program:Own",
        "i": "__builtin.list[__builtin.int]",
        "j": "__builtin.int",
    }


def test_classes_with_what_they_hold() -> None:
    code = """
class Cart:
    limit: int = 3
    kind = "x"
    def __init__(self, owner: str, *, items=None):
        self.owner = owner
        self.items = []
    @property
    def size(self) -> int: ...
class Empty:
    pass
"""
    (found,) = sliced(code, "python").user_types
    assert {part.name: part.type_name for part in found.fields} == {
        "limit": "__builtin.int",
        "kind": "__builtin.str",
        "owner": "__builtin.str",
        "items": "__builtin.list",
    }
    own = "a::program:Cart"
    assert [(call.name, call.parameter_types, call.return_type) for call in found.procedures] == [
        ("__init__", (own, "__builtin.str", "ANY"), "ANY"),
        ("size", (own,), "__builtin.int"),
    ]


def test_a_method_of_the_own_class_is_resolved() -> None:
    code = "class C:\n  def m(self, a):\n    self.n(a)\n  def n(self, b) -> int: ...\n"
    (argument,) = sliced(code, "python").methods[0].slices[0].argument_calls
    assert argument.call.resolved_method == "a::program:C:n"
    assert argument.call.return_type == "__builtin.int"
