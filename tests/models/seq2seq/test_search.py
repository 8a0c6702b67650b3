"""Greedy and beam search: what holds for both, and what sets them apart."""

from itertools import product
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.seq2seq.small import LIVELY, LIVELY_SEED, Listed, a_batch, a_model, texts
from tidemill.core.errors import InputError, SettingError
from tidemill.models.seq2seq.batch import source_batch
from tidemill.models.seq2seq.beam import beam
from tidemill.models.seq2seq.greedy import greedy
from tidemill.models.seq2seq.hypothesis import Hypothesis

MODEL = a_model(LIVELY, LIVELY_SEED)
# Rounding differs with the batch and may turn a near tie, so the examples are always the same.
SAME_EXAMPLES = settings(max_examples=12, derandomize=True)
END = LIVELY.eos_token_id
SEQUENCES = st.lists(
    st.lists(st.integers(3, 37), min_size=1, max_size=4).map(lambda one: (*one, END)),
    min_size=1,
    max_size=8,
).map(lambda several: Listed(tuple(several)))


def close(found: Hypothesis, expected: Hypothesis) -> bool:
    return (
        found.tokens == expected.tokens
        and found.is_finished == expected.is_finished
        and found.token_log_probabilities
        == pytest.approx(expected.token_log_probabilities, abs=1e-4)
    )


def scores_of(row: int, tokens: tuple[int, ...]) -> torch.Tensor:
    """For every place of a text, all of it read at once."""
    batch = a_batch(config=LIVELY)
    assert batch.there is not None
    own = slice(row, row + 1)
    return MODEL.scores(MODEL(batch.ids[own], batch.there[own], torch.tensor([tokens])))[0]


def log_probability(row: int, tokens: tuple[int, ...], rule: Listed) -> float:
    """Of a text among those that are listed."""
    total = 0.0
    for place, scores in enumerate(scores_of(row, tokens)):
        allowed = rule.allowed(tokens[:place])
        total += float(scores[allowed].log_softmax(dim=0)[allowed.index(tokens[place])])
    return total


@SAME_EXAMPLES
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5), order=st.randoms())
def test_an_answer_does_not_depend_on_what_is_asked_beside_it(
    lengths: list[int], order: Random
) -> None:
    rows = texts(lengths, config=LIVELY)
    places = list(range(len(rows)))
    order.shuffle(places)
    together = source_batch([rows[place] for place in places], LIVELY)
    by_greed = greedy(MODEL, together, most_tokens=12)
    by_beams = beam(MODEL, together, beams=3, answers=2, most_tokens=12)
    for number, place in enumerate(places):
        alone = source_batch([rows[place]], LIVELY)
        assert close(by_greed[number], greedy(MODEL, alone, most_tokens=12)[0])
        expected = beam(MODEL, alone, beams=3, answers=2, most_tokens=12)[0]
        assert all(map(close, by_beams[number], expected))


@SAME_EXAMPLES
@given(rules=st.lists(st.none() | SEQUENCES, min_size=4, max_size=4))
def test_one_beam_is_greedy(rules: list[Listed | None]) -> None:
    expected = greedy(MODEL, a_batch(config=LIVELY), constraints=rules, most_tokens=15)
    found = beam(MODEL, a_batch(config=LIVELY), beams=1, constraints=rules, most_tokens=15)
    assert all(close(one, other) for (one,), other in zip(found, expected, strict=True))


@settings(max_examples=10)
@given(rules=st.lists(SEQUENCES, min_size=4, max_size=4))
def test_a_constraint_is_never_violated_and_probabilities_are_its_own(
    rules: list[Listed],
) -> None:
    batch = a_batch(config=LIVELY)
    found = beam(MODEL, batch, beams=8, answers=8, constraints=rules)
    for row, (rule, answers) in enumerate(zip(rules, found, strict=True)):
        written = [one.tokens for one in answers]
        # As many beams as there are sequences: all are found, ordered, and they are certain.
        assert set(written) == set(rule.sequences)
        assert len(written) == len(set(written))
        expected = [log_probability(row, tokens, rule) for tokens in written]
        assert [one.log_probability for one in answers] == pytest.approx(expected, abs=1e-3)
        assert expected == pytest.approx(sorted(expected, reverse=True), abs=1e-4)
        total = sum(torch.tensor(expected).exp().tolist())
        assert total == pytest.approx(1, abs=1e-3)
    by_greed = greedy(MODEL, batch, constraints=rules)
    assert all(one.tokens in rule.sequences for one, rule in zip(by_greed, rules, strict=True))
    assert all(one.is_finished for one in by_greed)


def test_beams_enough_for_all_beginnings_find_the_most_probable_text() -> None:
    tokens = (5, 9, 11)
    rule = Listed(tuple((*one, END) for one in product(tokens, repeat=3)))
    found = beam(MODEL, a_batch(config=LIVELY), beams=27, constraints=[rule] * 4)
    for row, (best,) in enumerate(found):
        chances = {one: log_probability(row, one, rule) for one in rule.sequences}
        assert best.tokens == max(chances, key=chances.__getitem__)


def test_more_beams_find_nothing_worse_here() -> None:
    scores = [
        [one.log_probability for (one,) in beam(MODEL, a_batch(config=LIVELY), beams=beams)]
        for beams in (1, 4, 16)
    ]
    assert all(few <= many + 1e-4 for few, many in zip(scores[0], scores[2], strict=True))


def test_what_has_no_room_is_not_finished() -> None:
    found = greedy(MODEL, a_batch(config=LIVELY), most_tokens=10)
    assert {one.is_finished for one in found} == {True, False}
    for one in found:
        assert len(one.tokens) == len(one.token_log_probabilities) <= 10
        assert one.is_finished == (one.tokens[-1] == END)


def test_a_state_that_is_done_ends_a_text_without_the_last_token() -> None:
    rule = Listed(((7, 8), (9,)))
    for (one,) in beam(MODEL, a_batch(config=LIVELY), constraints=[rule] * 4):
        assert one.tokens in rule.sequences
        assert one.is_finished


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beams": 0}, "1 answers of 0 beams"),
        ({"beams": 65}, "1 answers of 65 beams"),
        ({"beams": 2, "answers": 3}, "3 answers of 2 beams"),
        ({"answers": 0}, "0 answers"),
        ({"most_tokens": 0}, "most_tokens is 0; it is 1 to 48"),
        ({"most_tokens": 49}, "most_tokens is 49"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, int], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        beam(MODEL, a_batch(config=LIVELY), **options)  # type: ignore[arg-type]  # numbers all


def test_constraints_that_do_not_fit_are_refused() -> None:
    batch = a_batch(config=LIVELY)
    with pytest.raises(InputError, match="1 constraints for 4 texts"):
        greedy(MODEL, batch, constraints=[None])
    with pytest.raises(InputError, match="done before the first token"):
        greedy(MODEL, batch, constraints=[Listed(())] * 4)


def test_texts_of_one_input_go_on_from_what_they_begin_with() -> None:
    batch = a_batch(config=LIVELY)
    prompts = [(5, 9), (11, 4), (7, 7)] * 4
    found = beam(MODEL, batch, beams=3, answers=3, prompts=prompts, most_tokens=6)
    assert len(found) == len(prompts)
    for number, (prompt, answers) in enumerate(zip(prompts, found, strict=True)):
        for one in answers:
            scores = scores_of(number // 3, (*prompt, *one.tokens))[len(prompt) :]
            chances = scores.log_softmax(dim=1)[range(len(one.tokens)), list(one.tokens)]
            assert one.token_log_probabilities == pytest.approx(chances.tolist(), abs=1e-4)
    alone = beam(MODEL, batch, beams=3, answers=3, prompts=prompts[:4], most_tokens=6)
    assert all(map(close, alone[0], found[0]))


def test_texts_of_one_input_that_end_early_leave_the_others_alone() -> None:
    batch = a_batch(config=LIVELY)
    short, long = Listed(((END,),)), Listed(tuple((*[token] * 9, END) for token in (5, 6, 7)))
    rules = [short, short, short, long, long, short, long, long]
    found = beam(MODEL, batch, answers=3, prompts=[(5,)] * 8, constraints=rules)
    for rule, answers in zip(rules, found, strict=True):
        assert {one.tokens for one in answers} == set(rule.sequences)
    assert all(
        map(
            close,
            found[3],
            beam(
                MODEL, batch, answers=3, prompts=[(5,)] * 4, constraints=[short, long, short, long]
            )[1],
        )
    )


@pytest.mark.parametrize("prompts", [[(3,)] * 5, [(3,), (3,), (3,), (3, 4)]])
def test_prompts_that_do_not_fit_are_refused(prompts: list[tuple[int, ...]]) -> None:
    with pytest.raises(InputError, match="texts to write for 4 inputs"):
        beam(MODEL, a_batch(config=LIVELY), prompts=prompts)
