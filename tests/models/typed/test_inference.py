"""A model with random weights is asked: what holds for any answer."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from tests.models.seq2seq.small import a_model
from tests.models.typed.small import LEXICON, POND, asked, vocabulary
from tidemill.metrics.types.reading import read_type
from tidemill.models.seq2seq.beam import beam
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.hypothesis import Hypothesis
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.typed.inference import AskedFile, Inferred, Reading, TypeInference
from tidemill.models.typed.scope import names_at

READING = Reading(window=64, facts=24, most_sites=4, most_tokens=140)
NAME = re.compile(r"[^\W\d][\w$]*")
TEXTS = (
    POND,
    "const größe = (名前) => 名前 + '😀😀';\nclass Ärger<Größe> { feld; }\n",
    "class Stack<T> { items; push(item) { this.items.push(item); } pop() {} }",
    "let a; let b; let c; let d; let e; let f; let g;",
)


@cache
def model() -> Seq2Seq:
    config = Seq2SeqConfig(
        vocab_size=vocabulary().size,
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_decoder_layers=1,
        num_heads=2,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        max_tokens=READING.most_tokens,
        max_target_tokens=48,
    )
    return a_model(config)


def inferred(
    files: Sequence[AskedFile], reading: Reading = READING, network: Seq2Seq | None = None
) -> list[list[Inferred]]:
    found = TypeInference(vocabulary(), LEXICON, reading)
    with torch.inference_mode():
        return found.infer(network or model(), files)


@cache
def answers() -> list[list[Inferred]]:
    return inferred([asked(text) for text in TEXTS])


def test_every_site_is_answered_once_in_order() -> None:
    for text, own in zip(TEXTS, answers(), strict=True):
        assert [answer.site for answer in own] == [mark.site for mark in asked(text).document.marks]
    assert sum(map(len, answers())) == 29


@pytest.mark.claim("tidal.model.candidates")
def test_every_answer_is_a_type_of_names_in_scope() -> None:
    for text, own in zip(TEXTS, answers(), strict=True):
        file = asked(text)
        for answer in own:
            # Of random weights, most find an end in time.
            allowed = {"any", *LEXICON.names, *names_at(file.names, file.places[answer.site])}
            for said in answer.texts:
                read_type(said)
                parameters = {word + ":" for word in LEXICON.parameters}
                words = NAME.findall(re.sub("|".join(parameters), "", said))
                assert {*words} <= allowed
    assert sum(bool(answer.texts) for own in answers() for answer in own) > 20


@pytest.mark.claim("tidal.model.candidates")
def test_names_are_said_only_where_they_are_in_scope() -> None:
    alone = replace(LEXICON, names={"number": (0, 0)})
    file = asked("class A<Deep> { inside; }\nlet outside;")
    found = TypeInference(vocabulary(), alone, replace(READING, hypotheses=16, longest=8))
    with torch.inference_mode():
        ((inside, outside),) = found.infer(model(), [file])
    # Each has room for all types of one name.
    assert "Deep" in inside.texts
    assert not any("Deep" in text for text in outside.texts)


def test_types_of_other_files_can_be_said() -> None:
    alone = replace(LEXICON, names={"number": (0, 0)})
    file = replace(asked("let outside;"), more={"Elsewhere": (0, 0)})
    found = TypeInference(vocabulary(), alone, replace(READING, hypotheses=64, longest=12))
    with torch.inference_mode():
        (((answer),),) = found.infer(model(), [file])
    assert {"number", "Elsewhere"} <= {*answer.texts}


def test_alternatives_are_different_and_sorted() -> None:
    several = 0
    for own in answers():
        for answer in own:
            assert len(answer.texts) == len(answer.scores) == len({*answer.texts})
            assert [*answer.scores] == sorted(answer.scores, reverse=True)
            assert all(score < 0 for score in answer.scores)
            several += len(answer.texts) > 1
    assert several > 10


@pytest.mark.parametrize(
    "reading",
    [
        replace(READING, windows=1),
        replace(READING, windows=3),
    ],
)
def test_answers_do_not_depend_on_order_or_company(reading: Reading) -> None:
    turned = inferred([asked(text) for text in reversed(TEXTS)], reading)[::-1]
    alone = [inferred([asked(text)], reading)[0] for text in TEXTS]
    for together, *others in zip(answers(), turned, alone, strict=True):
        for other in others:
            assert [answer.texts for answer in other] == [answer.texts for answer in together]
            for one, two in zip(other, together, strict=True):
                assert one.scores == pytest.approx(two.scores, abs=1e-4)


def test_each_line_is_begun_by_the_sentinel_of_its_site(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Sequence[int]] = []

    def noted(*given: Any, **named: Any) -> list[tuple[Hypothesis, ...]]:
        begun.extend(named["prompts"])
        return beam(*given, **named)

    monkeypatch.setattr("tidemill.models.typed.inference.beam", noted)
    inferred([asked("let a; let b; let c; let d; let e; let f;")])
    # Four sites in one window and two in the other, whose lines are asked for twice.
    numbers = [vocabulary().sentinels.index(token) for (token,) in begun]
    assert numbers == [0, 1, 2, 3, 4, 5, 4, 5]


def test_files_that_ask_nothing_get_nothing() -> None:
    assert inferred([]) == []
    nothing = [asked(""), asked("// only a comment"), asked("run(1 + 2);")]
    assert inferred(nothing) == [[], [], []]
    first, middle, last = inferred([nothing[0], asked(TEXTS[3]), nothing[1]])
    assert (first, last) == ([], [])
    assert len(middle) == 7


def test_a_file_may_ask_the_same_name_many_times() -> None:
    found = inferred([asked("let a;" * 130)])[0]
    assert [answer.site for answer in found] == [*range(130)]


def test_a_model_that_writes_little_is_asked_for_short_types() -> None:
    short = a_model(replace(model().config, max_target_tokens=8))
    found = inferred([asked(TEXTS[3])], network=short)[0]
    assert len(found) == 7


@pytest.mark.slow
def test_a_minified_file_of_ten_thousand_sites_is_answered() -> None:
    text = "".join(f"function f{n}(a,b){{let c=a+b;return c}}" for n in range(2_500))
    file = asked(text)
    assert len(file.document.marks) == 10_000
    quick = replace(READING, hypotheses=1, longest=4, most_sites=16, window=120, windows=32)
    (found,) = inferred([file], quick)
    assert [answer.site for answer in found] == [mark.site for mark in file.document.marks]
