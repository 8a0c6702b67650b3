"""Copies of files differ in the names of their types, and in nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.typed.small import rows
from tidemill.core.randomness import stream
from tidemill.models.typed.parts import NAME, parts_of
from tidemill.models.typed.wording import type_words
from tidemill.training.typed.counting import lexicon_of, renamer_of
from tidemill.training.typed.renaming import Renamer, renamed

POOL = ("heron", "otter", "willow", "minnow", "beaver", "alder", "marsh", "ripple")
RENAMER = Renamer(pool=POOL, common=frozenset({"map", "string", "type", "class", "get"}))
PARTS = st.sampled_from(
    ["pond", "reed", "otter", "alder", "map", "string", "type", "x", "get", "html"]
)
NAMES = st.lists(PARTS, min_size=1, max_size=3).map(lambda some: "".join(map(str.title, some)))
WORDS = NAMES | st.sampled_from(["class", "pond", "getReed", "(", "=>", '"Pond"', "#pond", "1"])


def test_parts_change_in_every_word_alike_and_keep_their_case() -> None:
    words = ["PondReed", "pondReed", "POND_DEPTH", "pond", "#pond", "respond", "map", '"Pond"']
    assert renamed(words, {"pond": "otter"}) == [
        *("OtterReed", "otterReed", "OTTER_DEPTH", "otter", "#otter", "respond", "map", '"Pond"'),
    ]


@given(types=st.lists(NAMES, max_size=6), words=st.lists(WORDS, max_size=30), seed=st.integers(0))
def test_a_copy_has_the_structure_of_its_file(
    types: list[str], words: list[str], seed: int
) -> None:
    changes = RENAMER.chosen(types, stream(seed, "names"))
    copy = renamed([*words, *types], changes)
    assert len(copy) == len(words) + len(types)
    for old, new in zip([*words, *types], copy, strict=True):
        if not NAME.fullmatch(old) or {*parts_of(old)} <= RENAMER.common:
            assert new == old
    # What was one name is one, and what were two are two.
    pairs = {*zip(types, copy[len(words) :], strict=True)}
    assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs})


@given(types=st.lists(NAMES, max_size=6), seed=st.integers(0))
def test_no_part_becomes_another_of_the_same_file(types: list[str], seed: int) -> None:
    changes = RENAMER.chosen(types, stream(seed, "names"))
    parts = {part for name in types for part in parts_of(name)}
    assert {*changes} <= parts - RENAMER.common
    assert len({*changes.values()}) == len(changes)
    assert not {*changes.values()} & parts


def test_most_parts_change_and_which_is_drawn() -> None:
    drawn = [RENAMER.chosen(["PondReed"], stream(seed, "names")) for seed in range(400)]
    share = sum(len(changes) for changes in drawn) / 800
    assert share == pytest.approx(0.8, abs=0.05)
    assert {changes["pond"] for changes in drawn if "pond" in changes} == {*POOL}
    assert RENAMER.chosen(["PondReed"], stream(3, "names")) == drawn[3]


def test_where_there_are_few_other_parts_the_rest_stay() -> None:
    few = Renamer(pool=("otter",), common=frozenset())
    for seed in range(20):
        changes = few.chosen(["PondReedBank"], stream(seed, "names"))
        assert len(changes) <= 1


def test_answers_agree_with_the_text() -> None:
    changes = {"reed": "otter", "pond": "marsh"}
    text = renamed(["class", "Reed", "{", "}", "new", "Pond", "<", "Reed", ">"], changes)
    answer = renamed(type_words("Map<string, Pond<Reed>[]>"), changes)
    assert answer == ["Map", "<", "string", ",", "Marsh", "<", "Otter", ">", "[", "]", ">"]
    assert {"Marsh", "Otter"} <= {*text}


def test_words_of_the_language_and_its_libraries_stay() -> None:
    renamer = renamer_of(rows(), lexicon_of(rows()))
    assert {"promise", "map", "string", "abstract", "yield", "enum", "declare"} <= renamer.common
    types = ["AbstractYield", "DeclareEnum", "PromiseMap"]
    assert renamer.chosen(types, stream(1, "names")) == {}
