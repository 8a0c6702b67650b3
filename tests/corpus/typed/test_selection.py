"""Which labelled files enter a set."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.corpus.making import WORDS
from tests.corpus.typed.making import labelled, package_of, recipe_of
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.corpus.typed.selection import chosen_files, select_files


def topical(word: str, topic: str, sites: int = 4, package: str = "pond") -> LabelledFile:
    """A file of one topic, unlike those of others, with so many sites."""
    lines = [f"let {word}{n}: {topic}{word.title()}{n} = {topic}.{word}({n})" for n in range(sites)]
    return labelled("\n".join(lines), package=package, path=f"{word}-{topic}.ts")


def many(topic: str, count: int, sites: int = 4, package: str = "pond") -> list[LabelledFile]:
    return [topical(word, topic, sites, package) for word in WORDS[:count]]


@given(
    sizes=st.lists(st.integers(1, 50), max_size=20),
    most=st.integers(1, 200),
    seed=st.integers(0, 5),
)
def test_files_of_a_package_fill_their_room(sizes: list[int], most: int, seed: int) -> None:
    texts = {f"{n:02}.ts": b"x" * size for n, size in enumerate(sizes)}
    recipe = recipe_of(package_of(), seed=seed, package_bytes=most)
    chosen = chosen_files(texts, recipe)
    assert chosen == sorted({*chosen})
    room = most - sum(len(texts[path]) for path in chosen)
    assert room >= 0
    assert all(len(texts[path]) > room for path in texts if path not in chosen)
    assert chosen == chosen_files(dict(reversed(texts.items())), recipe)


def test_without_a_limit_all_files_are_labelled() -> None:
    assert chosen_files({"b.ts": b"", "a.ts": b""}, recipe_of(package_of())) == ["a.ts", "b.ts"]


def test_the_seed_draws_the_files() -> None:
    texts = {f"{n:02}.ts": b"x" for n in range(40)}
    drawn = {
        tuple(chosen_files(texts, recipe_of(package_of(), seed=seed, package_bytes=8)))
        for seed in range(6)
    }
    assert len(drawn) == 6
    assert {len(paths) for paths in drawn} == {8}


def test_equal_files_stay_where_they_are_measured_with() -> None:
    row, other = topical("apple", "fruit"), topical("fig", "fruit")
    rows = {"train": [row, other], "valid": [row], "test": [row, row]}
    splits, dropped = select_files(rows, recipe_of(package_of(), near=0.0))
    assert splits == {"train": [other], "valid": [], "test": [row]}
    assert dropped == Counter({"equal file": 3})


def test_almost_equal_files_are_dropped_where_the_recipe_says_how_near() -> None:
    row = topical("apple", "fruit", sites=40)
    near = labelled(row.file.code.replace("apple7", "apple_7") + "let end: number", package="mill")
    far = topical("fig", "fish", sites=40)
    rows = {"train": [near, far], "test": [row]}
    splits, dropped = select_files(rows, recipe_of(package_of(), near=0.8))
    assert splits == {"train": [far], "valid": [], "test": [row]}
    assert dropped == Counter({"almost equal file": 1})
    kept, none = select_files(rows, recipe_of(package_of(), near=0.0))
    assert kept["train"] == [near, far]
    assert none == Counter()


def test_a_package_has_no_more_than_its_share_of_the_sites() -> None:
    large, small = many("fruit", 12), [*many("fish", 2, 4, "mill"), *many("bird", 2, 4, "well")]
    splits, dropped = select_files({"train": large + small}, recipe_of(package_of(), share=0.4))
    counts = Counter[str]()
    for row in splits["train"]:
        counts[row.file.package] += len(row.sites)
    assert counts["mill"] == counts["well"] == 8
    assert 0 < counts["pond"] <= 0.4 * counts.total() + 1e-9
    assert dropped == {"over the share of its package": 12 - counts["pond"] // 4}
    assert [row for row in large if row in splits["train"]] == [
        row for row in splits["train"] if row.file.package == "pond"
    ]


def test_a_package_that_is_measured_with_has_a_limit_of_sites() -> None:
    rows = {"test": many("fruit", 6), "valid": many("fish", 3), "train": many("bird", 6)}
    splits, dropped = select_files(rows, recipe_of(package_of(), held_out=10))
    assert {split: len(kept) for split, kept in splits.items()} == {
        "train": 6,
        "valid": 2,
        "test": 2,
    }
    assert dropped == {"over the share of its package": 5}
    both = {"test": many("fruit", 6) + many("fish", 6, 4, "mill")}
    assert len(select_files(both, recipe_of(package_of(), held_out=10))[0]["test"]) == 4


def test_the_same_seed_chooses_the_same_files() -> None:
    rows = {"test": many("fruit", 20)}
    drawn = [
        select_files(rows, recipe_of(package_of(), seed=seed, held_out=12))[0]["test"]
        for seed in (1, 1, 2, 3)
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2] or drawn[0] != drawn[3]
