"""What is counted in files before anything is learnt of them."""

from collections.abc import Sequence

import pytest

from tests.corpus.typed.making import labelled
from tests.training.typed.small import rows
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.models.typed.scope import Arity
from tidemill.training.typed.counting import lexicon_of, renamer_of


def said(*labels: str, families: Sequence[str] = ("a", "b")) -> list[LabelledFile]:
    """For each family a file in which the same types are written."""
    text = "".join(f"let v{number}: {label};\n" for number, label in enumerate(labels))
    return [labelled(text, package=family) for family in families]


def test_names_that_several_families_say_are_of_the_language() -> None:
    found = lexicon_of(rows())
    assert found.names == {
        "Map": (2, 2),
        "Promise": (1, 1),
        **dict.fromkeys(("boolean", "number", "string", "undefined", "void"), (0, 0)),
    }
    assert [*found.names] == sorted(found.names)
    # Two packages of one family are not enough.
    assert lexicon_of(rows()[1:]).names == {}


def test_names_that_a_file_declares_imports_or_takes_are_its_own() -> None:
    text = 'import { A } from "a"; class B<C> { x: A; y: B<C>; z: D; w: C }'
    found = lexicon_of([labelled(text, package=name) for name in ("a", "b")])
    assert [*found.names] == ["D"]


@pytest.mark.parametrize(
    ("labels", "name", "arity"),
    [
        (["X"], "X", (0, 0)),
        (["X<A>", "X<A, B>"], "X", (1, 2)),
        (["X", "X<Map<A, B>, (a: A, b: B) => C>"], "X", (0, 2)),
        (["Y<X[], [A, B]>"], "Y", (2, 2)),
        (["N.X<A>", "X"], "X", (0, 0)),
        (["X<A>"] * 30 + ["X"], "X", (1, 1)),
        ([f"X<{', '.join('A' * count)}>" for count in range(1, 26)], "X", (1, 25)),
    ],
)
def test_type_arguments_are_those_that_are_usual(
    labels: list[str], name: str, arity: Arity
) -> None:
    assert lexicon_of(said(*labels)).names[name] == arity


def test_words_that_are_no_types_are_not_in_the_lexicon() -> None:
    labels = ["keyof A", "readonly A[]", "unique symbol", "any[]", "new () => A", "1"]
    found = lexicon_of(said(*labels, '"b c"', "abstract new () => A", "{ a: A }"))
    assert [*found.names] == ["A", "symbol"]


def test_parameters_and_heads_come_most_frequent_first() -> None:
    types = ["(value: A) => void", "(value: A, index: B) => A[]", "string", "string", "Map<A, B>"]
    found = lexicon_of(said(*types))
    assert [*found.parameters] == ["value", "index"]
    assert [*found.heads][:2] == ["function", "string"]
    assert {*found.heads} == {"function", "string", "Map"}


def test_parts_that_are_frequent_and_not_common_are_drawn_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tidemill.training.typed.counting.COMMON_PARTS", 1)
    files = [labelled(f"let frequentOtter{n}: string, anOtter = {n}") for n in range(6)]
    renamer = renamer_of([*files, labelled("let rare: string")], lexicon_of(files))
    assert [*renamer.pool] == ["frequent"]
    assert "otter" in renamer.common
    assert renamer_of(files[:1], lexicon_of([])).pool == ["part"]
