"""Real code by the ten thousand: nothing raises, units nest, graphs and terms follow."""

import json
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidemill.core.errors import InputError
from tidemill.source.dataflow.extractor import Extractor
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.language import LANGUAGES, language_of
from tidemill.source.parsing import parse_fragment
from tidemill.source.pieces import pieces
from tidemill.source.text import decode
from tidemill.source.tokens import terms
from tidemill.source.units import Unit, units_of

MAX_FILE_BYTES = 1_000_000

pytestmark = pytest.mark.slow


def check(text: bytes, language: str) -> int:
    """Read one text in every way there is; return how many functions it has."""
    tree = parse_fragment(text, LANGUAGES[language], seconds=60)
    found = units_of(tree)
    assert_nested(found, len(text))
    extractor = Extractor(tree, found)
    for unit in found:
        assert_inside(extractor.graph(unit), unit)
    cut = pieces(text)
    assert sum(piece.end - piece.start for piece in cut) == len(text)
    return len(found) - 1


def assert_inside(graph: DataFlowGraph, unit: Unit) -> None:
    """No occurrence lies outside the unit, and every edge joins two of its occurrences."""
    assert not graph.starts or unit.start <= graph.starts[0]
    assert max(graph.ends, default=unit.end) <= unit.end
    occurrences = len(graph.starts)
    assert max((*graph.targets, *graph.sources), default=-1) < occurrences


def assert_nested(found: tuple[Unit, ...], size: int) -> None:
    """Every unit lies in the text, after the one before it, inside its parent."""
    open_units: list[int] = []
    for place, unit in enumerate(found[:-1]):
        assert 0 <= unit.start < unit.end <= size
        while open_units and found[open_units[-1]].end <= unit.start:
            open_units.pop()
        outer = open_units[-1] if open_units else None
        assert unit.parent == outer
        assert outer is None or unit.end <= found[outer].end
        open_units.append(place)


@pytest.mark.claim("gcb.dataflow.total")
def test_the_whole_standard_library() -> None:
    root = Path(sysconfig.get_path("stdlib"))
    functions = documented = 0
    for path in sorted(root.rglob("*.py")):
        if "site-packages" in path.parts:
            continue
        raw = path.read_bytes()
        if len(raw) <= MAX_FILE_BYTES:
            text = decode(raw, str(path)).data
            functions += check(text, "python")
            documented += bool(terms(text.decode()))
    assert functions > 12_000
    assert documented > 500


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive without unpacking it."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            yield from ((name, zipped.read(name)) for name in zipped.namelist())
        return
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, file.read()


@pytest.mark.claim("gcb.dataflow.total")
@pytest.mark.parametrize(
    "name",
    [
        "bigclonebench-22k/train.functions.tar.xz",
        "bigclonebench-22k/valid.functions.tar.xz",
        "gcj-java/googlejam4_src.zip",
        "owasp-benchmark-java/testcode.tar.xz",
        "owasp-benchmark-java/helpers.tar.xz",
        "poj104/train.tar.xz",
        "poj104/valid.tar.xz",
        "typeevalpy-micro/micro-benchmark.tar.xz",
    ],
)
def test_archives_of_code(shared_data: Path, name: str) -> None:
    functions = files = 0
    refused: list[str] = []
    for path, raw in members(shared_data / name):
        language = language_of(path, raw)
        if language is None:
            continue
        files += 1
        try:
            functions += check(decode(raw, path).data, language.name)
        except InputError as error:
            refused.append(error.message)
    assert functions > files / 2
    assert len(refused) <= max(2, files / 1_000)
    assert all("NUL" in reason for reason in refused)


@pytest.mark.claim("gcb.dataflow.total")
@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("codexglue-translation-java-cs/train.java-cs.txt.java", "java"),
        ("codexglue-translation-java-cs/train.java-cs.txt.cs", "csharp"),
        ("codexglue-translation-java-cs/valid.java-cs.txt.java", "java"),
        ("codexglue-translation-java-cs/valid.java-cs.txt.cs", "csharp"),
        ("codexglue-refinement/small.valid.buggy", "java"),
        ("codexglue-refinement/small.valid.fixed", "java"),
        ("codexglue-refinement/medium.valid.buggy", "java"),
        ("codexglue-refinement/medium.valid.fixed", "java"),
    ],
)
def test_functions_one_a_line(shared_data: Path, name: str, language: str) -> None:
    lines = [line for line in (shared_data / name).read_bytes().split(b"\n") if line.strip()]
    with_function = sum(check(line, language) > 0 for line in lines)
    assert with_function > 0.98 * len(lines)


@pytest.mark.claim("gcb.dataflow.total")
@pytest.mark.parametrize("language", ["go", "java", "javascript", "php", "python", "ruby"])
def test_functions_with_a_hole(shared_data: Path, language: str) -> None:
    rows = json.loads((shared_data / f"codexglue-cloze-maxmin/{language}.json").read_bytes())
    for row in rows:
        check(" ".join(row["pl_tokens"]).encode(), language)
    assert rows


@pytest.mark.claim("gcb.dataflow.total")
def test_loose_files(shared_data: Path) -> None:
    functions = 0
    for name in ("foo.js", "handler.js", "lib.es5.ts"):
        language = language_of(name)
        assert language is not None
        raw = (shared_data / "joernti" / name).read_bytes()
        functions += check(decode(raw, name).data, language.name)
    assert functions > 0  # none in lib.es5.ts: declarations have no body


@pytest.mark.claim("gcb.dataflow.total")
def test_functions_of_queries(shared_data: Path) -> None:
    text = (shared_data / "concode/dev-first1000.json").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert sum(check(row["code"].encode(), "java") > 0 for row in rows) >= 999
    pairs = json.loads((shared_data / "cosqa/cosqa-dev-sample.json").read_bytes())
    assert all(check(pair["code"].encode(), "python") > 0 for pair in pairs)
