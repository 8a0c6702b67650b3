"""Losses and ranks of pairs among those of their block."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tidemill.training.sprouting.measures import Figures, gain_of, measured
from tidemill.training.trainees.trainee import Rows


def vectors(places: Rows) -> Tensor:
    """Unit vectors, each with an angle of its own."""
    angles = torch.from_numpy(places).float()
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def test_the_loss_is_that_of_both_directions() -> None:
    rows = np.array([0, 1])
    found = measured(vectors, vectors, rows, candidates=64, temperature=0.5)
    # Similarities are 1 on the diagonal and cos 1 beside it, over a temperature of a half.
    one = math.log(1 + math.exp((math.cos(1) - 1) / 0.5))
    assert found.losses == pytest.approx([one, one], abs=1e-6)
    assert found.loss == pytest.approx(one, abs=1e-6)
    assert found.mrr == 1.0


def test_pairs_are_found_among_those_of_their_block() -> None:
    rows = np.arange(10)
    whole = measured(vectors, vectors, rows, candidates=10, temperature=1.0)
    halves = measured(vectors, vectors, rows, candidates=5, temperature=1.0)
    first = measured(vectors, vectors, rows[:5], candidates=5, temperature=1.0)
    assert halves.losses[:5] == pytest.approx(first.losses)
    assert halves.loss < whole.loss


def test_equal_vectors_find_what_chance_finds() -> None:
    found = measured(alike, alike, np.arange(4), candidates=4, temperature=1.0)
    assert found.losses == pytest.approx([math.log(4)] * 4)
    # The right one is at each of four ranks as often as at any other.
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


def alike(places: Rows) -> Tensor:
    return torch.ones(len(places), 1)


def test_a_gain_is_paired() -> None:
    base = Figures(losses=np.array([1.0, 2.0, 3.0]), mrr=0.5)
    sprout = Figures(losses=np.array([0.5, 1.5, 2.5]), mrr=0.5)
    gain = gain_of(base, sprout)
    assert (gain.mean, gain.error) == (0.5, 0.0)
    assert gain.certain(2.0) == 0.5
    mixed = gain_of(base, Figures(losses=np.array([0.0, 2.0, 4.0]), mrr=0.5))
    assert mixed.mean == 0.0
    assert mixed.error == pytest.approx(1 / math.sqrt(3))
    assert mixed.certain(1.5) == pytest.approx(-1.5 / math.sqrt(3))
    alone = gain_of(*(Figures(losses=np.array([x]), mrr=1.0) for x in (2.0, 1.0)))
    assert math.isinf(alone.error)
