"""Each rewrite by hand: what becomes of a text, and where it stays as it is."""

import re
from collections import Counter

import pytest

from tests.source.rewriting.test_rewriter import every

JAVA = "int f(int a, int b) {{ {} return a; }}"


def java(kind: str, body: str) -> list[str]:
    """The bodies of a Java method after each change of a kind."""
    head, _, tail = JAVA.partition("{}")
    head, tail = head.replace("{{", "{"), tail.replace("}}", "}")
    found = every(kind, f"{head}{body}{tail}", "java")
    assert all(one.startswith(head.partition("(")[0]) for one in found)
    return [one.removeprefix(head).removesuffix(tail).strip() for one in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("while (a < b) a++;", ["for (; a < b; ) a++;"]),
        ("for (; a < b; a++) g();", ["while (a < b) { g(); a++; }"]),
        ("for (int i = 0; i < b; i++) { g(i); }", ["{ int i = 0; while (i < b) { g(i);  i++; } }"]),
        ("for (;;) g();", ["while (true) g();"]),
        # The step would be left out, hidden, not reached, or two.
        ("for (; a < b; a++) { if (h()) continue; g(); }", []),
        ("for (; a < b; a++) { int c = a; return c; }", []),
        ("for (; a < b; a++, b--) g();", []),
        ("x: for (; a < b; a++) g();", []),
        ("for (; a < b; c++) { int c = 3; g(c); }", []),
        (
            "for (; a < b; a++) { while (h()) { continue; } g(); }",
            ["for (; a < b; a++) { for (; h(); ) { continue; } g(); }",
             "while (a < b) { while (h()) { continue; } g();  a++; }"],
        ),
    ],
)  # fmt: skip
def test_loops(body: str, expected: list[str]) -> None:
    assert java("loops", body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a++;", ["++a;", "a += 1;", "a = a + 1;"]),
        ("a -= 2;", ["a = a - 2;"]),
        ("a = a + 1;", ["a++;", "++a;", "a += 1;"]),
        ("short c = 0; c++;", []),
        ("String s = x; s += 1;", []),
        ("field += 1;", []),
        ("g(a++);", []),
        ("int c = a++;", []),
        ("Runnable r = () -> a++;", []),
        ("{ int c = 1; g(c); } c += 1;", []),
    ],
)
def test_steps(body: str, expected: list[str]) -> None:
    assert java("steps", body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if (a < b) g(); else h();", ["if (!(a < b)) { h(); } else { g(); }"]),
        ("if (!a) { g(); } else { h(); }", ["if (a) { h(); } else { g(); }"]),
        ("if (c()) { g(); }else{ h(); }", ["if (!c()) { h(); }else{ g(); }"]),
        ("if (a < b) g();", []),
        (
            "if (a) g(); else if (b) h(); else i();",
            ["if (!a) { if (b) h(); else i(); } else { g(); }",
             "if (a) g(); else if (!b) { i(); } else { h(); }"],
        ),
    ],
)  # fmt: skip
def test_branches(body: str, expected: list[str]) -> None:
    assert java("branches", body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("g(a < b);", ["g(b > a);"]),
        ("g(a + 1 <= 3);", ["g(3 >= (a + 1));"]),
        ("g(h() != 0);", ["g(0 != h());"]),
        ("g(h() < a);", []),
        ("g(a + b);", []),
        ("g(x.y == null);", []),
    ],
)
def test_comparisons(body: str, expected: list[str]) -> None:
    assert java("comparisons", body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("int c = 1, d;", ["int c = 1; int d;"]),
        ("int c = 1;", ["int c; c = 1;"]),
        ("int c; int d = 2;", ["int c, d = 2;", "int c; int d; d = 2;"]),
        ("int c; c = a;", ["int c = a;"]),
        ("int c; c = c();", []),
        ("Map<String, Integer> m = x();", ["Map<String, Integer> m; m = x();"]),
        ("int[] c = {1};", []),
        ("final int c = 1;", []),
        ("var c = 1;", []),
        ("int c; long d;", []),
        ("for (int c = 1; ; ) g();", []),
    ],
)
def test_declarations(body: str, expected: list[str]) -> None:
    assert java("declarations", body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if (a) g();", ["if (a) { g(); }"]),
        ("if (a) { g(); } else{h();}",
         ["if (a) g(); else{h();}", "if (a) { g(); } else h();"]),
        ("while (a) { g(); h(); }", []),
        ("if (a) { int c = 1; }", []),
        ("if (a) { if (b) g(); }", ["if (a) { if (b) { g(); } }"]),
        ("do{g();}while (a);", ["do g();while (a);"]),
    ],
)  # fmt: skip
def test_braces(body: str, expected: list[str]) -> None:
    assert java("braces", body) == expected


def renamed_words(code: str, language: str) -> set[str]:
    """The names of which a renaming takes some out of a text."""
    words = re.compile(r"[$\w]+")
    before = Counter(words.findall(code))
    return {
        word
        for one in every("names", code, language)
        for word in before - Counter(words.findall(one))
    }


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("java", "int f(int a) { int b = a; return b + c; }", {"a", "b"}),
        ("java", "class A { int x; A(int x, int y) { this.x = x; z = y; } }", {"x", "y"}),
        ("java", "int f() { for (int i = 0; i < 3; i++) {} i = 5; return 1; }", set()),
        ("java", "int f() { if (o instanceof Foo x) g(x); return x.y; }", set()),
        ("java", "int f(int a) { return new B() { int a() { return a; } }.a(); }", set()),
        ("c", "int f(int a, T *p) { p->b = a; int b = 1; return b + sizeof(a); }", {"b", "p"}),
        ("c", "int f(int a) {\n#define G a\n return G; }", set()),
        ("cpp", "int f(int a) { cin >> b; for (auto c : d) a += b + c; return a; }", {"a", "c"}),
        ("javascript", "function f(a) { for (b of a) g(b); for (const c of a) g(c); }", {"a", "c"}),
        ("go", "func f() { for a, b := range c { g(a, b) }; for d = range c { g() } }", {"a", "b"}),
        ("javascript", "function f(a, b) { return { a, b: b }; }", {"b"}),
        ("javascript", "function f(a, {b: c}) { return a + c; }", {"a", "c"}),
        ("javascript", "function f(a) { b = a; return arguments[0]; }", set()),
        ("javascript", "function f(a) { b = a; return b; }", {"a"}),
        ("typescript", "class A { constructor(private a: number, b: number) { g(b); } }", {"b"}),
        ("python", "def f(a, *, b):\n    c = a + b\n    return c\n", {"a", "c"}),
        ("python", "def f(a):\n    import os\n    return os, a\n", {"a"}),
        ("python", "def f(a, b):\n    return f(a=b)\n", {"b"}),
        ("python", "def f(a):\n    return f'{a=}'\n", set()),
        ("python", "def f(a):\n    return locals()\n", set()),
        ("python", "def f(a):\n    global b\n    b = a\n", {"a"}),
        ("python", "def f(a):\n    def g():\n        return a\n    return g\n", {"a"}),
        ("php", "<?php function f($a) { global $b; $b = $a; return compact('a'); }", set()),
        ("php", "<?php function f($a) { global $b; $b = $a; return $this->a; }", {"$a"}),
        ("ruby", "def f(a, k: 1)\n  b = a\n  g(b, k)\nend", {"a", "b"}),
        ("go", "func (r *T) f(a int) int { b := T{a: 1}; return b.a + r.c }", {"b", "r"}),
        ("csharp", "int F(int a) { var b = a; return G(c: b) + nameof(a).Length; }", set()),
    ],
)  # fmt: skip
def test_names(language: str, code: str, expected: set[str]) -> None:
    assert renamed_words(code, language) == expected
