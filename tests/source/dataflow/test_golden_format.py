"""The golden format: what is read, and every way a file can break it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.dataflow.golden_format import (
    EdgeKind,
    GoldenCase,
    GoldenEdge,
    GoldenFormatError,
    Mention,
    parse_golden,
    read_golden,
)

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.txt"))
CASES = [case for path in FILES for case in read_golden(path)]

WHOLE = """\
# a comment before the first case

=== first
--- code
def f(a):  # stays
# stays too

    return a

--- unit f
--- free
print open
--- edges
# a comment between edges
a#2 <- a#1
a#2 <= f#1, "x, y#1"#1
=== second
--- code
x
--- edges
"""


def edge(target: Mention, source: Mention, kind: EdgeKind) -> GoldenEdge:
    return GoldenEdge(target=target, source=source, kind=kind)


def node(name: str, ordinal: int) -> Mention:
    return Mention(name=name, ordinal=ordinal)


def only_edges(lines: str) -> frozenset[GoldenEdge]:
    (case,) = parse_golden(f"=== c\n--- code\nx\n--- edges\n{lines}\n", language="python")
    return case.edges


def test_a_whole_file() -> None:
    first, second = parse_golden(WHOLE, language="python")
    assert first == GoldenCase(
        language="python",
        name="first",
        code="def f(a):  # stays\n# stays too\n\n    return a\n",
        unit="f",
        edges=frozenset(
            {
                edge(node("a", 2), node("a", 1), "comes_from"),
                edge(node("a", 2), node("f", 1), "computed_from"),
                edge(node("a", 2), node('"x, y#1"', 1), "computed_from"),
            }
        ),
        free=("print", "open"),
        line=3,
    )
    assert (second.unit, second.free, second.edges) == (None, None, frozenset())
    assert second.line == 17


def test_an_empty_free_section_says_that_nothing_is_free() -> None:
    text = "=== c\n--- code\nx\n--- free\n--- edges\n"
    assert parse_golden(text, language="c")[0].free == ()


def test_the_language_is_the_stem_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ruby.txt"
    path.write_text("=== c\n--- code\nx\n--- edges\n", encoding="utf-8")
    assert read_golden(path)[0].language == "ruby"


@pytest.mark.parametrize(
    ("line", "target", "source"),
    [
        ("d[a,b]#1 <- x#1", node("d[a,b]", 1), node("x", 1)),
        ('x#1 <- "a <- b"#2', node("x", 1), node('"a <- b"', 2)),
        ('x#1 <- "#"#1', node("x", 1), node('"#"', 1)),
        ("this.#n#2 <- v#10", node("this.#n", 2), node("v", 10)),
        ("  x#1   <-   @y#1  ", node("x", 1), node("@y", 1)),
    ],
)
def test_names_with_unusual_characters(line: str, target: Mention, source: Mention) -> None:
    assert only_edges(line) == {edge(target, source, "comes_from")}


def test_mentions_and_edges_print_as_they_are_written() -> None:
    (found,) = only_edges("self.x#2 <= v#1")
    assert str(found) == "self.x#2 <= v#1"


@given(
    names=st.lists(st.from_regex(r"[a-z][a-z.\[\]\"']{0,6}", fullmatch=True), min_size=1),
    kind=st.sampled_from(["<-", "<="]),
)
def test_what_is_written_is_read(names: list[str], kind: str) -> None:
    sources = [f"{name}#{at}" for at, name in enumerate(names, start=1)]
    found = only_edges(f"t#1 {kind} {', '.join(sources)}")
    assert {str(one.source) for one in found} == set(sources)
    assert all(str(one) == f"t#1 {kind} {one.source}" for one in found)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x\n", 1, "text outside a section"),
        ("\n--- code\n", 2, "a section before the first case"),
        ("===  \n", 1, "a case needs a name"),
        ("=== a\nx\n", 2, "text outside a section"),
        ("=== a\n--- colour\n", 2, "unknown section 'colour'"),
        ("=== a\n--- code\nx\n--- code\n", 4, "a second section 'code'"),
        ("=== a\n--- code x\n", 2, "only `--- unit` takes a word"),
        ("=== a\n--- unit\n", 2, "only `--- unit` takes a word"),
        ("=== a\n--- unit f\ng\n--- code\nx\n--- edges\n", 3, "`--- unit NAME` has no body"),
        ("=== a\n--- edges\n", 1, "no section 'code'"),
        ("=== a\n--- code\nx\n", 1, "no section 'edges'"),
        ("=== a\n--- code\n\n--- edges\n", 1, "the code is empty"),
        (
            "=== a\n--- code\nx\n--- edges\n=== a\n--- code\nx\n--- edges\n",
            5,
            "two cases are named 'a'",
        ),
        ("=== a\n--- code\nx\n--- edges\nx#1\n", 5, "an edge line is"),
        ("=== a\n--- code\nx\n--- edges\nx <- y#1\n", 5, "the target is not of the form"),
        ("=== a\n--- code\nx\n--- edges\nx#1 <- y\n", 5, "not of the form NAME#k: 'y'"),
        ("=== a\n--- code\nx\n--- edges\nx#1 <- y#1,\n", 5, "a source is missing"),
        ("=== a\n--- code\nx\n--- edges\nx#0 <- y#1\n", 5, "nodes are counted from 1"),
        ("=== a\n--- code\nx\n--- edges\nx#1 <- y#1, y#1\n", 5, "a source is named twice"),
        ("=== a\n--- code\nx\n--- edges\nx#1 <- y#1\nx#1 <- z#1\n", 6, "a second line of this"),
    ],
)
def test_errors_name_the_line(text: str, line: int, message: str) -> None:
    with pytest.raises(GoldenFormatError, match=re.escape(message)) as caught:
        parse_golden(text, language="c", path="golden/c.txt")
    assert caught.value.line == line
    assert caught.value.path == "golden/c.txt"
    assert f"golden/c.txt:{line}" in str(caught.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}-{case.name}")
def test_every_node_named_in_a_case_is_in_its_code(case: GoldenCase) -> None:
    code = re.sub(r"\s", "", case.code)
    for mention in {end for one in case.edges for end in (one.target, one.source)}:
        name = re.sub(r"\s", "", mention.name)
        assert code.count(name) >= mention.ordinal, f"line {case.line}: {mention}"


def test_python_has_its_cases() -> None:
    assert sum(case.language == "python" for case in CASES) >= 60
