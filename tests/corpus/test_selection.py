"""Selection: precedence, duplicates, limits, shares."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus.making import WORDS
from tidemill.corpus.example import Example, identity
from tidemill.corpus.recipe import Limits, Recipe
from tidemill.corpus.selection import ceiling, select, water_level

RECIPE = Recipe(
    name="own",
    about="",
    digest="",
    seed=0,
    take="documented",
    languages=(),
    licences=frozenset(),
    limits=Limits(),
    packages=(),
    sets=(),
)


def made(code: str, query: str = "", *, package: str = "p", language: str = "python") -> Example:
    return Example(
        id=identity(language, query, code),
        language=language,
        package=package,
        family=package,
        licence="MIT",
        path="a.py",
        line=1,
        name="f",
        qualified_name="f",
        query=query,
        code=code,
        group="",
    )


def many(count: int, package: str, *, query: bool = True) -> list[Example]:
    words = [f"{package}_{number}" for number in range(count)]
    return [made(f"{w} = {w} + 1", f"Say {w} now" if query else "", package=package) for w in words]


def limited(**limits: object) -> Recipe:
    return replace(RECIPE, limits=replace(Limits(), **limits))  # type: ignore[arg-type]


@pytest.mark.claim("house.corpus.held-out")
def test_of_equals_the_first_split_in_precedence_stays() -> None:
    rows = {
        "train": [made("x = 1\n", "one a b"), made("y = 2", "two a b")],
        "valid": [made("x  =  1", "one c d")],
        "test": [made("x = 1", "one e f"), made("z = 3", "TWO a b")],
    }
    chosen, dropped = select(rows, RECIPE)
    assert [len(chosen[split]) for split in ("train", "valid", "test")] == [0, 0, 2]
    assert dropped == {"equal function": 2, "equal query": 1}


def test_languages_are_apart() -> None:
    rows = {"train": [made("x = 1", "one a b"), made("x = 1", "one a b", language="ruby")]}
    assert len(select(rows, RECIPE)[0]["train"]) == 2


def test_a_question_that_was_asked_may_stay_without() -> None:
    rows = {"train": [made("x = 1", "one a b"), made("y = 2", "one a b")]}
    chosen, _ = select(rows, replace(RECIPE, take="all"))
    assert [row.query for row in chosen["train"]] == ["one a b", ""]
    assert chosen["train"][1].id == identity("python", "", "y = 2")


def test_equals_may_stay() -> None:
    rows = {"train": [made("x = 1", "one a b")] * 3}
    assert len(select(rows, limited(equal=False))[0]["train"]) == 3


def test_undocumented_functions_are_taken_where_the_recipe_says() -> None:
    rows = {"train": many(9, "p", query=False), "test": many(4, "q", query=False)}
    chosen, dropped = select(rows, RECIPE)
    assert chosen == {"train": [], "valid": [], "test": []}
    assert dropped == {"undocumented": 13}
    chosen, dropped = select(rows, limited(undocumented={"python": 5}))
    assert [len(chosen[split]) for split in ("train", "test")] == [5, 0]
    assert dropped == {"undocumented": 4, "over the limit of its language": 4}
    chosen, _ = select(rows, replace(RECIPE, take="all"))
    assert [len(chosen[split]) for split in ("train", "test")] == [9, 4]


def test_long_functions_are_left_out() -> None:
    rows = {"train": [made("x" * 99, "one a b"), made("ä" * 50, "two a b"), made("y", "c d e")]}
    chosen, dropped = select(rows, limited(longest_bytes=99))
    assert [row.query for row in chosen["train"]] == ["one a b", "c d e"]
    assert dropped == {"too long": 1}


@pytest.mark.claim("house.corpus.held-out")
def test_near_duplicates_go_by_precedence() -> None:
    text = "\n".join(f"{word} = tree.{word} + 1" for word in WORDS)
    rows = {
        "train": [made(text.replace("rose", "lily", 1), "one a b"), made(text[::-1], "two a b")],
        "valid": [made(text, "three a b")],
    }
    chosen, dropped = select(rows, limited(near=0.8))
    assert [row.query for row in chosen["train"]] == ["two a b"]
    assert [row.query for row in chosen["valid"]] == ["three a b"]
    assert dropped == {"near duplicate": 1}


def test_limits_take_from_the_largest_packages() -> None:
    rows = {"train": many(90, "big") + many(20, "middle") + many(5, "small")}
    chosen, dropped = select(rows, limited(documented={"python": 45}))
    assert Counter(row.package for row in chosen["train"]) == {"big": 20, "middle": 20, "small": 5}
    assert dropped == {"over the limit of its language": 70}
    again, _ = select(rows, limited(documented={"python": 45}))
    assert again == chosen
    other, _ = select(rows, replace(limited(documented={"python": 45}), seed=1))
    assert other != chosen


def test_held_out_parts_have_a_limit_of_their_own() -> None:
    rows = {"train": many(30, "p"), "valid": many(30, "q"), "test": many(30, "r")}
    chosen, _ = select(rows, limited(held_out=10))
    assert [len(chosen[split]) for split in ("train", "valid", "test")] == [30, 10, 10]


def test_no_package_has_more_than_its_share() -> None:
    rows = {"train": many(400, "big") + [row for n in range(19) for row in many(20, f"p{n}")]}
    chosen, dropped = select(rows, limited(share=0.1))
    tokens = Counter[str]()
    for row in chosen["train"]:
        tokens[row.package] += len(row.code.split())
    assert tokens["big"] <= 0.1 * tokens.total()
    assert tokens["big"] > 0.08 * tokens.total()
    assert set(dropped) == {"over the share of its package"}
    assert all(count == 100 for name, count in tokens.items() if name != "big")


amounts = st.lists(st.integers(0, 1_000), min_size=1, max_size=30)


@given(amounts, st.integers(0, 5_000))
def test_the_water_level_makes_the_sum(values: list[int], most: int) -> None:
    level = water_level(values, most)
    cut = sum(min(value, level) for value in values)
    assert cut == pytest.approx(min(most, sum(values)))


@given(amounts, st.floats(0.01, 1.0))
def test_the_ceiling_is_a_share_of_what_is_left(values: list[int], share: float) -> None:
    most = ceiling(values, share)
    if len(values) * share <= 1:
        assert most == max(values)
    else:
        left = sum(min(value, most) for value in values)
        assert min(max(values), most) <= share * left + 1e-6
        assert most >= max(values) or most == pytest.approx(share * left)
