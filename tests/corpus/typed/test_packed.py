"""What is packed and kept comes back as it was."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.typed.making import labelled, package_of
from tidemill.core.errors import InputError
from tidemill.corpus.packed import open_corpus, write_corpus
from tidemill.corpus.typed.keeping import LabelledPackage, keep, kept, place_of
from tidemill.corpus.typed.labelled import LabelledFile, LabelledSite, TypedFile
from tidemill.corpus.typed.packed import labelled_files_of, write_types

FACTS = {"name": "own", "about": "", "sources": [], "dropped": {}}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SITES = st.builds(
    LabelledSite,
    file=st.just(0),
    kind=st.sampled_from(["parameter", "return", "variable", "field"]),
    name=TEXT,
    start=st.integers(0, 2**31 - 1),
    end=st.integers(0, 2**31 - 1),
    label=TEXT,
    user=st.booleans(),
    compiler=TEXT,
)
FILES = st.builds(
    LabelledFile,
    file=st.builds(TypedFile, **{item.name: TEXT for item in dataclasses.fields(TypedFile)}),
    sites=st.lists(SITES, max_size=4).map(tuple),
)


def back(folder: Path, split: str) -> list[LabelledFile]:
    """The rows of a split, with the numbers of files taken away again."""
    return [
        LabelledFile(
            file=row.file,
            sites=tuple(dataclasses.replace(site, file=0) for site in row.sites),
        )
        for row in labelled_files_of(open_corpus(folder, verify=True), split)
    ]


@settings(max_examples=20)  # each writes files
@given(rows=st.lists(FILES, max_size=5), held=st.lists(FILES, max_size=2))
def test_a_set_comes_back_as_it_was_packed(
    tmp_path_factory: pytest.TempPathFactory, rows: list[LabelledFile], held: list[LabelledFile]
) -> None:
    folder = tmp_path_factory.mktemp("typed") / "set"
    write_types(folder, {"train": rows, "test": held}, FACTS)
    assert back(folder, "train") == rows
    assert back(folder, "valid") == []
    assert back(folder, "test") == held


def test_sites_know_the_row_of_their_file(tmp_path: Path) -> None:
    rows = [labelled(f"let a{n}: string, b{n}: number") for n in range(3)]
    corpus = write_types(tmp_path / "set", {"train": rows}, FACTS)
    found = [*labelled_files_of(corpus, "train")]
    assert [[site.file for site in row.sites] for row in found] == [[0, 0], [1, 1], [2, 2]]


def test_what_a_set_holds_is_counted(tmp_path: Path) -> None:
    row = labelled(
        "function f(a: string, b = 1): void {}\nlet c: number", inferred={"b": ("number", "number")}
    )
    corpus = write_types(tmp_path / "set", {"train": [row]}, FACTS)
    assert corpus.kind == "types"
    assert corpus.manifest["splits"]["train"] == {
        "examples": 1,
        "sites": 4,
        "written": {"parameter": 1, "return": 1, "variable": 1},
    }
    assert corpus.manifest["languages"] == {"typescript": {"train": 1, "valid": 0, "test": 0}}


def test_a_set_of_something_else_or_an_unknown_split_is_refused(tmp_path: Path) -> None:
    typed = write_types(tmp_path / "types", {"train": [labelled("let a: string")]}, FACTS)
    with pytest.raises(InputError, match="dev"):
        [*labelled_files_of(typed, "dev")]
    code = write_corpus(tmp_path / "code", {"train": []}, {}, FACTS)
    with pytest.raises(InputError, match="is a set of code, not of types") as caught:
        [*labelled_files_of(code, "train")]
    assert "tidemill data build types" in str(caught.value.hint)
    with pytest.raises(InputError, match="types"):
        [*typed.examples("train")]


@settings(max_examples=20)
@given(files=st.lists(FILES, max_size=3), licences=st.frozensets(TEXT, max_size=2))
def test_labels_are_kept_as_they_were(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[LabelledFile],
    licences: frozenset[str],
) -> None:
    place = tmp_path_factory.mktemp("typed") / "types" / "one"
    found = LabelledPackage(files=files, left_out={"test": 3}, licences=licences)
    assert kept(place) is None
    keep(found, place)
    assert kept(place) == found


@pytest.mark.parametrize("cut", [0, 1, 20, -1])
def test_damaged_labels_count_as_none(tmp_path: Path, cut: int) -> None:
    place = tmp_path / "types" / "one"
    keep(LabelledPackage(files=[labelled("let a: B")], left_out={}, licences=frozenset()), place)
    place.write_bytes(place.read_bytes()[:cut])
    assert kept(place) is None


def test_labels_are_kept_under_all_that_they_depend_on(tmp_path: Path) -> None:
    package = package_of()
    places = {
        place_of(one, tmp_path, limits)
        for one in (package, package_of("mill"), package_of(sha256="1" * 64), package_of(only="s"))
        for limits in (["5.9.3", 1, 0, 0], ["5.9.2", 1, 0, 0], ["5.9.3", 1, 0, 1])
    }
    assert len(places) == 12
    assert place_of(package_of(split="test"), tmp_path, []) == place_of(package, tmp_path, [])
