"""The encoder-decoder against transformers' T5 with the same random weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration
from transformers.models.t5.modeling_t5 import T5Attention

from tests.models.seq2seq.small import LIVELY, LIVELY_SEED, SMALL, a_batch, a_model
from tidemill.models.seq2seq.beam import beam
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.greedy import greedy
from tidemill.models.seq2seq.hypothesis import Hypothesis
from tidemill.models.seq2seq.loading import load_checkpoint
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.seq2seq.positions import buckets_of

TIED = replace(SMALL, num_layers=2, num_decoder_layers=3, eos_token_id=34)
CASES = pytest.mark.parametrize(
    ("config", "seed"), [(TIED, 5), (LIVELY, LIVELY_SEED)], ids=["relu-tied", "gated-untied"]
)


def twin(ours: Seq2Seq) -> T5ForConditionalGeneration:
    """Their model with the weights of ours."""
    names = set(T5Config().to_dict()) | {"bos_token_id", "decoder_start_token_id"}
    facts: dict[str, Any] = {
        name: value for name, value in ours.config.to_dict().items() if name in names
    }
    theirs = T5ForConditionalGeneration(T5Config(**facts))
    theirs.train(mode=False)
    weights = ours.state_dict()
    for side in ("encoder", "decoder"):
        weights[f"{side}.embed_tokens.weight"] = weights["shared.weight"]
    if ours.config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["shared.weight"]
    else:  # transformers 5 makes one of both tables whatever its config says
        theirs.lm_head.weight = torch.nn.Parameter(weights["lm_head.weight"].clone())
    theirs.load_state_dict(weights, strict=True)
    return theirs


def generated(ours: Seq2Seq, **options: Any) -> Any:
    """What their search writes; its cache knows no decoder that is deeper than the encoder."""
    theirs, batch = twin(ours), a_batch(config=ours.config)
    assert batch.there is not None
    return theirs.generate(
        input_ids=batch.ids,
        attention_mask=batch.there.long(),
        do_sample=False,
        use_cache=ours.config.num_decoder_layers <= ours.config.num_layers,
        return_dict_in_generate=True,
        **options,
    )


def same(found: Hypothesis, row: torch.Tensor, end: int) -> bool:
    """Whether they wrote the same: after a start, and before what they fill up with."""
    tokens, length = row.tolist()[1:], len(found.tokens)
    return tuple(tokens[:length]) == found.tokens and set(tokens[length:]) <= {0, end}


@pytest.mark.claim("tidal.model.t5")
@CASES
def test_states_and_scores_are_those_of_t5(config: Seq2SeqConfig, seed: int) -> None:
    ours = a_model(config, seed)
    theirs = twin(ours)
    batch = a_batch((200, 33, 7, 1), config)
    assert batch.there is not None
    targets = torch.randint(3, 40, (4, 45), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        states = ours.encode(batch).states
        scores = ours.scores(ours(batch.ids, batch.there, targets))
        expected = theirs(input_ids=batch.ids, attention_mask=batch.there.long(), labels=targets)
    torch.testing.assert_close(
        states[batch.there],
        expected.encoder_last_hidden_state[batch.there],
        atol=1e-4,
        rtol=0,
    )
    torch.testing.assert_close(scores, expected.logits, atol=1e-4, rtol=0)
    assert scores.std() > 1


@pytest.mark.claim("tidal.model.t5")
@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize(("count", "furthest"), [(32, 128), (8, 20), (4, 3), (64, 1000), (33, 77)])
def test_classes_of_distances_are_those_of_t5(count: int, furthest: int, both_ways: bool) -> None:
    config = replace(
        SMALL, relative_attention_num_buckets=count, relative_attention_max_distance=furthest
    )
    distances = torch.arange(-1200, 1200)
    reference: Any = T5Attention._relative_position_bucket  # noqa: SLF001 - what is to be equalled
    expected = reference(
        distances, bidirectional=both_ways, num_buckets=count, max_distance=furthest
    )
    assert torch.equal(buckets_of(distances, config, both_ways=both_ways), expected)


@pytest.mark.claim("tidal.model.t5")
@CASES
def test_greedy_search_writes_what_t5_generates(config: Seq2SeqConfig, seed: int) -> None:
    ours = a_model(config, seed)
    found = greedy(ours, a_batch(config=config), most_tokens=20)
    expected = generated(ours, num_beams=1, max_new_tokens=20)
    for one, row in zip(found, expected.sequences, strict=True):
        assert same(one, row, config.eos_token_id)
    assert any(one.is_finished for one in found)


@pytest.mark.claim("tidal.model.t5")
@CASES
@pytest.mark.parametrize("answers", [1, 4])
def test_beam_search_writes_what_t5_generates_without_a_length_penalty(
    config: Seq2SeqConfig, seed: int, answers: int
) -> None:
    ours = a_model(config, seed)
    found = beam(ours, a_batch(config=config), beams=4, answers=answers, most_tokens=20)
    expected = generated(
        ours,
        num_beams=4,
        max_new_tokens=20,
        length_penalty=0.0,
        num_return_sequences=answers,
        output_scores=True,
    )
    ordered = [one for several in found for one in several]
    for one, row in zip(ordered, expected.sequences, strict=True):
        assert same(one, row, config.eos_token_id)
    scores = torch.tensor([one.log_probability for one in ordered])
    torch.testing.assert_close(scores, expected.sequences_scores, atol=1e-4, rtol=0)
    assert any(one.is_finished for one in ordered)


@pytest.mark.claim("tidal.model.t5")
@CASES
def test_a_folder_that_transformers_wrote_is_read(
    config: Seq2SeqConfig, seed: int, tmp_path: Path
) -> None:
    theirs = twin(a_model(config, seed))
    theirs.save_pretrained(tmp_path)
    ours = load_checkpoint(tmp_path)
    assert ours.config.tie_word_embeddings == config.tie_word_embeddings
    batch = a_batch(config=config)
    assert batch.there is not None
    targets = batch.ids[:, :9].contiguous()
    with torch.no_grad():
        expected = theirs(
            input_ids=batch.ids, attention_mask=batch.there.long(), labels=targets
        ).logits
        scores = ours.scores(ours(batch.ids, batch.there, targets))
    torch.testing.assert_close(scores, expected, atol=1e-4, rtol=0)
