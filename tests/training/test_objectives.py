"""What the objectives hide, ask and must not leak."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.training.small import recipe, trainee
from tidemill.models.batch import GraphBatch
from tidemill.training.chance import Chance
from tidemill.training.columns import ragged
from tidemill.training.objectives.graph import (
    AlignmentObjective,
    EdgeObjective,
    balanced,
    chosen_nodes,
)
from tidemill.training.objectives.groups import GroupObjective
from tidemill.training.objectives.masked_language import MaskedLanguageObjective, masked
from tidemill.training.objectives.search import SearchObjective
from tidemill.training.trainees.encoder import EncoderTrainee

CHANCE = Chance(seed=5, stage=0, step=3)
ROWS = np.arange(12)


@pytest.fixture
def model(tmp_path: Path) -> EncoderTrainee:
    found = trainee(recipe(), tmp_path)
    assert isinstance(found, EncoderTrainee)
    return found


@pytest.mark.claim("gcb.pretraining.mlm")
def test_fifteen_in_a_hundred_tokens_are_chosen_and_most_of_them_masked(
    model: EncoderTrainee,
) -> None:
    batch, _ = model.batch(np.arange(40))
    config = model.encoder.config
    counts = np.zeros(3)
    total = asked = 0
    for step in range(60):
        chance = Chance(seed=1, stage=0, step=step)
        ids, chosen = masked(batch, config, chance.torch("masked"))
        assert not bool((chosen & (batch.is_special | ~batch.is_token)).any())
        assert torch.equal(ids[~chosen], batch.ids[~chosen])
        total += int((batch.is_token & ~batch.is_special).sum())
        asked += int(chosen.sum())
        is_mask, same = ids == config.mask_token_id, ids == batch.ids
        counts += [int((chosen & part).sum()) for part in (is_mask, same, ~is_mask & ~same)]
    assert asked / total == pytest.approx(0.15, abs=0.01)
    assert (counts / asked).tolist() == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def seen(model: EncoderTrainee, monkeypatch: pytest.MonkeyPatch) -> list[GraphBatch]:
    """The batches that the encoder is shown from now on."""
    shown: list[GraphBatch] = []
    forward = model.encoder.forward

    def noted(batch: GraphBatch, depth: int | None = None) -> object:
        shown.append(batch)
        return forward(batch, depth)

    monkeypatch.setattr(model.encoder, "forward", noted)
    return shown


@pytest.mark.claim("gcb.pretraining.edges")
def test_edges_of_chosen_nodes_are_hidden_and_asked_for(
    model: EncoderTrainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = seen(model, monkeypatch)
    share = EdgeObjective(model).share(ROWS, CHANCE)
    whole, _ = model.batch(ROWS)
    nodes = chosen_nodes(whole, CHANCE.torch("edges", "nodes"))
    touched = nodes[:, :, None] | nodes[:, None, :]
    itself = torch.diag_embed(whole.is_node)
    assert bool((whole.flows & touched & ~itself).any())
    assert not bool((shown[0].flows & touched & ~itself).any())
    assert torch.equal(shown[0].flows | touched, whole.flows | touched)
    assert bool((shown[0].flows & itself == itself).all())
    assert torch.equal(shown[0].covers, whole.covers)
    assert share.loss.item() == pytest.approx(np.log(2), abs=0.3)


@pytest.mark.claim("gcb.pretraining.alignment")
def test_tokens_of_chosen_nodes_do_not_show(
    model: EncoderTrainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = seen(model, monkeypatch)
    AlignmentObjective(model).share(ROWS, CHANCE)
    whole, _ = model.batch(ROWS)
    nodes = chosen_nodes(whole, CHANCE.torch("alignment", "nodes"))
    (blind,) = shown
    assert blind.hidden_nodes is not None
    assert torch.equal(blind.hidden_nodes, nodes)
    assert not bool(blind.covers[nodes].any())
    assert torch.equal(blind.covers[~nodes], whole.covers[~nodes])
    # Other tokens behind a chosen node change nothing of how the node is embedded.
    other = replace(blind, ids=blind.ids.flip(1))
    tokens = blind.ids.shape[1]
    first = model.encoder.embeddings(blind)[:, tokens:][nodes]
    second = model.encoder.embeddings(other)[:, tokens:][nodes]
    assert torch.equal(first, second)
    whole_nodes = model.encoder.embeddings(whole)[:, tokens:][nodes]
    assert not torch.allclose(first, whole_nodes)


@pytest.mark.claim("gcb.pretraining.edges", "gcb.pretraining.alignment")
def test_a_fifth_of_the_nodes_is_chosen_and_as_many_pairs_that_are_none(
    model: EncoderTrainee,
) -> None:
    batch, _ = model.batch(np.arange(40))
    drawn = [chosen_nodes(batch, Chance(seed=2, stage=0, step=s).torch("n")) for s in range(80)]
    share = sum(int(nodes.sum()) for nodes in drawn) / (80 * int(batch.is_node.sum()))
    assert share == pytest.approx(0.2, abs=0.04)
    assert all(bool((nodes.any(dim=1) == batch.is_node.any(dim=1)).all()) for nodes in drawn)
    candidates = drawn[0][:, :, None] & batch.is_node[:, None, :]
    pairs, right = balanced(batch.flows, candidates, CHANCE.torch("pairs"))
    assert right.sum() * 2 == len(right) > 0
    assert bool(candidates[pairs[0], pairs[1], pairs[2]].all())
    assert torch.equal(batch.flows[pairs[0], pairs[1], pairs[2]].float(), right)


def test_losses_are_those_of_their_formulas(model: EncoderTrainee) -> None:
    with torch.no_grad():
        codes, queries = model.code(ROWS, CHANCE), model.queries(ROWS, CHANCE)
        share = SearchObjective(model, temperature=0.1).share(ROWS, CHANCE)
        grouped = GroupObjective(model, members=3, temperature=0.5).share(ROWS, CHANCE)
    scores = queries @ codes.T / 0.1
    right = torch.arange(12)
    there = functional.cross_entropy(scores, right)
    back = functional.cross_entropy(scores.T, right)
    assert share.loss.item() == pytest.approx(((there + back) / 2).item(), abs=1e-5)
    exponents = torch.exp(codes @ codes.T / 0.5)
    losses = []
    for row in range(12):
        others = [place for place in range(12) if place != row]
        fellows = [place for place in others if place // 3 == row // 3]
        rest = exponents[row, others].sum()
        losses.append(
            -np.mean([torch.log(exponents[row, place] / rest).item() for place in fellows])
        )
    assert grouped.loss.item() == pytest.approx(np.mean(losses), abs=1e-5)


def test_texts_without_variables_cost_pre_training_nothing(model: EncoderTrainee) -> None:
    empty = replace_flow(model)
    for objective in (EdgeObjective(empty), AlignmentObjective(empty)):
        share = objective.share(ROWS, CHANCE)
        assert share.loss.item() == 0.0
        share.loss.backward()  # type: ignore[no-untyped-call]
    assert MaskedLanguageObjective(empty).share(ROWS, CHANCE).loss.item() > 1.0


def replace_flow(model: EncoderTrainee) -> EncoderTrainee:
    nothing = ragged([np.zeros((0, 2), np.int32)] * len(model.examples), np.zeros((0, 2), np.int32))
    model.examples = replace(model.examples, spans=nothing, edges=nothing)
    return model


def test_vectors_in_training_are_those_of_one_batch_whatever_they_are_sorted_into(
    model: EncoderTrainee,
) -> None:
    together = model.code(ROWS, None)
    assert together.requires_grad
    apart = torch.cat([model.code(ROWS[place : place + 1], None) for place in range(len(ROWS))])
    assert together.detach().numpy() == pytest.approx(apart.detach().numpy(), abs=1e-5)
