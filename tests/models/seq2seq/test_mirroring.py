"""What a text begins with brings along what the encoder says of its place."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.models.seq2seq.small import SMALL, a_model, texts
from tidemill.models.seq2seq.batch import SourceBatch, source_batch
from tidemill.models.seq2seq.beam import beam
from tidemill.models.seq2seq.config import seq2seq_config
from tidemill.models.seq2seq.model import Seq2Seq, mirrored

MIRRORING = replace(SMALL, mirrors_prompts=True)
MODEL = a_model(MIRRORING)
PLAIN = a_model(SMALL)
LENGTH = 5


def a_batch() -> SourceBatch:
    return source_batch(texts((23, 7, 40)), MIRRORING)


def prompts() -> list[list[list[int]]]:
    """Three tokens of each text, the last of the batch's and of the text's end among them."""
    batch = a_batch()
    return [[[int(row[place])] for place in (0, 3, 5)] for row in batch.ids]


def log_probabilities(model: Seq2Seq, row: int, line: list[int]) -> Tensor:
    """Of the tokens of a line behind its first, the line read all at once by itself."""
    batch, targets = a_batch(), torch.tensor([line])
    assert batch.there is not None
    hidden = model(batch.ids[row : row + 1], batch.there[row : row + 1], targets)
    scores = model.scores(hidden[0, 1:]).log_softmax(dim=1)
    return scores.gather(1, targets[0, 1:, None]).flatten()


def written(model: Seq2Seq) -> list[list[tuple[list[int], list[float]]]]:
    """Lines that are written behind the prompts, with the log-probabilities of their tokens."""
    asked = prompts()
    flat = [prompt for own in asked for prompt in own]
    found = beam(model, a_batch(), beams=1, prompts=flat, most_tokens=LENGTH)
    lines = [
        ([*prompt, *one.tokens], list(one.token_log_probabilities))
        for prompt, (one,) in zip(flat, found, strict=True)
    ]
    return [lines[start : start + 3] for start in range(0, len(lines), 3)]


@pytest.mark.parametrize("model", [MODEL, PLAIN])
def test_what_is_learnt_is_what_is_asked(model: Seq2Seq) -> None:
    for row, lines in enumerate(written(model)):
        for line, scores in lines:
            found = log_probabilities(model, row, line).tolist()
            assert found == pytest.approx(scores, abs=1e-4)


def test_several_hypotheses_of_a_prompt_all_see_its_place() -> None:
    flat = [prompt for own in prompts() for prompt in own]
    found = beam(MODEL, a_batch(), beams=4, answers=4, prompts=flat, most_tokens=LENGTH)
    for number, (prompt, own) in enumerate(zip(flat, found, strict=True)):
        assert len(own) == 4
        for one in own:
            scores = log_probabilities(MODEL, number // 3, [*prompt, *one.tokens])
            assert scores.tolist() == pytest.approx(list(one.token_log_probabilities), abs=1e-4)


def test_lines_of_one_sequence_are_as_each_by_itself() -> None:
    batch = a_batch()
    lines = [[line for line, _ in own] for own in written(MODEL)]
    # Every line has as many tokens, for none has come to its end.
    assert {len(line) for own in lines for line in own} == {1 + LENGTH}
    targets = torch.tensor([[token for line in own for token in line] for own in lines])
    numbers = torch.arange(3).repeat_interleave(1 + LENGTH).expand(3, -1)
    hidden = MODEL(batch.ids, batch.there, targets, lines=numbers)
    scores = MODEL.scores(hidden).log_softmax(dim=-1).gather(2, targets[..., None])[..., 0]
    for row, own in enumerate(lines):
        for line, found in zip(own, scores[row].view(3, -1), strict=True):
            expected = log_probabilities(MODEL, row, line)
            torch.testing.assert_close(found[1:], expected, atol=1e-4, rtol=0)


def test_places_that_differ_make_a_difference() -> None:
    with_places, without = written(MODEL), written(PLAIN)
    differences = [
        abs(one - other)
        for own, plain in zip(with_places, without, strict=True)
        for (_, scores), (_, others) in zip(own, plain, strict=True)
        for one, other in zip(scores[:1], others[:1], strict=True)
    ]
    assert min(differences) > 1e-4


def test_a_token_that_the_text_lacks_brings_nothing() -> None:
    batch = a_batch()
    present = {*batch.ids[0].tolist()}
    missing = next(token for token in range(3, SMALL.vocab_size) if token not in present)
    line = [missing, 7, 8]
    expected = log_probabilities(PLAIN, 0, line)
    torch.testing.assert_close(log_probabilities(MODEL, 0, line), expected, atol=1e-6, rtol=0)


def test_several_places_add_up() -> None:
    states = torch.arange(2 * 4 * 3, dtype=torch.float32).view(2, 4, 3)
    inputs = torch.tensor([[5, 6, 5, 7], [5, 6, 7, 0]])
    found = mirrored(states, inputs, torch.tensor([0, 1, 0, 1]), torch.tensor([5, 5, 7, 9]))
    expected = [states[0, 0] + states[0, 2], states[1, 0], states[0, 3], torch.zeros(3)]
    assert torch.equal(found, torch.stack(expected))


def test_a_loss_reaches_the_encoder_through_the_prompt() -> None:
    states = torch.ones(1, 2, 3, requires_grad=True)
    owner = torch.tensor([0])
    found = mirrored(states, torch.tensor([[5, 6]]), owner, torch.tensor([6])).sum()
    (gradient,) = torch.autograd.grad(found, states)
    assert gradient[0].tolist() == [[0.0] * 3, [1.0] * 3]


def test_the_config_says_so() -> None:
    assert seq2seq_config(MIRRORING.to_dict()) == MIRRORING
    assert seq2seq_config(SMALL.to_dict()).mirrors_prompts is False
    assert not [name for name in MODEL.state_dict() if name not in PLAIN.state_dict()]


def test_a_text_of_one_token_changes_nothing_of_the_next() -> None:
    network, batch = a_model(MIRRORING), source_batch([[5, 6, 10, 7, 11, 8]], MIRRORING)
    targets, lines = torch.tensor([[10, 11, 22, 23]]), torch.tensor([[0, 1, 1, 1]])
    together = network(batch.ids, batch.there, targets, lines=lines)
    alone = network(batch.ids, batch.there, targets[:, 1:])
    torch.testing.assert_close(together[:, 1:], alone)


def test_an_empty_prompt_is_none() -> None:
    network, batch = a_model(MIRRORING), source_batch([[5, 6, 10, 7]], MIRRORING)
    (asked,) = beam(network, batch, prompts=[[]], most_tokens=4)
    (unasked,) = beam(network, batch, most_tokens=4)
    assert [one.tokens for one in asked] == [one.tokens for one in unasked]
