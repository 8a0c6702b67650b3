"""What changes a text without changing its data flow changes the graph in just that way."""

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from itertools import accumulate

import pytest
import tree_sitter

from tests.source.dataflow.golden_format import GoldenCase
from tests.source.dataflow.snippets import CASES, Flow, case_name, flow_of, shape_of
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import SyntaxTree, grammar_of, parse_fragment

SUFFIX = "Zq7"
PLAIN = re.compile(r"[^\W\d_]\w*")
ONE_TOKEN = re.compile(
    r"string|comment|char|heredoc|template|regex|text|encapsed|raw|docstring|preproc|interpolation"
)
HASH_COMMENTS = {"python", "ruby"}

every_case = pytest.mark.parametrize("case", CASES, ids=case_name)


@cache
def keywords(language: str) -> frozenset[str]:
    """Words that the grammar knows, some of which are keywords only in places."""
    grammar = grammar_of(LANGUAGES[language])
    kinds = range(grammar.node_kind_count)
    words = (
        grammar.node_kind_for_id(kind) for kind in kinds if not grammar.node_kind_is_named(kind)
    )
    return frozenset(word for word in words if word is not None)


def defined_names(flow: Flow, language: str) -> set[str]:
    """Names of variables that have a definition and may bear any other name."""
    names = {
        node.name
        for graph in flow.graphs
        for node in graph.nodes
        if node.kind == "variable" and node.role == "definition"
    }
    return {
        name
        for name in names
        if PLAIN.fullmatch(name.lstrip("$")) and name not in keywords(language)
    }


def renaming(name: str) -> Callable[[bytes], bytes]:
    """Return what gives every token spelled ``name`` a longer name.

    A sigil belongs to the token; a word before a quote is the string's prefix, one after
    a backslash an escape.
    """
    sign, word = ("$", name[1:]) if name.startswith("$") else ("", name)
    before = r"(?<![\w\\])" if sign else rf"(?<![\w\\$])(?<!\{{{word}!)"
    pattern = re.compile(rf"{before}{re.escape(sign + word)}(?![\w\"'])".encode())
    return lambda text: pattern.sub(f"{sign}{word}{SUFFIX}".encode(), text)


@pytest.mark.claim("gcb.dataflow.renaming")
@every_case
def test_a_variable_renamed_renames_the_graph_and_nothing_else(case: GoldenCase) -> None:
    code = case.code.encode()
    flow = flow_of(code, case.language)
    assert SUFFIX not in case.code
    for name in sorted(defined_names(flow, case.language)):
        renamed = renaming(name)
        found = flow_of(renamed(code), case.language)
        for before, after in zip(flow.graphs, found.graphs, strict=True):
            assert shape_of(after) == shape_of(before), name
            assert spelled(after) == [renamed(text) for text in spelled(before)], name
            assert set(after.free) == {renamed(one.encode()).decode() for one in before.free}


def spelled(graph: DataFlowGraph) -> list[bytes]:
    """Return the source text of every node."""
    return [graph.text[start:end] for start, end in zip(graph.starts, graph.ends, strict=True)]


def breaks_of(tree: SyntaxTree) -> list[int]:
    """Places of line feeds that stand between tokens."""
    root, text, offset = tree.tree.root_node, tree.text, tree.offset
    found = [match.start() for match in re.finditer(rb"\n", text)]
    return [place for place in found if _is_between(root, place + offset, text[place - 1 : place])]


def _is_between(root: tree_sitter.Node, place: int, before: bytes) -> bool:
    if before == b"\\":
        return False
    last = root.descendant_for_byte_range(place - 1, place)
    if last is not None and last.type == "heredoc_end":
        return False  # which stands alone in its line
    node = root.descendant_for_byte_range(place, place + 1)
    while node is not None:
        covers = node.start_byte < place < node.end_byte
        if covers and (node.child_count == 0 or ONE_TOKEN.search(node.type)) and node.parent:
            return False
        node = node.parent
    return True


def inserted(text: bytes, places: list[int], what: bytes) -> tuple[bytes, Callable[[int], int]]:
    """Insert ``what``, indented like what follows, at all places.

    Returns:
        The text, and where each of its bytes went.
    """
    pieces = [what.replace(b"\n", b"\n" + _indentation(text, place)) for place in places]
    parts, last = [], 0
    for place, piece in zip(places, pieces, strict=True):
        parts += [text[last:place], piece]
        last = place
    before = list(accumulate(map(len, pieces), initial=0))
    return b"".join((*parts, text[last:])), lambda at: at + before[bisect_left(places, at)]


def _indentation(text: bytes, place: int) -> bytes:
    following = re.compile(rb"(?:\n[ \t]*)*\n([ \t]*)(?=\S)|").match(text, place)
    return b"" if following is None else following[1] or b""


@pytest.mark.claim("gcb.dataflow.comments")
@pytest.mark.parametrize("kind", ["blank line", "comment line", "trailing comment"])
@every_case
def test_a_comment_or_a_blank_line_changes_spans_only(case: GoldenCase, kind: str) -> None:
    code = case.code.encode()
    sign = b"#" if case.language in HASH_COMMENTS else b"//"
    what = {
        "blank line": b"\n",
        "comment line": b"\n" + sign + b" x = y(z)",
        "trailing comment": b"  " + sign + b" x = y(z)",
    }[kind]
    flow = flow_of(code, case.language)
    text, moved = inserted(code, breaks_of(flow.tree), what)
    found = flow_of(text, case.language)
    assert len(found.graphs) == len(flow.graphs)
    for before, after in zip(flow.graphs, found.graphs, strict=True):
        assert shape_of(after) == shape_of(before)
        assert after.free == before.free
        assert after.starts == tuple(map(moved, before.starts))
        assert after.ends == tuple(map(moved, before.ends))


@pytest.mark.claim("gcb.dataflow.one-node", "gcb.dataflow.inside")
@every_case
def test_a_graph_is_well_formed(case: GoldenCase) -> None:
    flow = flow_of(case.code.encode(), case.language)
    for unit, graph in zip(flow.units, flow.graphs, strict=True):
        spans = list(zip(graph.starts, graph.ends, strict=True))
        assert all(unit.start <= start < end <= unit.end for start, end in spans)
        assert spans == sorted(set(spans))
        edges = list(zip(graph.targets, graph.sources, graph.relations, strict=True))
        assert edges == sorted(set(edges))
        places = range(len(spans))
        assert all(target in places and source in places for target, source, _ in edges)
        sources = set(graph.sources)
        for place, node in enumerate(graph.nodes):
            assert node.kind != "literal" or place in sources, node
            assert node.kind == "literal" or node.name in case.code or node.kind == "path"
        assert not {node.name for node in graph.nodes if node.kind == "literal"} & set(graph.free)


@pytest.mark.claim("gcb.dataflow.without-literals")
@every_case
def test_the_view_without_literals_drops_literals_alone(case: GoldenCase) -> None:
    for graph in flow_of(case.code.encode(), case.language).graphs:
        view = graph.without_literals()
        nodes = graph.nodes
        assert view.nodes == tuple(node for node in nodes if node.kind != "literal")
        kept = [
            (nodes[edge.target], nodes[edge.source], edge.kind)
            for edge in graph.edges
            if nodes[edge.target].kind != "literal" and nodes[edge.source].kind != "literal"
        ]
        found = [(view.nodes[one.target], view.nodes[one.source], one.kind) for one in view.edges]
        assert found == kept
        assert view.free == graph.free
        assert view.without_literals() == view


@pytest.mark.claim("gcb.dataflow.cut-out")
def test_a_function_cut_out_of_its_file_has_the_same_graph() -> None:
    compared: dict[str, int] = {}
    for case in CASES:
        flow = flow_of(case.code.encode(), case.language)
        for unit, graph in zip(flow.units[:-1], flow.graphs, strict=False):
            tree = parse_fragment(flow.tree.text[unit.start : unit.end], LANGUAGES[case.language])
            alone = flow_of(tree.text, case.language)
            same = [
                place
                for place, one in enumerate(alone.units[:-1])
                if (one.name, one.start, one.end) == (unit.name, 0, unit.end - unit.start)
            ]
            if tree.errors or len(same) != 1:
                continue
            found = alone.graphs[same[0]]
            assert shape_of(found) == shape_of(graph), case_name(case)
            assert found.starts == tuple(start - unit.start for start in graph.starts)
            assert found.ends == tuple(end - unit.start for end in graph.ends)
            assert found.free == graph.free
            compared[case.language] = compared.get(case.language, 0) + 1
    assert len(compared) == 10
    assert min(compared.values()) > 30, compared
