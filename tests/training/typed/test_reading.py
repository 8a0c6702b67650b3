"""Labelled files as windows and answers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.typed.making import labelled
from tests.models.typed.small import FORGETFUL
from tests.training.typed.small import MILL, POND, rows
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.vocabulary import TypeVocabulary, train_vocabulary
from tidemill.models.typed.wording import type_words
from tidemill.training.typed.counting import lexicon_of, renamer_of
from tidemill.training.typed.reading import (
    Encoded,
    TypedShape,
    answered_windows,
    learnt_files,
    read_windows,
)
from tidemill.training.typed.renaming import Renamer

SHAPE = TypedShape(window=48, facts=24, most_tokens=96, most_sites=4, most_answer=64)
RENAMER = Renamer(pool=("otter", "willow", "minnow", "beaver", "alder"), common=frozenset())


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [" ".join(["", *type_words(text)]) for text in (POND, MILL)]
    path = tmp_path_factory.mktemp("tokens") / "tokenizer.json"
    path.write_text(train_vocabulary(texts * 3, size=620).to_json(), encoding="utf-8")
    return path


@pytest.fixture
def vocabulary(tokenizer: Path) -> TypeVocabulary:
    return TypeVocabulary(Tokenizer.load(tokenizer))


def words_of(row: LabelledFile, seed: int = 0) -> list[tuple[str, str]]:
    """What stands before each sentinel, with its answer."""
    ((_, learnt),) = learnt_files([row], FORGETFUL, seed=seed)
    return [
        (learnt.document.words[mark.word], "".join(learnt.answers[mark.site]))
        for mark in learnt.document.marks
    ]


def test_sites_have_the_types_of_their_places() -> None:
    pond = words_of(rows()[0])
    assert pond == [
        ("depth", "number"),
        ("reeds", "Map<string,Reed>"),
        ("reeds", "Map<string,Reed>"),
        ("water", "Water"),
        ("dive", "Promise<void>"),
        ("singer", "Heron"),
        ("times", "number"),
        ("visit", "string[]"),
        ("each", "(reed:Reed,index:number)=>void"),
        ("find", "Reed|undefined"),
        ("name", "string"),
        ("deep", "boolean"),
    ]


def test_types_are_learnt_in_normal_form() -> None:
    row = labelled("let a: ReadonlyArray< string >, b: ('x' | 1), c: undefined | Array<A>")
    assert [answer for _, answer in words_of(row)] == [
        "readonlystring[]",
        '"x"|1',
        "A[]|undefined",
    ]


def test_what_the_compiler_knows_anyway_is_asked_about_now_and_then() -> None:
    text = "".join(f"let a{n} = {n};" for n in range(400))
    known = {f"a{n}": ("number", "number") for n in range(400)}
    asked = len(words_of(labelled(text, inferred=known)))
    assert asked / 400 == pytest.approx(0.25, abs=0.07)
    for left in ("any", "any[]", ""):
        unknown = dict.fromkeys(known, ("number", left))
        assert len(words_of(labelled(text, inferred=unknown))) == 400
    written = labelled(text.replace(" =", ": number ="), inferred=known)
    assert len(words_of(written)) == 400


def test_the_draw_is_the_same_for_the_same_seed() -> None:
    text = "".join(f"let a{n} = {n};" for n in range(60))
    row = labelled(text, inferred={f"a{n}": ("number", "number") for n in range(60)})
    assert words_of(row, 1) == words_of(row, 1)
    assert words_of(row, 1) != words_of(row, 2)


def test_very_long_types_are_not_learnt() -> None:
    long = " | ".join(f"A{n}" for n in range(13))
    row = labelled(f"let a: {long}; let b: {long.removesuffix(' | A12')}")
    assert [name for name, _ in words_of(row)] == ["b"]


def test_a_file_without_labels_is_left_out() -> None:
    row = replace(rows()[0], sites=())
    assert learnt_files([row, rows()[1]], FORGETFUL, seed=0)[0][0] == rows()[1].file.id
    assert learnt_files([], FORGETFUL, seed=0) == []


def test_labels_of_places_that_are_none_are_passed_over() -> None:
    row = rows()[2]
    moved = replace(row, sites=(replace(row.sites[0], start=1), *row.sites[1:]))
    assert len(words_of(moved)) == len(words_of(row)) - 1


def lines_of(encoded: Sequence[Encoded], vocabulary: TypeVocabulary) -> list[tuple[int, str]]:
    """The lines of all answers: the number of the sentinel, and the type."""
    found = []
    for _, answer in encoded:
        line: list[int] = []
        for token in answer.tolist():
            if token in vocabulary.sentinels:
                line = [vocabulary.sentinels.index(token)]
            elif token == vocabulary.newline:
                found.append((line[0], vocabulary.text(line[1:])))
            else:
                line.append(token)
    return found


def test_windows_ask_for_all_sites_and_are_answered_in_order(vocabulary: TypeVocabulary) -> None:
    ((_, learnt),) = learnt_files(rows()[:1], FORGETFUL, seed=0)
    encoded = answered_windows(learnt, vocabulary, SHAPE)
    assert len(encoded) > 2
    types = ["number", "Map<string, Reed>", "Map<string, Reed>", "Water", "Promise<void>", "Heron"]
    types += ["number", "string[]", "(reed: Reed, index: number) => void"]
    types += ["Reed | undefined", "string", "boolean"]
    assert lines_of(encoded, vocabulary) == [*enumerate(types)]
    for ids, answer in encoded:
        assert ids.dtype == answer.dtype == np.int32
        assert len(ids) <= SHAPE.most_tokens
        assert (ids[0], ids[-1], answer[-1]) == (vocabulary.bos, vocabulary.eos, vocabulary.eos)
        assert tuple(ids[1 : 1 + len(vocabulary.preamble)]) == vocabulary.preamble
        asked = [token for token in ids.tolist() if token in vocabulary.sentinels]
        own = [token for token in answer.tolist() if token in vocabulary.sentinels]
        # Facts before the window may name a sentinel too.
        assert asked[len(asked) - len(own) :] == own


def test_names_that_a_window_does_not_show_are_facts(vocabulary: TypeVocabulary) -> None:
    ((_, learnt),) = learnt_files(rows()[:1], FORGETFUL, seed=0)
    shape = replace(SHAPE, facts=200, most_tokens=400, window=30)
    (heron,) = vocabulary.words(["Heron"])
    last = answered_windows(learnt, vocabulary, shape)[-1][0].tolist()
    text = " ".join(map(str, last))
    assert " ".join(map(str, heron)) in text
    bare = answered_windows(learnt, vocabulary, replace(shape, facts=0))[-1][0].tolist()
    assert " ".join(map(str, heron)) not in " ".join(map(str, bare))
    assert len(last) > len(bare)


def test_an_answer_is_no_longer_than_the_model_writes(vocabulary: TypeVocabulary) -> None:
    ((_, learnt),) = learnt_files(rows()[:1], FORGETFUL, seed=0)
    short = answered_windows(learnt, vocabulary, replace(SHAPE, most_answer=9))
    assert max(len(answer) for _, answer in short) == 9
    assert all(answer[-1] == vocabulary.eos for _, answer in short)


def test_of_windows_that_ask_nothing_some_are_kept(vocabulary: TypeVocabulary) -> None:
    row = labelled("run(1, 2);\n" * 400 + "let a: string;")
    ((_, learnt),) = learnt_files([row], FORGETFUL, seed=0)
    encoded = answered_windows(learnt, vocabulary, SHAPE)
    negative = [answer for _, answer in encoded if answer[0] not in vocabulary.sentinels]
    assert all(tuple(answer) == (*vocabulary.negative, vocabulary.eos) for answer in negative)
    windows = -(-len(learnt.document.words) // 40)
    assert 1 <= len(negative) <= windows // 10
    assert lines_of(encoded, vocabulary)[-1] == (0, "string")


def read(tokenizer: Path, copies: int, seed: int = 0, renamer: Renamer = RENAMER) -> list[Encoded]:
    return read_windows(
        (rows()[:1], {}),
        memory=FORGETFUL,
        tokenizer=tokenizer,
        shape=SHAPE,
        renamer=renamer,
        copies=copies,
        seed=seed,
    )


def test_copies_ask_the_same_places_and_answer_with_other_names(
    tokenizer: Path, vocabulary: TypeVocabulary
) -> None:
    first = lines_of(read(tokenizer, 0), vocabulary)
    both = lines_of(read(tokenizer, 1), vocabulary)
    assert both[: len(first)] == first
    copy = both[len(first) :]
    assert [number for number, _ in copy] == [number for number, _ in first]
    pairs = {
        pair
        for (_, old), (_, new) in zip(first, copy, strict=True)
        for pair in zip(type_words(old), type_words(new), strict=True)
    }
    changes = {old: new for old, new in pairs if old != new}
    assert len(pairs) == len({old for old, _ in pairs})
    assert {"Reed", "Heron", "Water"} & {*changes} == {*changes} - {"reed"} != set()
    assert {new.lower() for new in changes.values()} <= {*RENAMER.pool}


def test_copies_name_in_the_text_what_they_answer(
    tokenizer: Path, vocabulary: TypeVocabulary
) -> None:
    everything = Renamer(pool=("otter",), common=frozenset({"pond", "water", "heron"}))
    for seed in range(8):
        encoded = read(tokenizer, 1, seed=seed, renamer=everything)
        answers = lines_of(encoded, vocabulary)
        inputs = " ".join(vocabulary.text(ids.tolist()) for ids, _ in encoded)
        renamed = any("Otter" in answer for _, answer in answers)
        assert ("Otter" in inputs) is renamed


def test_the_same_seed_reads_the_same_numbers(tokenizer: Path) -> None:
    def numbers(seed: int) -> list[list[int]]:
        return [part.tolist() for pair in read(tokenizer, 2, seed=seed) for part in pair]

    assert numbers(4) == numbers(4)
    assert numbers(4) != numbers(5)


def test_every_copy_has_names_of_its_own(tokenizer: Path) -> None:
    encoded = [ids.tolist() for ids, _ in read(tokenizer, 2)]
    third = len(encoded) // 3
    parts = [encoded[:third], encoded[third : 2 * third], encoded[2 * third :]]
    assert parts[0] != parts[1] != parts[2] != parts[0]


def test_sites_that_were_counted_among_others_keep_their_numbers(
    tokenizer: Path, vocabulary: TypeVocabulary
) -> None:
    renamer = renamer_of(rows(), lexicon_of(rows()))
    row = labelled(MILL, inferred={"speed": ("number", "any")})
    encoded = read_windows(
        ([row], {}),
        memory=FORGETFUL,
        tokenizer=tokenizer,
        shape=SHAPE,
        renamer=renamer,
        copies=0,
        seed=0,
    )
    lines = lines_of(encoded, vocabulary)
    assert [number for number, _ in lines] == [*range(len(row.sites))]
    assert lines[7:10] == [(7, "(flour: string) => void"), (8, "number"), (9, "Promise<void>")]
