from dataclasses import replace

from tests.training.test_training import packed_examples
from tidemill.core.progress import Silence
from tidemill.corpus.example import Example
from tidemill.training.alike import MOST_SHARING, DerivedExample, alike
from tidemill.training.nameless import nameless


def grouped(examples: list[Example], rewrites: int = 0, seed: int = 0) -> list[DerivedExample]:
    return alike(examples, rewrites=rewrites, seed=seed, workers=1, progress=Silence())


def example(name: str, package: str, group: str = "") -> Example:
    (one,) = packed_examples(1, 0)
    return replace(one, id=f"{name} {package}", name=name, package=package, group=group)


def test_functions_of_one_telling_name_in_several_packages_belong_together() -> None:
    told = [
        example("copyFile", "a"),
        example("copy_file", "b"),
        example("readAll", "a"),
        example("readAll", "a"),
        example("get", "a"),
        example("get", "b"),
        example("x", "b", group="9"),
    ]
    assert [one.group for one in grouped(told)] == [
        "name copyfile",
        "name copyfile",
        "id readAll a",
        "id readAll a",
        "id get a",
        "id get b",
        "9",
    ]


def test_a_name_that_very_many_bear_says_nothing() -> None:
    told = [example("hashCode", f"p{number}") for number in range(MOST_SHARING + 1)]
    assert {one.group for one in grouped(told)} == {f"id hashCode p{n}" for n in range(41)}


def test_copies_are_rewritten_and_the_same_every_time() -> None:
    told = packed_examples(12, 0)
    found = grouped(told, rewrites=2)
    assert [one.code for one in found[:12]] == [one.code for one in told]
    assert 12 < len(found) <= 36
    by_group: dict[str, set[str]] = {}
    for one in found:
        by_group.setdefault(one.group, set()).add(one.code)
    assert max(map(len, by_group.values())) >= 2
    assert grouped(told, rewrites=2) == found
    assert grouped(told, rewrites=2, seed=1) != found


def test_queries_that_name_their_function_are_learnt_without_the_name_too() -> None:
    told = [
        replace(example("copyFile", "a"), query="Copy a file to another place at once"),
        replace(example("copyFile", "b"), query="Do what the caller wants"),
        replace(example("copyFile", "c"), query="Copy the file"),
    ]
    (found,) = nameless(told)
    assert found.query == "a to another place at once"
    assert found.code == told[0].code
