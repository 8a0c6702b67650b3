"""Each part of what is learnt is made once, and kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.typed.small import recipe, rows, workplace
from tidemill.core.errors import InputError
from tidemill.training.recipe import Recipe
from tidemill.training.typed import lessons
from tidemill.training.typed.lessons import Lessons, Windows
from tidemill.training.typed.reading import TypedShape

SHAPE = TypedShape(window=48, facts=24, most_tokens=96, most_sites=4, most_answer=64)
MAKERS = ("lexicon_of", "seen_in", "train_vocabulary", "learnt_files", "read_windows")


class Heard:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, str]] = []

    def advance(self, done: int, total: int, note: str) -> None:
        self.told.append((done, total, note))


@pytest.fixture(autouse=True)
def little_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidemill.training.typed.remembering.LEAST_PLACES", 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


def taught(folder: Path, plan: Recipe | None = None, **changes: Any) -> Lessons:
    return Lessons(plan or recipe(), rows(), workplace(folder, **changes))


def numbers(windows: Windows) -> list[list[int]]:
    columns = (windows.inputs, windows.answers)
    return [column[row].tolist() for column in columns for row in range(len(column))]


def forbid(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("made again")

    for name in names:
        monkeypatch.setattr(lessons, name, refused)


def test_everything_is_read_from_what_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = taught(folder)
    windows = first.windows(SHAPE)
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name.rpartition("-")[0] for name in kept} == {
        *("lexicon", "memory", "tokenizer", "windows")
    }
    forbid(monkeypatch, *MAKERS)
    again = taught(folder)
    assert numbers(again.windows(SHAPE)) == numbers(windows)
    assert len(windows.inputs) == len(windows.answers) > 6
    assert again.lexicon.to_json() == first.lexicon.to_json()
    assert again.memory.to_json() == first.memory.to_json()
    assert again.tokenizer() == first.tokenizer()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept


@pytest.mark.parametrize("lost", ["lexicon", "memory", "tokenizer", "windows"])
def test_what_is_missing_is_made_as_it_was(folder: Path, lost: str) -> None:
    windows = numbers(taught(folder).windows(SHAPE))
    (path,) = folder.glob(f"{lost}-*")
    before = path.read_bytes()
    path.unlink()
    again = taught(folder)
    assert numbers(again.windows(SHAPE)) == windows
    assert again.memory.types
    assert again.lexicon.names
    assert path.exists()
    if path.suffix == ".json":
        assert path.read_bytes() == before


@pytest.mark.parametrize("broken", ["train_vocabulary", "renamer_of", "read_windows"])
def test_a_run_that_dies_on_the_way_ends_with_the_same_arrays(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    whole = taught(tmp_path / "whole").windows(SHAPE)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lessons, broken, dies)
        with pytest.raises(KeyboardInterrupt):
            taught(folder).windows(SHAPE)
    assert not list(folder.glob("windows-*"))
    halves = taught(folder).windows(SHAPE)
    assert numbers(halves) == numbers(whole)
    for one, other in ((whole.inputs, halves.inputs), (whole.answers, halves.answers)):
        assert one.values.dtype == other.values.dtype == np.int32
        assert one.offsets.tolist() == other.offsets.tolist()


@pytest.mark.parametrize(
    ("changes", "shape", "parts"),
    [
        ({"rewrites": 2}, SHAPE, {"windows"}),
        (
            {},
            TypedShape(window=40, facts=24, most_tokens=96, most_sites=4, most_answer=64),
            {"windows"},
        ),
        ({"model": {"vocab_size": 650}}, SHAPE, {"tokenizer", "windows"}),
        ({"seed": 7}, SHAPE, {"lexicon", "memory", "tokenizer", "windows"}),
    ],
)
def test_what_depends_on_the_change_is_made_anew(
    folder: Path, changes: dict[str, object], shape: TypedShape, parts: set[str]
) -> None:
    taught(folder).windows(SHAPE)
    before = {path.name for path in folder.iterdir()}
    other = taught(folder, recipe(**changes))
    other.windows(shape)
    assert other.memory.types
    fresh = {path.name for path in folder.iterdir()} - before
    assert {name.rpartition("-")[0] for name in fresh} == parts


def test_another_corpus_is_read_anew(folder: Path) -> None:
    first = taught(folder).tokenizer()
    assert taught(folder, corpus_hash="other").tokenizer() != first


def test_what_is_told_names_the_work_and_counts_packages(folder: Path) -> None:
    heard = Heard()
    taught(folder, progress=heard).windows(SHAPE)
    assert heard.told == [
        *((done, 3, "counting packages") for done in (1, 2, 3)),
        *((done, 3, "reading packages") for done in (1, 2, 3)),
    ]


def test_a_package_that_cannot_be_read_ends_the_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("out of reeds")

    monkeypatch.setattr(lessons, "seen_in", fails)
    with pytest.raises(InputError, match=r"files could not be read: .*out of reeds"):
        taught(folder).windows(SHAPE)


def test_what_is_kept_is_private(folder: Path) -> None:
    taught(folder).windows(SHAPE)
    for path in folder.glob("*.json"):
        assert path.stat().st_mode & 0o077 == 0
