"""The native walk of a syntax tree gives what the one in Python gives."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.source.dataflow.snippets import CASES
from tidemill.source.dataflow import flatten as module
from tidemill.source.dataflow.flatten import FlatTree, flatten, flatten_in_python, native_flatten
from tidemill.source.dataflow.grammar import CompiledGrammar, compile_grammar
from tidemill.source.dataflow.tables.python import TABLE
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import SyntaxTree, grammar_of, parse, parse_fragment
from tidemill.source.text import decode

CODE = b"def f(a, b):\n    c = a + b\n    return (c, # x\n  a.k[b])\n"
SMALL_BYTES = 40_000

needs_kernel = pytest.mark.skipif(
    native_flatten() is None, reason="the native part is not built, or switched off"
)


def table_of(language: str) -> CompiledGrammar:
    """Compile the table of a language."""
    name = "typescript" if language == "tsx" else language
    tables = __import__(f"tidemill.source.dataflow.tables.{name}", fromlist=["TABLE"])
    return compile_grammar(tables.TABLE, grammar_of(LANGUAGES[language]))


def both(tree: SyntaxTree, grammar: CompiledGrammar) -> tuple[FlatTree | None, FlatTree]:
    """Flatten a tree with the kernel, and without."""
    kernel = native_flatten()
    assert kernel is not None
    root = tree.tree.root_node
    return kernel(root, tree.text, grammar), flatten_in_python(root, tree.text, grammar)


@pytest.mark.claim("house.native.twin")
@needs_kernel
@pytest.mark.parametrize("language", sorted({case.language for case in CASES}))
def test_both_agree_on_every_snippet(language: str) -> None:
    grammar = table_of(language)
    for case in CASES:
        if case.language == language:
            native, plain = both(parse_fragment(case.code.encode(), LANGUAGES[language]), grammar)
            assert native == plain, case.name


@needs_kernel
def test_both_agree_on_files_of_the_standard_library() -> None:
    root = Path(sysconfig.get_path("stdlib"))
    files = [path for path in sorted(root.glob("*.py")) if path.stat().st_size <= SMALL_BYTES]
    grammar = compile_grammar(TABLE, grammar_of(LANGUAGES["python"]))
    for path in files[::4]:
        text = decode(path.read_bytes(), str(path)).data
        native, plain = both(parse(text, LANGUAGES["python"]), grammar)
        assert native == plain, path.name
    assert len(files) > 100


@needs_kernel
@pytest.mark.slow
def test_both_agree_on_200_files_of_any_size() -> None:
    root = Path(sysconfig.get_path("stdlib"))
    files = [path for path in sorted(root.rglob("*.py")) if "site-packages" not in path.parts]
    grammar = compile_grammar(TABLE, grammar_of(LANGUAGES["python"]))
    for path in files[:: max(1, len(files) // 200)]:
        text = decode(path.read_bytes(), str(path)).data
        native, plain = both(parse(text, LANGUAGES["python"]), grammar)
        assert native == plain, path.name


@needs_kernel
@pytest.mark.parametrize("text", [b"", b"\n", b"def", b"\xff\xfe", b"(" * 2_000, b")]}" * 500])
def test_both_agree_on_damaged_texts(text: bytes) -> None:
    native, plain = both(parse(text, LANGUAGES["python"]), table_of("python"))
    assert native == plain


def test_subtrees_are_ranges() -> None:
    tree = parse(CODE, LANGUAGES["python"])
    flat = flatten_in_python(tree.tree.root_node, CODE, table_of("python"))
    assert flat.starts == sorted(flat.starts)
    assert flat.end[0] == len(flat.kinds) == len(flat.fields) == len(flat.stops)
    for index, end in enumerate(flat.end):
        assert index < end <= flat.end[0]
        assert all(flat.stops[inner] <= flat.stops[index] for inner in range(index, end))
        assert all(flat.end[inner] <= end for inner in range(index, end))
    assert b"# x" not in {
        CODE[start:stop] for start, stop in zip(flat.starts, flat.stops, strict=True)
    }


@pytest.mark.claim("house.native.checked")
def test_a_layout_the_kernel_does_not_know_is_walked_in_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tree, grammar = parse(CODE, LANGUAGES["python"]), table_of("python")
    root = tree.tree.root_node
    asked: list[int] = []

    def unknown(node: object, keep: object, error: int) -> None:
        del node, keep
        asked.append(error)

    monkeypatch.setattr(module, "columns_of", unknown)
    monkeypatch.setattr(module, "library", object)
    assert flatten(root, CODE, grammar) == flatten_in_python(root, CODE, grammar)
    assert asked == [grammar.error]


PROGRAM = """
import sys
from tests.source.dataflow.snippets import flow_of
from tidemill.source.dataflow.flatten import native_flatten
graph = flow_of(sys.stdin.buffer.read(), "python").graphs[0]
print(native_flatten() is None, graph.nodes, graph.edges, graph.free)
"""


@pytest.mark.claim("house.native.twin")
def test_switched_off_the_graphs_are_the_same(repository: Path) -> None:
    told = []
    for switch in ("auto", "off"):
        environment = {**os.environ, "TIDEMILL_NATIVE": switch, "PYTHONPATH": str(repository)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=CODE,
            env=environment,
            capture_output=True,
            check=True,
        )
        told.append(done.stdout.decode().split(" ", 1))
    assert told[1][0] == "True"
    assert told[0][1] == told[1][1]
    assert "comes_from" in told[0][1]
