"""What a slice holds, case by case, written by hand from the definition.

The definition is that of Joern's `UsageSlicing`; what differs on purpose is in
docs/how/slices.md.
"""

import pytest

from tests.source.slices.telling import sliced, told, types_of
from tidemill.source.slices.assembly import SliceRules

CASES = {
    "a local from a call": (
        "const app = make(); app.get('/', 1); log(app);",
        {"/app": "make | get | log@1"},
    ),
    "a local from a literal has none": ("const port = 3000; use(port);", {}),
    "nor has one from another variable, an object or a function": (
        "function f() { const x = y; use(x); const o = {}; o.go(); const g = () => 1; use(g); }",
        {},
    ),
    "a parameter": (
        "function f(req, res) { res.send(req); }",
        {"f/req": "parameter 1 |  | send@1", "f/res": "parameter 2 | send"},
    ),
    "the receiver is no parameter": ("function f(self) { self.go(); }", {}),
    "a parameter without a call has none": ("function f(a) { a; return 1; }", {}),
    "names of compilers are skipped": ("function f(_tmp_1) { _tmp_1.go(); }", {}),
    "what requires another file has none": (
        "const a = require('a'), { b } = require('b'), c = require('c').d; a.x(); b.x(); c.x();",
        {},
    ),
    "nor has what an import brings": (
        "import d, { e as f } from 'x'; import * as h from 'y'; d.x(); f.x(); h.x();",
        {},
    ),
    "nor has what an import brings later": ("const i = await import('z'); i.x();", {}),
    "a constructor": (
        "const box = new Box(1); box.add(2);",
        {"/box": "new Box | Box add"},
    ),
    "a constructor behind a choice": (
        "const box = given ? new Box() : null; box.add(2);",
        {"/box": "given ? new Box | Box add"},
    ),
    "a constructor in an argument is somebody else's": (
        "function f(b) { const a = wrap(new Box(b)); a.go(); }",
        {"f/b": "parameter 1 |  | Box@1", "f/a": "wrap | go"},
    ),
    "a variable that is passed twice counts once, where it comes first": (
        "function f(a) { a.add(a); use(1, a, a); }",
        {"f/a": "parameter 1 | add | use@2"},
    ),
    "a variable that is called is no argument": ("function f(cb) { cb(1); }", {}),
    "a field of a variable is not the variable": (
        "function f(a) { a.b.c(); a.b; use(a.b); }",
        {},
    ),
    "a method by index": (
        "function f(a) { a['go'](1); a[0](2); }",
        {"f/a": "parameter 1 | go 0"},
    ),
    "optional chains, casts and assertions are looked through": (
        "function f(a, b) { a?.go(); (b as Foo).go(); b!.stop(); use((a)); }",
        {"f/a": "parameter 1 | go | use@1", "f/b": "parameter 2 | go stop"},
    ),
    "what is awaited": (
        "async function f(a) { const b = await a.load(); b.go(); }",
        {"f/a": "parameter 1 | load", "f/b": "await a.load | go"},
    ),
    "what is taken apart comes from an operator": (
        "const { a, b: { c } } = make(), [, [d]] = list(); a.go(c); d.go();",
        {
            "/a": "make.a | go",
            "/c": "make.b.c |  | go@1",
            "/d": "list[0][0] | go",
        },
    ),
    "a parameter that is taken apart": (
        "function f(x, { a, ...rest }, [b] = []) { a.go(rest, b); }",
        {
            "f/a": "param2.a | go",
            "f/rest": "param2 |  | go@1",
            "f/b": "param3[0] |  | go@2",
        },
    ),
    "defaults and rests are parameters": (
        "function f(a = 1, ...b) { a.go(); b.map(1); }",
        {"f/a": "parameter 1 | go", "f/b": "parameter 2 | map"},
    ),
    "what a loop binds": (
        "function f(xs) { for (const x of xs) x.go(); for (const k in xs) k.go(); }",
        {"f/x": "xs | go", "f/k": "xs | go"},
    ),
    "what has no code before its parenthesis is named by what it is": (
        "for (const x of (f())()) x.go(); const y = (() => 1)(); y.go();",
        {"/x": "<operator>.iterator | go", "/y": "(() => 1)() | go"},
    ),
    "the first value decides": (
        "let a, b = null; a = make(); b = make(); a.go(); b.go(); a = 1;",
        {"/a": "make | go"},
    ),
    "an empty list comes from a factory, a full one from nothing": (
        "const a = [], b = [1]; a.push(1); b.push(1);",
        {"/a": "__ecma.Array.factory | push"},
    ),
    "what is caught has none": ("try {} catch (e) { e.show(); }", {}),
    "a template with holes": (
        "const a = `x${1}`, b = `y`; a.trim(); b.trim();",
        {"/a": "<operator>.formatString | trim"},
    ),
    "a tagged template is a call": (
        "function f(a, b) { a.tag`x${b}`; }",
        {"f/a": "parameter 1 | tag"},
    ),
    "TypeScript's this is no parameter": (
        "function f(this: Window, a: string) { a.trim(); }",
        {"f/a": "parameter 1 | trim"},
    ),
    "a hash in the name": (
        "class A { #go(a) { this.#go(a); } }",
        {"A:#go/a": "parameter 1 |  | #go@1"},
    ),
}


@pytest.mark.claim("tidal.slices.definition")
@pytest.mark.parametrize("case", CASES)
def test_a_slice_is_what_the_definition_says(case: str) -> None:
    code, expected = CASES[case]
    assert told(code) == expected


OPERATORS = {
    "const a = make(); a;": {"/a": "make |  | ~assignment@1"},
    "const a = new A(); a;": {"/a": "new A | A"},
    "function f(a) { b = a; c.d = a; ({ e: a, a }); }": {
        "f/a": "parameter 1 |  | ~assignment@2 ~assignment@2 ~assignment@2 ~assignment@2"
    },
    "function f(a) { a + 1; 1 + a; a += 1; a++; -a; !a; typeof a; }": {
        "f/a": "parameter 1 |  | ~addition@1 ~addition@2 ~assignmentPlus@1 ~postIncrement@1"
        " ~minus@1 ~logicalNot@1 ~instanceOf@1"
    },
    "function f(a) { a[0]; b[a]; [1, a]; g(...a); `x${1}y${a}`; a ? 1 : 2; b ?? a; throw a; }": {
        "f/a": "parameter 1 |  | ~indexAccess@1 ~indexAccess@2 ~arrayInitializer@2 ~spread@1"
        " ~formatString@4 ~conditional@1 ~elvis@2 ~throw@1"
    },
    "async function f(a) { await a; for (const b of a) b; }": {
        "f/a": "parameter 1 |  | ~await@1 ~assignment@2",
        "f/b": "a |  | ~assignment@1",
    },
    "function f(a) { a.go(); return a; }": {"f/a": "parameter 1 | go | ~return@-1"},
    "const f = (a) => a, g = (b) => (b.go(), b);": {"g/b": "parameter 1 | go"},
    "function f(a) { return a; }": {},
}


@pytest.mark.claim("tidal.slices.definition")
@pytest.mark.parametrize("code", OPERATORS)
def test_operators_are_calls_unless_they_are_excluded(code: str) -> None:
    assert told(code, operators=True) == OPERATORS[code]


def test_a_constructor_stays_when_operators_are_excluded() -> None:
    assert told("const a = new A(1); a;") == {"/a": "new A | A"}
    assert told("const a = make(); a;") == {}


def test_the_least_number_of_calls() -> None:
    code = "function f(a, b) { a.x(); a.y(); b.x(); return b; }"
    program = sliced(code, rules=SliceRules(min_calls=2))
    assert [usage.target.name for usage in program.methods[0].slices] == ["a"]


def test_an_inner_variable_hides_the_outer_one() -> None:
    program = sliced("function f(a) { { let a = make(); a.inner(); } a.outer(); }")
    told_apart = [
        (usage.target.label, [call.name for call in usage.invoked_calls])
        for usage in program.methods[0].slices
    ]
    assert told_apart == [("PARAM", ["outer"]), ("LOCAL", ["inner"])]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a.go(); { var a = make(); }", {"/a": "make | go"}),
        ("a.go(); { let a = make(); }", {}),
        ("for (let a = make(); a.more(); a.step()) {} a.go();", {"/a": "make | more step"}),
        ("for (var a = make(); ;) {} a.go();", {"/a": "make | go"}),
        ("switch (1) { case 1: let a = make(); a.go(); } a.out();", {"/a": "make | go"}),
        ("function f(a) { function a() {} a.go(); }", {}),
        ("try {} catch (a) { var b = make(); } b.go(); a.go();", {"/b": "make | go"}),
        ("class A { static { var a = make(); a.go(); } } a.out();", {"/a": "make | go"}),
        ("namespace N { var a = make(); } a.out();", {}),
        (
            "const g = function a() { a.go(); }; function h(a) { a.go(); }",
            {"h/a": "parameter 1 | go"},
        ),
    ],
)
def test_names_hold_where_the_language_says(code: str, expected: dict[str, str]) -> None:
    assert told(code) == expected


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("function f(a) { a.go(); }", "f"),
        ("const f = (a) => a.go();", "f"),
        ("f = function (a) { a.go(); };", "f"),
        ("x.f = function (a) { a.go(); };", "anonymous"),
        ("use((a) => a.go());", "anonymous"),
        ("const o = { m(a) { a.go(); } };", "m"),
        ("class C { constructor(a) { a.go(); } }", "C:<init>"),
        ("class C { m(a) { a.go(); } }", "C:m"),
        ("class C { f = (a) => a.go(); }", "C:f"),
        ("const C = class { m(a) { a.go(); } };", "C:m"),
        ("namespace N { export function f(a) { a.go(); } }", "N:f"),
        ("function f() { function g(a) { a.go(); } }", "f:g"),
        ("export default function (a) { a.go(); }", "anonymous"),
    ],
)
def test_full_names(code: str, name: str) -> None:
    assert list(told(code)) == [f"{name}/a"]


def test_no_two_functions_have_one_full_name() -> None:
    code = "a((x) => x.a()); a((x) => x.b()); function anonymous1(x) { x.c(); }" * 2
    names = [method.full_name for method in sliced(code).methods]
    assert len(names) == len(set(names)) == 6


TYPES = """
class Own { go(): Own { return this; } }
function f(a: string, b: number[], c: any, d: Map<string, number>, e: Own, g: Date, h?: unknown,
           i = 3, j: { string: boolean } = null, q = a, r = a as Foo) {
    use(a, b, c, d, e, g, h, i, j, q, r);
    const k = new Own(), l = new Set<string>(), m = make() as Foo, n = e.go(), o = make();
    use(k, l, m, n, o);
    let p = make(); p = 3; use(p);
}
"""


def test_types_come_from_annotations_constructors_and_casts() -> None:
    assert types_of(TYPES) == {
        "a": "__ecma.String",
        "b": "__ecma.Number[]",
        "c": "ANY",
        "d": "Map<__ecma.String, __ecma.Number>",
        "e": "a::program:Own",
        "g": "__ecma.Date",
        "h": "ANY",
        "i": "__ecma.Number",
        "j": "{ string: __ecma.Boolean }",
        "q": "ANY",
        "r": "Foo",
        "k": "a::program:Own",
        "l": "__ecma.Set",
        "m": "Foo",
        "n": "a::program:Own",
        "o": "ANY",
        "p": "ANY",
    }


def test_arguments_have_types() -> None:
    written = "'x', 1, true, null, () => 1, [1], /x/, `y`, new B(), a, b, {}"
    code = f"function f(a: Foo) {{ a.go({written}); }}"
    call = sliced(code).methods[0].slices[0].invoked_calls[0]
    assert call.parameter_types == (
        "__ecma.String",
        "__ecma.Number",
        "__ecma.Boolean",
        "null",
        "LAMBDA",
        "__ecma.Array",
        "__ecma.RegExp",
        "__ecma.String",
        "B",
        "Foo",
        "ANY",
        "ANY",
    )


def test_calls_within_the_file_are_resolved() -> None:
    code = """
    function make(a): Own { return a; }
    class Own { go(a): string { this.stop(a); } stop(a) {} }
    function f(a, b: Own) { make(a); b.go(a); other(a); }
    """
    found = {
        call.name: (call.resolved_method, call.return_type)
        for method in sliced(code).methods
        for usage in method.slices
        for call in (*usage.invoked_calls, *(one.call for one in usage.argument_calls))
    }
    assert found == {
        "make": ("a::program:make", "a::program:Own"),
        "go": ("a::program:Own:go", "__ecma.String"),
        "stop": ("a::program:Own:stop", "ANY"),
        "other": (None, "ANY"),
    }


def test_a_receiver_outside_classes_has_no_methods() -> None:
    code = "function f(a) { this.go(a); }\nclass Last { go(a) {} }\n"
    (argument,) = sliced(code).methods[0].slices[0].argument_calls
    assert argument.call.resolved_method is None


def test_types_that_a_file_declares() -> None:
    code = """
    interface Shape { area: number; scale(by: number): Shape; }
    enum Colour { Red, Green = 2 }
    type Point = { x: number };
    type Alias = string;
    class Empty {}
    abstract class Car {
        static made = 0;
        #secret: string;
        constructor(private name: string, readonly year, other) { this.late = new Date(); }
        drive = (to: Point): void => {};
        abstract stop(): boolean;
    }
    """
    found = {
        one.name.removeprefix("a::program:"): (
            {part.name: part.type_name for part in one.fields},
            {call.name: (*call.parameter_types[1:], call.return_type) for call in one.procedures},
        )
        for one in sliced(code).user_types
    }
    number, text = "__ecma.Number", "__ecma.String"
    point = "a::program:Point"
    assert found == {
        "Shape": ({"area": number}, {"scale": (number, "a::program:Shape")}),
        "Colour": ({"Red": "ANY", "Green": "ANY"}, {}),
        "Point": ({"x": number}, {}),
        "Car": (
            {
                "made": number,
                "#secret": text,
                "name": text,
                "year": "ANY",
                "late": "__ecma.Date",
            },
            {
                "<init>": (text, "ANY", "ANY", "ANY"),
                "drive": (point, "void"),
                "stop": ("__ecma.Boolean",),
            },
        ),
    }


def test_places_are_bytes_and_calls_are_in_order_of_place() -> None:
    code = "const ü = 'ä'; function f(a) { use(() => a.late()); a.first(); a.x(); }"
    usage = sliced(code).methods[0].slices[0]
    data = code.encode()
    assert usage.target.span is not None
    assert usage.target.span.of(data) == b"a"
    spans = [call.span for call in usage.invoked_calls]
    assert [span.of(data) for span in spans if span] == [b"a.late()", b"a.first()", b"a.x()"]
    assert spans == sorted(span for span in spans if span)


def test_a_method_has_its_header_and_its_text_where_it_is_wanted() -> None:
    code = "class A { go(a: B): Box<T> { a.go(); } }\nconst f = async (b) => b.go();"
    assert [one.signature for one in sliced(code).methods] == ["go(a: B): Box<T>", "async (b)"]
    assert {one.source for one in sliced(code).methods} == {""}
    sources = [one.source for one in sliced(code, rules=SliceRules(with_source=True)).methods]
    assert sources == ["go(a: B): Box<T> { a.go(); }", "async (b) => b.go()"]


def test_broken_code_is_sliced_as_far_as_it_can_be_read() -> None:
    code = "function f(a) { a.go(); }\nfunction ( { = ;\nfunction g(b) { b.go(); }\n"
    assert set(told(code)) >= {"f/a", "g/b"}
