"""Other people's tables: every kind is read, and every bad row knows its place."""

import json
import re
from pathlib import Path

import pytest

from tests.corpus.test_selection import made
from tidemill.core.errors import InputError
from tidemill.corpus.parquet import parquet_bytes
from tidemill.corpus.rows import lines_of, read_rows

ROWS = [{"code": "x = 1", "tags": ["a", 2]}, {"code": "y = 2", "tags": []}]


def test_json_lines_and_lists_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n\n".join(map(json.dumps, ROWS)) + "\n")
    (tmp_path / "a.json").write_text(json.dumps(ROWS, indent=1))
    lines, listed = (list(read_rows(tmp_path / name)) for name in ("a.jsonl", "a.json"))
    assert [row.values for row in lines] == [row.values for row in listed] == ROWS
    assert [row.number for row in lines] == [1, 3]
    assert [row.number for row in listed] == [1, 2]
    assert [row.text("tags") for row in lines] == ["a 2", ""]


def test_parquet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet_bytes([made("x"), made("y")], ["code", "line"], [str, int]))
    assert [row.values for row in read_rows(path)] == [
        {"code": "x", "line": 1},
        {"code": "y", "line": 1},
    ]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.jsonl", b'{"code": "x"}\n{"code": \n', ":2:10: not JSON: Expecting value"),
        ("a.jsonl", b'{"code": "x"}\n[1]\n', ":2: a row is no table of fields"),
        ("a.jsonl", b'{"code": "x"}\n"\xff"\n', ":2: not UTF-8"),
        ("a.json", b"[\n{},\n{]\n", ":3:2: not JSON"),
        ("a.json", b"{}", ":1: no list of rows"),
        ("a.parquet", b"PAR1 torn", ": cannot be read as Parquet"),
        ("a.csv", b"x", ": no table that can be read"),
    ],
)
def test_what_is_broken_says_where(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=re.escape(f"{path}{words}")):
        list(read_rows(path))


@pytest.mark.parametrize("value", [None, {"a": 1}, True])
def test_what_is_no_text_says_where(tmp_path: Path, value: object) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"code": value}))
    (row,) = read_rows(tmp_path / "a.jsonl")
    with pytest.raises(InputError, match=r"a\.jsonl:1: code is no text"):
        row.text("code")


def test_lines_keep_what_is_no_end_of_theirs(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("a\u2028b\x0cc\r\nd\n".encode())
    assert list(lines_of(tmp_path / "a.txt")) == ["a\u2028b\x0cc", "d"]
