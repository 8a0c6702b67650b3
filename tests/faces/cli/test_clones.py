"""``tidemill clones``: the table, the documents, the exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.clones.golden import GOLDEN
from tests.tasks.sarif_rules import complaints

Run = Callable[..., tuple[int, str, str]]

BILL, EDITED = GOLDEN["python"].original, GOLDEN["python"].edited
NO_EXPERT = "semantic clones were not looked for: that needs an expert\n"


@pytest.fixture
def shop(tree: Path) -> Path:
    """Three copies of a function, one of them edited and one in a file with a strange name."""
    (tree / "a.py").write_text(BILL)
    (tree / "b\x1b.py").write_text(BILL)
    (tree / "c.py").write_text(EDITED)
    return tree


def test_no_clones(tidemill: Run) -> None:
    code, out, err = tidemill("clones")
    assert (code, err) == (0, NO_EXPERT)
    assert out.splitlines() == [
        "0 classes of clones",
        "0 duplicated lines of 8 (0.0 %), 0 functions of 1 file compared",
    ]


def test_the_table_shows_a_class_with_its_members(tidemill: Run, shop: Path) -> None:
    assert shop.is_dir()
    code, out, err = tidemill("clones", ".")
    assert (code, err) == (1, NO_EXPERT)
    head, first, second, third, blank, total, lines = out.splitlines()
    assert head == "type 3  similarity 0.85, 3 functions, 23 duplicated lines"
    assert [line.split() for line in (first, second, third)] == [
        ["a.py:1-10", "bill", "1.00"],
        [r"b\x1b.py:1-10", "bill", "1.00"],
        ["c.py:1-13", "bill", "0.85"],
    ]
    assert (blank, total) == ("", "1 class of clones")
    assert lines.startswith("23 duplicated lines of ")


def test_classes_of_one_type(tidemill: Run, shop: Path) -> None:
    assert shop.is_dir()
    code, out, err = tidemill("clones", "--type", "1", "--type", "2")
    assert (code, err) == (1, "")
    assert out.splitlines()[0] == "type 1  2 functions, 10 duplicated lines"


def test_several_languages_are_named(tidemill: Run, shop: Path) -> None:
    (shop / "d.js").write_text(GOLDEN["javascript"].original)
    (shop / "e.ts").write_text(GOLDEN["javascript"].original)
    _, out, _ = tidemill("clones", "--cross-language")
    assert [line.split()[-1] for line in out.splitlines()[1:3]] == ["javascript", "typescript"]
    assert tidemill("clones", "--lang", "java")[0] == 0


def test_json(tidemill: Run, shop: Path) -> None:
    assert shop.is_dir()
    code, out, _ = tidemill("clones", "--json")
    facts: Any = json.loads(out)
    assert code == 1
    assert (facts["format"], facts["functions"], facts["experts"]) == (1, 3, [])
    (one,) = facts["classes"]
    assert (one["type"], one["languages"], len(one["members"])) == ("3", ["python"], 3)
    assert one["members"][0]["path"] == "a.py"


def test_sarif_is_sound_and_goes_into_a_file_by_its_ending(tidemill: Run, shop: Path) -> None:
    code, out, _ = tidemill("clones", "--sarif")
    assert code == 1
    assert complaints(json.loads(out)) == []
    code, nothing, err = tidemill("clones", "--output", "found.sarif")
    assert (code, nothing) == (1, "")
    assert err.startswith("wrote found.sarif\n")
    assert json.loads((shop / "found.sarif").read_text()) == json.loads(out)


@pytest.mark.parametrize("name", ["found.json", "found.sarif"])
def test_a_written_report_is_a_baseline(tidemill: Run, shop: Path, name: str) -> None:
    tidemill("clones", "--output", name)
    code, out, _ = tidemill("clones", "--baseline", name)
    assert code == 0
    assert "0 classes of clones, 1 known and left out" in out
    (shop / "d.py").write_text(BILL)
    code, out, _ = tidemill("clones", "--baseline", name)
    assert code == 1
    members = [line for line in out.splitlines() if line.startswith("  ")]
    assert [line.split()[-1] == "known" for line in members] == [True, True, True, False]


def test_a_text_report_goes_into_a_file(tidemill: Run, shop: Path) -> None:
    tidemill("clones", "--output", "found.txt")
    assert (shop / "found.txt").read_text().startswith("type 3  similarity 0.85")


def test_limit(tidemill: Run, tree: Path) -> None:
    for number, name in enumerate(("original", "other")):
        for copy in "ab":
            (tree / f"{number}{copy}.py").write_text(getattr(GOLDEN["python"], name))
    code, out, _ = tidemill("clones", "--limit", "1")
    assert code == 1
    assert "and 1 more: --limit 2" in out
    assert "2 classes of clones" in out
    assert len(json.loads(tidemill("clones", "--limit", "1", "--json")[1])["classes"]) == 1


def test_skipped_files_are_told_beside(tidemill: Run, tree: Path) -> None:
    (tree / "bad.py").write_bytes(b"\0")
    _, out, err = tidemill("clones")
    assert "bad.py" not in out
    assert "bad.py: binary: it holds a NUL character" in err


def test_the_second_run_over_an_index_is_the_same(indexed: Run, shop: Path) -> None:
    first = indexed("clones", "--json")
    assert (shop / ".tidemill" / "index.db.clones").exists()
    assert indexed("clones", "--json") == first
    assert indexed("status")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--json", "--sarif"), 2),
        (("--output", "x.xml"), 2),
        (("--type", "4"), 2),
        (("--tokens", "1"), 2),
        (("--similarity", "2"), 2),
        (("--lang", "cobol"), 2),
        (("--limit", "0"), 2),
        (("--baseline", ""), 2),
        (("--baseline", "gone.json"), 3),
        (("--baseline", "dates.py"), 3),
        (("nowhere",), 3),
    ],
)
def test_errors_have_their_codes(tidemill: Run, arguments: tuple[str, ...], code: int) -> None:
    found, _, err = tidemill("clones", *arguments)
    assert found == code
    assert err or "--json" in arguments
