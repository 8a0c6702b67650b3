from dataclasses import replace
from math import log
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from tests.models.seq2seq.small import SMALL, a_batch, a_model, texts
from tidemill.models.seq2seq.batch import source_batch
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.seq2seq.shapes import seq2seq_tensors
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import sparsify
from tidemill.sparsity.spec import Sparsity

GATED = replace(
    SMALL, feed_forward_proj="gated-gelu", tie_word_embeddings=False, num_decoder_layers=1
)
BOTH = pytest.mark.parametrize("config", [SMALL, GATED], ids=["relu-tied", "gated-untied"])
MODEL = a_model()
TARGETS = torch.tensor(texts([9, 9, 9, 9], seed=4))


def loss_of(network: Seq2Seq, chance: torch.Generator | None = None) -> torch.Tensor:
    batch = a_batch(config=network.config)
    hidden = network(batch.ids, batch.there, TARGETS, chance)
    return functional.cross_entropy(network.scores(hidden.flatten(0, 1)), TARGETS.flatten())


@BOTH
def test_tensors_are_those_that_the_config_says(config: Seq2SeqConfig) -> None:
    found = {name: tuple(part.shape) for name, part in Seq2Seq(config).state_dict().items()}
    assert found == seq2seq_tensors(config)


@settings(max_examples=25)
@given(lengths=st.lists(st.integers(1, 60), min_size=2, max_size=5), order=st.randoms())
def test_what_is_beside_a_text_in_its_batch_changes_nothing(
    lengths: list[int], order: Random
) -> None:
    rows = texts(lengths)
    places = list(range(len(rows)))
    order.shuffle(places)
    batch = source_batch([rows[place] for place in places], SMALL)
    targets = TARGETS[:1].expand(len(rows), -1)
    together = MODEL(batch.ids, batch.there, targets)
    for row, place in enumerate(places):
        alone = source_batch([rows[place]], SMALL)
        expected = MODEL(alone.ids, alone.there, targets[:1])
        torch.testing.assert_close(together[row : row + 1], expected, atol=1e-4, rtol=0)


def test_a_target_changes_no_state_up_to_its_own() -> None:
    batch = a_batch()
    changed = TARGETS.clone()
    changed[:, 5] = 7
    before, after = MODEL(batch.ids, batch.there, TARGETS), MODEL(batch.ids, batch.there, changed)
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.isclose(before[:, 6], after[:, 6]).all()


def test_lines_of_one_target_are_as_texts_of_their_own() -> None:
    batch = a_batch()
    lines = torch.tensor([[0, 0, 0, 1, 1, 2, 2, 2, 2]]).expand(4, -1)
    together = MODEL(batch.ids, batch.there, TARGETS, lines=lines)
    for first, last in ((0, 3), (3, 5), (5, 9)):
        alone = MODEL(batch.ids, batch.there, TARGETS[:, first:last])
        torch.testing.assert_close(together[:, first:last], alone, atol=1e-4, rtol=0)


@BOTH
def test_first_weights_know_nothing_and_say_so(config: Seq2SeqConfig) -> None:
    network = Seq2Seq(config, torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert loss_of(network) == pytest.approx(log(config.vocab_size), rel=0.4)


@BOTH
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_every_weight_learns(config: Seq2SeqConfig, bf16: bool) -> None:
    network = a_model(config).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = loss_of(network, torch.Generator().manual_seed(2))
    loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def test_bfloat16_is_about_the_same() -> None:
    exact = loss_of(MODEL)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = loss_of(MODEL)
    assert rounded.dtype == torch.float32
    assert rounded != exact
    assert float(rounded) == pytest.approx(float(exact), rel=0.05)


def test_dropout_is_drawn_from_what_is_passed_in_alone() -> None:
    before = torch.get_rng_state()
    drawn = [loss_of(MODEL, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert loss_of(MODEL) == loss_of(MODEL)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_rate_nothing_is_dropped() -> None:
    network = a_model(replace(SMALL, dropout_rate=0.0))
    assert loss_of(network, torch.Generator().manual_seed(1)) == loss_of(network)


def test_layers_become_sparse_and_the_head_does_not() -> None:
    network = a_model(replace(GATED, num_heads=2)).requires_grad_()
    sparsifier = sparsify(network, Sparsity(pattern=NMPattern(2, 8)))
    linear = [name for name, part in network.named_modules() if isinstance(part, torch.nn.Linear)]
    assert set(linear) - set(sparsifier.layers) == {"lm_head"}
    loss = loss_of(network, torch.Generator().manual_seed(1))
    loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
    assert all(layer.weight.grad is not None for layer in sparsifier.layers.values())
