"""Sets on the disk: folders, lines, tables, sources, and pairs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.making import python_module, tarred
from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.corpus.example import Example
from tidemill.corpus.recipe import DataSet
from tidemill.corpus.sets import examples_of, pairs_of

METHOD = "public class Wrapped {\n    int add(int a, int b) {\n        return a + b;\n    }\n}\n"


def data_set(layout: str, *paths: Path, languages: tuple[str, ...] = ("java",)) -> DataSet:
    return DataSet(
        name="mine",
        layout=layout,  # type: ignore[arg-type]  # one of the four
        files={"train": paths},
        languages=languages,
        licence="C-UDA",
    )


def read(data: DataSet) -> list[Example]:
    return examples_of(data, "train", Settings())


def test_the_folder_around_a_file_is_its_group(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "top/1/a.java": METHOD,
        "top/2/b.java": b"class B { // \xe4\0\n}",
        "top/2/c.txt": "no",
    }
    found = read(data_set("folders", tarred(tmp_path / "p.tar.xz", files)))
    assert [(row.group, row.path, row.name) for row in found] == [
        ("1", "top/1/a.java", "a"),
        ("2", "top/2/b.java", "b"),
    ]
    assert found[0].code == METHOD
    assert found[1].code == "class B { // \N{REPLACEMENT CHARACTER}\n}"
    assert (found[0].package, found[0].family, found[0].licence) == ("mine", "mine/train", "C-UDA")


def test_a_function_may_be_taken_out_of_its_file(tmp_path: Path) -> None:
    files = {"1.java": METHOD, "2.java": "class Empty {\n}\n"}
    data = replace(data_set("folders", tarred(tmp_path / "p.tar", files)), unwrap=True)
    one, two = read(data)
    assert (one.name, one.line, one.group) == ("add", 2, "")
    assert one.code.startswith("int add(int a")
    assert two.code == "class Empty {\n}\n"


def test_pairs_name_files(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "p.tar", {"1.java": METHOD, "2.java": METHOD.replace("+", "-")})
    path = tmp_path / "pairs.csv"
    data = replace(data_set("folders", archive), pairs={"train": path}, kinds=("T1", "none"))
    examples = read(data)
    path.write_text("1,2,0,1\n2,2,1,0\n")
    first, second = pairs_of(data, "train", examples)
    assert (first.left, first.right, first.clone, first.kind) == (
        *(example.id for example in examples),
        False,
        "none",
    )
    assert (second.clone, second.kind) == (True, "T1")
    for line in ("1,2,0,1\n1,3,1,0", "1,2,0,1\n1,2", "1,2,0,1\n1,2,1,7"):
        path.write_text(line)
        with pytest.raises(InputError, match=r"pairs\.csv:2: set mine: .* is no pair"):
            pairs_of(data, "train", examples)


def test_lines_belong_together(tmp_path: Path) -> None:
    for name, text in (("a.java", "int a;\nint b;\n"), ("a.cs", "Int a;\nInt b;\n")):
        (tmp_path / name).write_text(text)
    data = data_set("lines", tmp_path / "a.java", tmp_path / "a.cs", languages=("java", "csharp"))
    assert [(row.group, row.language, row.name, row.code) for row in read(data)] == [
        ("train-1", "java", "java", "int a;"),
        ("train-1", "csharp", "cs", "Int a;"),
        ("train-2", "java", "java", "int b;"),
        ("train-2", "csharp", "cs", "Int b;"),
    ]
    (tmp_path / "a.cs").write_text("Int a;\n")
    with pytest.raises(InputError, match=r"a\.java:2: .*equally many lines: a\.java 2, a\.cs 1"):
        read(data)
    with pytest.raises(InputError, match="2 files a split, and 1 languages"):
        read(replace(data, languages=("java",)))


def write_rows(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_table_has_our_names_or_its_own(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", {"code": "int a;", "query": "an a", "language": "c"})
    (row,) = read(data_set("table", path))
    assert (row.code, row.query, row.language, row.line) == ("int a;", "an a", "c", 1)
    path = write_rows(tmp_path / "b.jsonl", {"src": ["int", "b", ";"], "doc": "a b", "y": 7})
    fields = {"code": "src", "query": "doc", "group": "y"}
    (row,) = read(replace(data_set("table", path), fields=fields))
    assert (row.code, row.query, row.group, row.language) == ("int b ;", "a b", "7", "java")


@pytest.mark.parametrize(
    ("row", "fields", "words"),
    [
        ({"cod": "x"}, {}, "there is no field code"),
        ({"code": "x"}, {"code": "code", "query": "doc"}, "there is no field doc"),
        ({"code": " \n"}, {}, "the code is empty"),
        ({"code": "x", "language": "cobol"}, {}, "'cobol' is no language that is known"),
        ({"code": {"a": 1}}, {}, "code is no text"),
    ],
)
def test_a_bad_row_says_where(
    tmp_path: Path, row: dict[str, object], fields: dict[str, str], words: str
) -> None:
    path = write_rows(tmp_path / "a.jsonl", {"code": "x", "doc": "y"}, row)
    with pytest.raises(InputError, match=words) as caught:
        read(replace(data_set("table", path), fields=fields))
    assert (caught.value.path, caught.value.line) == (str(path), 2)


def test_code_is_read_like_a_package(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "tests").mkdir(parents=True)
    (root / "a.py").write_text(
        python_module("orchard", ["fig"]) + "\n\ndef bare(x):\n    y = x\n    return y\n"
    )
    (root / "tests" / "b.py").write_text(python_module("garden", ["rose"]))
    (root / "A.java").write_text(METHOD)
    found = read(data_set("sources", root, languages=("python",)))
    assert [(row.name, bool(row.query)) for row in found] == [
        ("fig_orchard", True),
        ("bare", False),
    ]
    assert {row.language for row in read(data_set("sources", root, languages=()))} == {
        "python",
        "java",
    }


@pytest.mark.parametrize("layout", ["folders", "lines", "table", "sources"])
def test_what_is_not_there_or_empty_is_refused(tmp_path: Path, layout: str) -> None:
    with pytest.raises(InputError, match="set mine: there is no such file or folder"):
        read(data_set(layout, tmp_path / "absent.jsonl"))
    empty = tmp_path / "empty.jsonl"
    empty.mkdir() if layout in {"folders", "sources"} else empty.touch()
    with pytest.raises(InputError, match="set mine: no example in it"):
        read(data_set(layout, empty))


def test_folders_need_one_language(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one language is needed, not 2"):
        read(data_set("folders", tmp_path, languages=("java", "c")))
