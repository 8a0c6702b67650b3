"""Tables meet their grammars: what a grammar lacks is named, what it has is traced."""

from dataclasses import dataclass, replace
from importlib import import_module

import pytest

from tests.source.dataflow.golden_format import parse_golden
from tests.source.dataflow.labels import difference, labelled_edges
from tests.source.dataflow.snippets import flow_of
from tidemill.core.errors import TidemillError
from tidemill.source.dataflow.grammar import FlowTable, compile_grammar
from tidemill.source.dataflow.roles import Member, Name, Skip, Try
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import grammar_of


def table_of(language: str) -> FlowTable:
    """Return the table of a language."""
    name = "typescript" if language == "tsx" else language
    table: FlowTable = import_module(f"tidemill.source.dataflow.tables.{name}").TABLE
    return table


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_table_fits_its_grammar(language: str) -> None:
    grammar = compile_grammar(table_of(language), grammar_of(LANGUAGES[language]))
    named = {role.__class__.__name__ for role in grammar.roles if role is not None}
    assert {"Name", "Literal", "Call", "Assign", "Function"} <= named
    assert grammar.roles[grammar.error] is None


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_kind_the_grammar_lacks_is_named(language: str) -> None:
    table = table_of(language)
    wrong = replace(table, roles={**table.roles, "no_such_kind": Skip()})
    with pytest.raises(TidemillError, match="no_such_kind"):
        compile_grammar(wrong, grammar_of(LANGUAGES[language]))
    allowed = replace(wrong, optional_kinds=table.optional_kinds | {"no_such_kind"})
    compile_grammar(allowed, grammar_of(LANGUAGES[language]))


def test_a_field_the_grammar_lacks_is_named() -> None:
    table = FlowTable(roles={"attribute": Member(object="object", key="no_such_field")})
    with pytest.raises(TidemillError, match="no_such_field"):
        compile_grammar(table, grammar_of(LANGUAGES["python"]))


def test_a_kind_in_a_role_that_the_grammar_lacks_is_named() -> None:
    table = FlowTable(roles={"try_statement": Try(body="body", handlers=("no_such_kind",))})
    with pytest.raises(TidemillError, match="no_such_kind"):
        compile_grammar(table, grammar_of(LANGUAGES["python"]))


def test_a_type_field_the_grammar_lacks_is_named() -> None:
    table = FlowTable(roles={"identifier": Name()}, type_fields=("no_such_field",))
    with pytest.raises(TidemillError, match="no_such_field"):
        compile_grammar(table, grammar_of(LANGUAGES["c"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A function ``f`` of one argument: assignment, branch, loop and call."""

    code: str
    n: str = "n"
    x: str = "x"
    callee: str = ""


PROGRAMS = {
    "python": Program(
        code="def f(n):\n    x = 0\n    if n:\n        x = 1\n    while x < n:\n"
        "        x = x + n\n    return g(x)\n",
    ),
    "javascript": Program(
        code="function f(n) { let x = 0; if (n) { x = 1; }"
        " while (x < n) { x = x + n; } return g(x); }",
    ),
    "java": Program(
        code="class A { int f(int n) { int x = 0; if (n > 2) { x = 1; }"
        " while (x < n) { x = x + n; } return g(x); } }",
    ),
    "csharp": Program(
        code="class A { int F(int n) { int x = 0; if (n > 2) { x = 1; }"
        " while (x < n) { x = x + n; } return G(x); } }",
    ),
    "go": Program(
        code="package p\nfunc f(n int) int {\n\tx := 0\n\tif n > 2 {\n\t\tx = 1\n\t}\n"
        "\tfor x < n {\n\t\tx = x + n\n\t}\n\treturn g(x)\n}\n",
    ),
    "ruby": Program(
        code="def f(n)\n  x = 0\n  if n\n    x = 1\n  end\n"
        "  while x < n\n    x = x + n\n  end\n  g(x)\nend\n",
    ),
    "php": Program(
        code="<?php\nfunction f($n) { $x = 0; if ($n) { $x = 1; }"
        " while ($x < $n) { $x = $x + $n; } return g($x); }\n",
        n="$n",
        x="$x",
    ),
    "c": Program(
        code="int f(int n) { int x = 0; if (n) { x = 1; }"
        " while (x < n) { x = x + n; } return g(x); }",
    ),
}
PROGRAMS["typescript"] = Program(code=PROGRAMS["javascript"].code.replace("f(n)", "f(n: number)"))
PROGRAMS["tsx"] = PROGRAMS["typescript"]
PROGRAMS["cpp"] = PROGRAMS["c"]

EDGES = """
n#2 <- n#1
x#1 <- 0#1
x#2 <- 1#1
x#3 <- x#1, x#2, x#4
n#3 <- n#1
x#4 <= x#5, n#4
x#5 <- x#1, x#2, x#4
n#4 <- n#1
x#6 <- x#1, x#2, x#4
"""


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_traces_the_same_program(language: str) -> None:
    program = PROGRAMS[language]
    edges = EDGES.replace("n#", program.n + "#").replace("x#", program.x + "#")
    case = parse_golden(f"=== x\n--- code\nx\n--- edges\n{edges}", language=language)[0]
    found = labelled_edges(flow_of(program.code.encode(), language).graphs[0])
    assert found == case.edges, difference(case.edges, found)
