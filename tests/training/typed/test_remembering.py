"""What names were, counted by family."""

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.corpus.typed.making import labelled
from tests.training.typed.small import rows
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.hints import REMEMBERED
from tidemill.models.typed.memory import OTHER, NameMemory, features_of
from tidemill.models.typed.vocabulary import TypeVocabulary, train_vocabulary
from tidemill.training.typed.reading import TypedShape, learnt_files, read_windows
from tidemill.training.typed.remembering import Remembered, remembered, seen_in
from tidemill.training.typed.renaming import Renamer

SHAPE = TypedShape(window=80, facts=80, most_tokens=200, most_sites=8, most_answer=64)


@pytest.fixture
def little_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A type that three places have, in two families, is remembered."""
    monkeypatch.setattr("tidemill.training.typed.remembering.LEAST_PLACES", 3)


def typed(name: str, label: str, family: str, *, times: int = 6) -> LabelledFile:
    """A file in which a name has one type in several functions."""
    text = "".join(f"function f{n}({name}: {label}) {{ }}\n" for n in range(times))
    return labelled(text, package=family, path=f"src/{family}.ts")


def whole(files: Sequence[LabelledFile]) -> Remembered:
    return remembered(seen_in([row]) for row in files)


def guesses(memory: NameMemory, name: str) -> dict[str, float]:
    return dict(memory.guesses(features_of("parameter", name, []), most=3))


def test_a_package_is_counted_by_what_is_known_of_its_places() -> None:
    family, counts = seen_in(rows()[1:2])
    assert family == "miller"
    assert counts[OTHER].total() == len(rows()[1].sites) == 13
    assert counts["n parameter turns"] == Counter({"number": 1})
    assert counts["p grain"] == Counter({"string[]": 2})
    assert counts["k return"] == Counter({"boolean": 2, "Promise<void>": 1})
    # How the stone is used, and what the grain is put into.
    assert counts["u . turn"] == Counter({"Stone": 1})


def test_types_are_counted_in_normal_form() -> None:
    _, counts = seen_in([labelled("let a: Array<string>, b: (string)[], c: undefined | A")])
    assert counts[OTHER] == Counter({"string[]": 2, "A | undefined": 1})


@pytest.mark.usefixtures("little_is_enough")
def test_types_of_one_family_alone_are_of_the_other_class() -> None:
    own = [typed("reed", "Reed", "pond", times=30), typed("reed", "string", "pond")]
    found = whole([*own, typed("reed", "string", "mill"), typed("mill", "number", "mill")])
    assert list(found.memory.types) == [OTHER, "string"]
    assert found.memory.totals.tolist() == [36, 12]
    assert found.families["pond"][OTHER] == Counter({0: 30, 1: 6})
    assert found.families["mill"]["n parameter mill"] == Counter({0: 6})
    assert {*guesses(found.memory, "reed")} == {"string"}


def test_types_that_few_places_have_are_of_the_other_class() -> None:
    files = [typed("a", "string", name, times=times) for name, times in (("x", 5), ("y", 4))]
    assert list(whole(files).memory.types) == [OTHER]
    files.append(typed("a", "string", "z", times=1))
    assert list(whole(files).memory.types) == [OTHER, "string"]


@pytest.mark.usefixtures("little_is_enough")
def test_the_most_frequent_types_come_first_and_there_are_not_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = {"string": 2, "number": 9, "boolean": 4, "Date": 4}
    files = [
        typed("a", label, family, times=times)
        for label, times in counts.items()
        for family in ("pond", "mill")
    ]
    expected = [OTHER, "number", "Date", "boolean", "string"]
    for order in itertools.permutations(files[::2]):
        assert list(whole([*order, *files[1::2]]).memory.types) == expected
    monkeypatch.setattr("tidemill.training.typed.remembering.MOST_TYPES", 2)
    assert list(whole(files).memory.types) == expected[:3]


@pytest.mark.usefixtures("little_is_enough")
def test_packages_of_one_family_are_one() -> None:
    twins = [
        labelled("function f(a: Reed, b: Reed) {}", package=name, family="pond")
        for name in ("one", "two")
    ]
    found = whole(twins)
    assert list(found.memory.types) == [OTHER]
    assert found.families["pond"][OTHER] == Counter({0: 4})


@pytest.mark.usefixtures("little_is_enough")
def test_what_is_rare_is_not_remembered() -> None:
    files = [typed("seldom", "string", name, times=1) for name in ("pond", "mill")]
    found = whole([*files, typed("often", "string", "well", times=3)])
    assert "p often" in found.memory.rows
    assert "p seldom" not in found.memory.rows
    assert OTHER not in found.memory.rows


@pytest.mark.usefixtures("little_is_enough")
def test_without_a_family_its_names_are_forgotten() -> None:
    files = [typed("reed", "string", "pond"), typed("reed", "number", "mill")]
    files += [typed("x", label, "well") for label in ("string", "number")]
    found = whole(files)
    assert max(guesses(found.memory, "reed").values()) < 0.6
    assert guesses(found.memory.without(found.families["pond"]), "reed")["number"] > 0.9
    assert guesses(found.memory.without(found.families["mill"]), "reed")["string"] > 0.9


@pytest.mark.usefixtures("little_is_enough")
def test_a_memory_without_a_family_is_one_that_never_saw_it() -> None:
    files = [typed("reed", "number", "pond"), typed("x", "string", "pond", times=2)]
    others = [typed("x", label, name) for label in ("string", "number") for name in ("mill", "w")]
    found, never = whole([*files, *others]), whole(others)
    without = found.memory.without(found.families["pond"])
    assert [*without.types] == [OTHER, "number", "string"]
    for name in ("x", "reed", "y"):
        assert guesses(without, name) == pytest.approx(guesses(never.memory, name), abs=1e-9)
    assert guesses(found.memory, "x") != guesses(without, "x")


@pytest.mark.usefixtures("little_is_enough")
def test_the_order_of_packages_changes_no_guess() -> None:
    files = [typed("reed", "string", "pond"), typed("reed", "number", "mill")]
    files += [typed("reed", label, "well") for label in ("string", "number")]
    first, turned = whole(files).memory, whole(files[::-1]).memory
    assert first.types == turned.types
    assert guesses(first, "reed") == guesses(turned, "reed")


def hints_of(files: Sequence[LabelledFile], found: Remembered, family: str) -> set[str]:
    """All guesses that are read of a family's places when it is learnt from."""
    memory = found.memory.without(found.families[family])
    own = [row for row in files if row.file.family == family]
    notes = [
        " ".join(words)
        for _, learnt in learnt_files(own, memory, seed=0)
        for words in learnt.notes.values()
    ]
    return {hint.strip() for note in notes for hint in note.split(REMEMBERED)[1:]}


@pytest.mark.usefixtures("little_is_enough")
def test_no_family_is_told_its_own_types() -> None:
    # What a reed is the pond alone says; what a name is two families say.
    files = [typed("reed", "Moon", "pond"), typed("name", "string", "pond")]
    files += [typed("name", "string", "mill"), typed("wheel", "Sun", "mill")]
    files += [typed("stone", "Sun", "well"), typed("bucket", "Moon", "well")]
    found = whole(files)
    assert {*found.memory.types} == {OTHER, "Moon", "Sun", "string"}
    assert guesses(found.memory, "reed")["Moon"] > 0.5
    assert guesses(found.memory.without(found.families["pond"]), "reed").get("Moon", 0) < 0.5
    alone = [row for row in files if row.file.family != "well"]
    found = whole(alone)
    assert hints_of(alone, found, "pond") == {"string"}
    assert hints_of(alone, found, "mill") == {"string"}


def windows_of(files: Sequence[LabelledFile], folder: Path, family: str) -> str:
    """What is read of a family's windows, in words."""
    words = [" ~ string number Moon reed name function f ( ) { } :"] * 3
    tokenizer = folder / "tokenizer.json"
    model = train_vocabulary([*words, *(row.file.code for row in files)], size=600)
    tokenizer.write_text(model.to_json(), encoding="utf-8")
    found = whole(files)
    encoded = read_windows(
        ([row for row in files if row.file.family == family], found.families[family]),
        memory=found.memory,
        tokenizer=tokenizer,
        shape=SHAPE,
        renamer=Renamer(pool=("otter",), common=frozenset()),
        copies=1,
        seed=0,
    )
    assert encoded
    known = TypeVocabulary(Tokenizer.load(tokenizer))
    return " ".join(known.text(ids.tolist()) for ids, _ in encoded)


@pytest.mark.usefixtures("little_is_enough")
def test_a_window_shows_no_guess_that_only_its_family_taught(tmp_path: Path) -> None:
    pond = [typed("reed", "Moon", "pond"), typed("name", "string", "pond")]
    files = [*pond, typed("name", "string", "mill")]
    read = windows_of(files, tmp_path, "pond")
    assert "string" in read
    assert "Moon" not in read
    # Nor one of a type that others have elsewhere.
    elsewhere = [typed("name", "string", "mill", times=40), typed("x", "Moon", "well", times=1)]
    files = [*pond, *elsewhere]
    assert guesses(whole(files).memory, "reed")["Moon"] > 0.5
    assert "Moon" not in windows_of(files, tmp_path, "pond")
    # Others that say the same are no secret.
    assert "Moon" in windows_of([*files, typed("reed", "Moon", "well")], tmp_path, "pond")
