import json
from pathlib import Path

import pytest

from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.source.program.receivers import ReceiverType
from tidemill.tasks.flows.given import GivenType, placed, read_given_types

TEXT = "const é = 1; function find(db, id) {\n\treturn (q) => db.query(q);\n}\n"


def given(line: int, column: int, type_name: str = "Pool", **facts: object) -> GivenType:
    """A type in the file of the tests."""
    rest: dict[str, object] = {"file": "a.ts", "confidence": 1.0, "is_return": False} | facts
    return GivenType(line=line, column=column, type=type_name, **rest)  # type: ignore[arg-type]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of one file, which is not the working folder."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.ts").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return root


def at(words: str) -> int:
    """The byte at which words stand."""
    return TEXT.encode().index(words.encode())


def test_a_place_is_the_declaration_of_a_name(root: Path, settings: Settings) -> None:
    types = placed([given(1, 28), given(2, 10, "string")], root, settings)
    assert types.type_of("a.ts", at("db, id")) == ReceiverType(name="Pool", origin="inferred")
    assert types.type_of("a.ts", at("q) =>")) == ReceiverType(name="string", origin="inferred")
    assert types.type_of("a.ts", at("id)")) is None


def test_what_functions_return(root: Path, settings: Settings) -> None:
    found = [given(1, 23, "Row", is_return=True), given(2, 11, "Rows", is_return=True)]
    types = placed(found, root, settings)
    assert types.returned_by("a.ts", at("function")) == ReceiverType(name="Row", origin="inferred")
    assert types.returned_by("a.ts", at("(q)")) == ReceiverType(name="Rows", origin="inferred")
    assert types.type_of("a.ts", at("find")) is None


def test_paths_count_from_the_working_folder_or_the_programs(
    root: Path, settings: Settings
) -> None:
    for file in ("a.ts", "root/a.ts", str(root / "a.ts")):
        types = placed([given(1, 28, file=file)], root, settings)
        assert types.type_of("a.ts", at("db, id")) is not None


def test_only_what_is_sure_enough(root: Path, settings: Settings) -> None:
    found = [given(1, 28, confidence=0.8), given(1, 32, confidence=0.81)]
    types = placed(found, root, settings, least=0.81)
    assert types.type_of("a.ts", at("db, id")) is None
    assert types.type_of("a.ts", at("id)")) is not None


def test_places_that_are_not_there_are_left_out(root: Path, settings: Settings) -> None:
    (root / "b.py").write_text("x = 1\n")
    found = [
        given(99, 1),
        given(1, 999),
        given(1, 1, file="gone.ts"),
        given(1, 1, file="../../etc/passwd"),
        given(1, 1, file="\ud800.ts"),
        given(1, 1, file="a" * 5_000),
        given(1, 2, is_return=True),
        given(1, 1, file="b.py", is_return=True),
    ]
    types = placed(found, root, settings)
    assert all(types.type_of("a.ts", offset) is None for offset in range(len(TEXT)))


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "types.json"
    row = {"file": "a.ts", "line": 1, "column": 2, "type": "Pool"}
    path.write_text(json.dumps([row, {**row, "confidence": 0.5, "kind": "return", "more": 1}]))
    first, second = read_given_types(path)
    assert (first.file, first.line, first.column, first.type) == ("a.ts", 1, 2, "Pool")
    assert (first.confidence, first.is_return) == (1.0, False)
    assert (second.confidence, second.is_return) == (0.5, True)


def test_a_report_of_types_is_read(tmp_path: Path) -> None:
    path = tmp_path / "types.json"
    site = {"path": "a.ts", "line": 1, "column": 2, "kind": "parameter", "name": "db"}
    sites = [
        {**site, "state": "verified", "type": "Pool", "confidence": 0.75},
        {**site, "state": "derived", "type": "Row", "confidence": None, "kind": "return"},
        {**site, "state": "backed-off", "type": "Client", "confidence": 0.5},
        {**site, "state": "left", "type": "", "confidence": None},
    ]
    path.write_text(json.dumps({"format": 1, "sites": sites}))
    found = [(one.type, one.confidence, one.is_return) for one in read_given_types(path)]
    assert found == [("Pool", 0.75, False), ("Row", 1.0, True)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": 1}, r"\$\[0\].file must be a text"),
        ({"file": "a\0b"}, r"\$\[0\].file"),
        ({"type": None}, r"\$\[0\].type"),
        ({"type": "x" * 2_001}, r"\$\[0\].type"),
        ({"line": 0}, r"\$\[0\].line must be a number from 1"),
        ({"line": "1"}, r"\$\[0\].line"),
        ({"column": True}, r"\$\[0\].column"),
        ({"column": 1.5}, r"\$\[0\].column"),
        ({"confidence": 1.1}, r"\$\[0\].confidence must be a number from 0 to 1"),
        ({"confidence": "high"}, r"\$\[0\].confidence"),
        ({"confidence": 10**400}, r"\$\[0\].confidence"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "types.json"
    row: dict[str, object] = {"file": "a.ts", "line": 1, "column": 1, "type": "A"}
    path.write_text(json.dumps([row | change]))
    with pytest.raises(InputError, match=message):
        read_given_types(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("{}", "no list of types"),
        ("[1]", r"\$\[0\].file"),
        ("[" * 100_000, "not JSON"),
        ('[{"file": "a", "type": "b", "line": 1, "column": 1, "confidence": NaN}]', "confidence"),
    ],
)
def test_what_is_no_list_of_types_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "types.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_given_types(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_given_types(tmp_path / "gone.json")
