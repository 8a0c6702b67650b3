"""Inspection: counts, lengths, what is there twice, what leaks."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.making import WORDS
from tests.corpus.test_packed import FACTS
from tests.corpus.test_selection import made, many
from tidemill.core.errors import InputError
from tidemill.corpus.example import Example
from tidemill.corpus.inspection import Inspection, inspect_corpus
from tidemill.corpus.packed import write_corpus

LONG = "\n".join(f"{word} = tree.{word} + 1" for word in WORDS)


def looked_at(folder: Path, rows: dict[str, list[Example]], *, near: bool = True) -> Inspection:
    write_corpus(folder / "set", rows, {}, FACTS)
    return inspect_corpus(folder / "set", near=near)


def test_what_is_in_a_set(tmp_path: Path) -> None:
    rows = {
        "train": [*many(12, "p"), *many(3, "q", query=False)],
        "valid": [made("a b c d e f g h", language="ruby", package="r")],
    }
    found = looked_at(tmp_path, rows)
    assert (found.name, found.about, found.dropped) == ("own", "ours", {"too long": 1})
    assert found.splits == {"train": 15, "valid": 1, "test": 0}
    python, ruby = found.languages["python"], found.languages["ruby"]
    assert python.splits == {"train": 15, "valid": 0, "test": 0}
    assert (python.with_query, python.packages) == (12, {"p": 12, "q": 3})
    assert ruby.tokens == {5: 8, 50: 8, 95: 8, 100: 8}
    assert not found.duplicates.leaks
    assert len(found.samples) == 10


def test_samples_are_drawn_by_the_seed(tmp_path: Path) -> None:
    write_corpus(tmp_path / "set", {"train": many(50, "p")}, {}, FACTS)
    one, same, other = (inspect_corpus(tmp_path / "set", seed=seed).samples for seed in (1, 1, 2))
    assert one == same != other


def test_what_is_there_twice_is_counted(tmp_path: Path) -> None:
    rows = {"train": [made(LONG), made(f" {LONG}\n"), made(LONG.replace("fig", "date", 1))]}
    found = looked_at(tmp_path, rows).duplicates
    assert (found.equal, found.near, found.equal_across, found.near_across) == (1, 2, 0, 0)
    assert not found.leaks
    assert looked_at(tmp_path, rows, near=False).duplicates.near is None


def test_what_leaks_is_named(tmp_path: Path) -> None:
    test = [made(LONG, package="other")]
    equal = looked_at(tmp_path, {"train": [made(f" {LONG}")], "test": test}).duplicates
    assert (equal.equal_across, equal.near_across, equal.families_across) == (1, 1, ())
    near = {"train": [made(LONG.replace("fig", "date", 1))], "test": test}
    assert looked_at(tmp_path, near).duplicates.near_across == 1
    assert not looked_at(tmp_path, near, near=False).duplicates.leaks
    family = looked_at(tmp_path, {"train": many(3, "p"), "valid": many(5, "p")[3:]}).duplicates
    assert (family.equal_across, family.near_across, family.families_across) == (0, 0, ("p",))
    rows = {
        "train": [replace(made("x"), group="9")],
        "test": [replace(made("y", package="q"), group="9")],
    }
    assert looked_at(tmp_path, rows).duplicates.families_across == ("group 9",)


def test_damage_is_an_error(tmp_path: Path) -> None:
    looked_at(tmp_path, {"train": many(3, "p")})
    (tmp_path / "set" / "test.parquet").write_bytes(b"")
    with pytest.raises(InputError, match="not the file that the manifest names"):
        inspect_corpus(tmp_path / "set")
