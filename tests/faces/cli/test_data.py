"""``tidemill data``: both verbs, from a recipe over one's own rows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.corpus.images.pictures import picture
from tests.corpus.making import WORDS
from tidemill.corpus.packed import open_corpus

Run = Callable[..., tuple[int, str, str]]

RECIPE = """\
name = "mine"
about = "our own functions"

[[sets]]
name = "notes"
layout = "table"
languages = ["python"]
fields = { code = "src", query = "doc" }
files = { train = "train.jsonl", test = "test.jsonl" }
"""


@pytest.fixture
def rows(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe and two tables in the working folder, and nowhere benchmark data."""
    monkeypatch.delenv("TIDEMILL_DATA", raising=False)
    (tree / "mine.toml").write_text(RECIPE)
    for split, words in (("train", WORDS[:12]), ("test", WORDS[12:])):
        found = [{"src": f"def {w}(x):\n    return x.{w}\n", "doc": f"say {w} once"} for w in words]
        (tree / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    return tree


def test_build_says_what_is_in_the_set(tidemill: Run, rows: Path) -> None:
    code, out, err = tidemill("data", "build", "mine.toml")
    assert (code, err) == (0, "")
    head, columns, line, *rest = out.splitlines()
    assert head.startswith("mine: 20 examples of 1 source, ")
    assert columns.split() == ["language", "train", "valid", "test"]
    assert line.split() == ["python", "12", "0", "8"]
    assert rest == ["set: mine"]
    assert open_corpus(rows / "mine", verify=True).count("test") == 8


def test_build_as_json(tidemill: Run, rows: Path) -> None:
    code, out, _ = tidemill("data", "build", "mine.toml", "--output", "deep/set", "--json")
    facts = json.loads(out)
    assert (code, facts["splits"]) == (0, {"train": 12, "valid": 0, "test": 8})
    assert (rows / "deep" / "set" / "corpus.json").is_file()


def test_what_is_left_out_is_said(tidemill: Run, rows: Path) -> None:
    with (rows / "train.jsonl").open("a") as file:
        file.write(json.dumps({"src": "def apple(x):  return x.apple", "doc": "say it"}) + "\n")
    assert "left out 1: equal function" in tidemill("data", "build", "mine.toml")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nowhere.toml",), 3, "nowhere.toml: the recipe cannot be read"),
        (("poj104",), 2, "data:poj104/train.tar.xz is benchmark data"),
        (("mine.toml", "--output", "."), 3, "something else is there"),
        (("mine.toml", "--cache", ""), 2, "a path is empty"),
    ],
)
@pytest.mark.usefixtures("rows")
def test_build_refuses(tidemill: Run, arguments: tuple[str, ...], code: int, words: str) -> None:
    said = tidemill("data", "build", *arguments)
    assert said[0] == code
    assert words in said[2]


def test_a_broken_row_says_where(tidemill: Run, rows: Path) -> None:
    with (rows / "train.jsonl").open("a") as file:
        file.write('{"src": \n')
    code, out, _ = tidemill("data", "build", "mine.toml", "--json")
    facts = json.loads(out)
    assert (code, facts["error"], facts["line"]) == (3, "InputError", 13)
    assert facts["path"].endswith("train.jsonl")


@pytest.mark.usefixtures("rows")
def test_inspect(tidemill: Run) -> None:
    tidemill("data", "build", "mine.toml")
    code, out, err = tidemill("data", "inspect", "mine", "--samples")
    assert (code, err) == (0, "")
    assert out.startswith("mine: our own functions\n")
    assert "python, mostly: notes 20" in out
    assert "equal functions: 0; almost equal: 0" in out
    assert "no split gives another away" in out
    assert out.count("notes train.jsonl:") + out.count("notes test.jsonl:") == 10


@pytest.mark.usefixtures("rows")
def test_inspect_as_json(tidemill: Run) -> None:
    tidemill("data", "build", "mine.toml")
    code, out, _ = tidemill("data", "inspect", "mine", "--no-near", "--json")
    facts = json.loads(out)
    assert (code, facts["duplicates"]["near"]) == (0, None)
    assert facts["languages"]["python"]["packages"] == {"notes": 20}
    assert len(facts["samples"]) == 10


def test_a_leak_is_a_finding(tidemill: Run, rows: Path) -> None:
    text = (rows / "train.jsonl").read_text().splitlines()[0] + "\n"
    with (rows / "test.jsonl").open("a") as file:
        file.write(text)
    (rows / "mine.toml").write_text(RECIPE + "[limits]\nequal = false\n")
    tidemill("data", "build", "mine.toml")
    code, out, _ = tidemill("data", "inspect", "mine")
    assert code == 1
    assert "in two splits: 1 equal, 1 near" in out


def test_inspect_of_something_else(tidemill: Run) -> None:
    code, _, err = tidemill("data", "inspect", ".")
    assert code == 3
    assert "no packed training set" in err


IMAGES = """\
name = "patterns"
about = "ten kinds"

[images]
source = "textures"
side = 16
count = 100
"""


def test_sets_of_images_are_built_and_looked_into(tidemill: Run, tree: Path) -> None:
    (tree / "patterns.toml").write_text(IMAGES)
    code, out, _ = tidemill("data", "build", "patterns.toml")
    head, columns, line, *_ = out.splitlines()
    assert code == 0
    assert head.startswith("patterns: 100 examples of 1 source, ")
    assert columns.split() == ["class", "train", "valid", "test"]
    assert line.split() == ["horizontal", "9", "1", "0"]
    code, out, _ = tidemill("data", "inspect", "patterns")
    assert code == 0
    assert "images of 16 x 16 x 3; equal images: 0" in out
    assert "no split gives another away" in out
    code, out, _ = tidemill("data", "inspect", "patterns", "--json")
    assert (code, json.loads(out)["classes"]["grain"]["train"]) == (0, 9)


def test_an_image_in_two_splits_is_told(tidemill: Run, tree: Path) -> None:
    folder = tree / "patterns"
    for name in ("cat", "dog"):
        (tree / "pictures" / name).mkdir(parents=True)
        for number in range(10):
            (tree / "pictures" / name / f"{number}.png").write_bytes(picture(0, size=(8, 8)))
    text = IMAGES.replace('"textures"', '"folders"\nfiles = "pictures"').replace(
        "count = 100\n", ""
    )
    (tree / "patterns.toml").write_text(text)
    assert tidemill("data", "build", "patterns.toml")[0] == 0
    code, out, _ = tidemill("data", "inspect", str(folder))
    assert code == 1
    assert "in two splits: 2 equal" in out
