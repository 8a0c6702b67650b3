"""Real code of every kind: each unit has a graph, and no node lies outside it."""

import json
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tidemill.core.errors import InputError
from tidemill.core.randomness import stream
from tidemill.source.dataflow.extractor import Extractor
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.dataflow.packing import pack, unpack
from tidemill.source.language import LANGUAGES, language_of
from tidemill.source.parsing import parse_fragment
from tidemill.source.text import decode
from tidemill.source.units import Unit, units_of

pytestmark = pytest.mark.slow

MAX_FILE_BYTES = 300_000
SEED = 2

Snippet = tuple[str, bytes]
"""Name of the language, text."""


def sampled(snippets: Iterable[Snippet], count: int, corpus: str) -> list[Snippet]:
    """Choose some snippets, the same in every run."""
    every = list(snippets)
    return stream(SEED, "corpora", corpus).sample(every, min(count, len(every)))


def check(snippets: Iterable[Snippet]) -> int:
    """Trace every unit of every snippet; return how many functions there were."""
    functions = 0
    for language, text in snippets:
        tree = parse_fragment(text, LANGUAGES[language], seconds=60)
        units = units_of(tree)
        extractor = Extractor(tree, units)
        for unit in units:
            check_unit(unit, extractor.graph(unit))
        functions += len(units) - 1
    return functions


def check_unit(unit: Unit, graph: DataFlowGraph) -> None:
    """See that a graph is well formed, lies in its unit, and can be stored."""
    spans = list(zip(graph.starts, graph.ends, strict=True))
    assert all(unit.start <= start < end <= unit.end for start, end in spans), unit.name
    assert spans == sorted(spans), unit.name
    assert len(set(spans)) == len(spans), unit.name
    nodes = range(len(spans))
    assert all(target in nodes for target in graph.targets)
    assert all(source in nodes for source in graph.sources)
    packed = pack(graph, unit.start)
    assert unpack(packed, graph.text[unit.start : unit.end]).edges == graph.edges


def archived(archive: Path, language: str | None = None) -> Iterator[Snippet]:
    """Yield the texts of an archive that are of one language, or of any known one."""
    for name, raw in members(archive):
        known = language_of(name, raw)
        found = language or (known.name if known is not None else None)
        if found is not None and len(raw) <= MAX_FILE_BYTES:
            try:
                yield found, decode(raw, name).data
            except InputError:
                continue


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the files in an archive."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                yield info.filename, packed.read(info)
        return
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, file.read()


def test_the_standard_library() -> None:
    root = Path(sysconfig.get_path("stdlib"))
    files = [path for path in sorted(root.rglob("*.py")) if "site-packages" not in path.parts]
    texts = [
        ("python", decode(path.read_bytes(), str(path)).data)
        for path in files
        if path.stat().st_size <= MAX_FILE_BYTES
    ]
    assert check(sampled(texts, 600, "stdlib")) > 5_000


@pytest.mark.parametrize(
    ("archive", "count"),
    [
        ("poj104/valid.tar.xz", 2_000),
        ("bigclonebench-22k/valid.functions.tar.xz", 3_000),
        ("owasp-benchmark-java/testcode.tar.xz", 700),
        ("owasp-benchmark-java/helpers.tar.xz", 100),
        ("gcj-java/googlejam4_src.zip", 500),
        ("typeevalpy-micro/micro-benchmark.tar.xz", 1_000),
    ],
)
def test_archives_of_code(shared_data: Path, archive: str, count: int) -> None:
    texts = sampled(archived(shared_data / archive), count, archive)
    assert check(texts) > 0.5 * len(texts) > 10


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("codexglue-translation-java-cs/valid.java-cs.txt.java", "java"),
        ("codexglue-translation-java-cs/valid.java-cs.txt.cs", "csharp"),
        ("codexglue-translation-java-cs/train.java-cs.txt.java", "java"),
        ("codexglue-translation-java-cs/train.java-cs.txt.cs", "csharp"),
        ("codexglue-refinement/small.valid.buggy", "java"),
        ("codexglue-refinement/medium.valid.fixed", "java"),
    ],
)
def test_functions_one_a_line(shared_data: Path, name: str, language: str) -> None:
    lines = [line for line in (shared_data / name).read_bytes().split(b"\n") if line.strip()]
    texts = sampled(((language, line) for line in lines), 1_500, name)
    assert check(texts) > 0.9 * len(texts)


@pytest.mark.parametrize("language", ["go", "java", "javascript", "php", "python", "ruby"])
def test_functions_with_a_hole(shared_data: Path, language: str) -> None:
    rows = json.loads((shared_data / f"codexglue-cloze-maxmin/{language}.json").read_bytes())
    texts = [(language, " ".join(row["pl_tokens"]).encode()) for row in rows]
    check(sampled(texts, 400, language))
    assert texts


def test_functions_of_queries(shared_data: Path) -> None:
    text = (shared_data / "concode/dev-first1000.json").read_text(encoding="utf-8")
    texts = [("java", json.loads(line)["code"].encode()) for line in text.splitlines()]
    assert check(texts) > 0.9 * len(texts)
    rows = json.loads((shared_data / "cosqa/cosqa-dev-sample.json").read_bytes())
    assert check(("python", row["code"].encode()) for row in rows) > 0.9 * len(rows)
