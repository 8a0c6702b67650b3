"""The part that learns over known states gives what the whole encoder gives."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.sprouting.beds import growth
from tidemill.experts.package import ExpertPackage
from tidemill.models.batch import collate
from tidemill.training.chance import Chance
from tidemill.training.sprouting.bed import Bed, prepared
from tidemill.training.sprouting.changes import Changes
from tidemill.training.sprouting.trainee import SproutTrainee
from tidemill.training.sprouting.upper import LearningUpper, PackedUpper


@pytest.fixture
def bed(tmp_path: Path, base: ExpertPackage) -> Bed:
    return prepared(growth(tmp_path, base.folder))


@pytest.mark.parametrize("still", [0, 1, 2])
def test_known_states_change_nothing(bed: Bed, still: int) -> None:
    texts, origin = bed.texts(still), bed.origin
    rows = [5, 0, 17, 3]
    with torch.no_grad():
        wanted = {
            "code": origin.encoder.embed(
                collate([texts.inputs[row] for row in rows], origin.config)
            ),
            "queries": origin.encoder.embed(
                collate([texts.inputs[row + len(texts)] for row in rows], origin.config)
            ),
        }
        tensors = Changes(origin.learning(still)).tensors()
        learning = LearningUpper(origin.config, still)
        packed = PackedUpper(origin.config, still, origin.learning(still))
        for side, vectors in wanted.items():
            asked = texts.code if side == "code" else texts.queries
            found = asked(rows, lambda batch, states: learning(tensors, batch, states))
            assert torch.allclose(found, vectors, atol=1e-5), side
            assert torch.allclose(asked(rows, packed), vectors, atol=1e-5), side
    assert texts.places(rows) == sum(
        len(texts.inputs[row]) + len(texts.inputs[row + len(texts)]) for row in rows
    )


def test_texts_are_made_once(bed: Bed) -> None:
    assert bed.texts(None) is bed.texts(2)
    assert bed.texts(99) is bed.texts(2)
    assert bed.texts(1) is not bed.texts(2)


def test_tokens_are_left_out_in_training_alone(bed: Bed) -> None:
    trainee = SproutTrainee(bed.origin, bed.texts(1), {}, dropout=0.5)
    rows = np.arange(4)
    chance = Chance(seed=0, stage=0, step=0)
    with torch.no_grad():
        plain, again = trainee.code(rows), trainee.code(rows, None)
        thinned, other = trainee.code(rows, chance), trainee.queries(rows, chance)
        same = trainee.code(rows, chance)
    assert torch.equal(plain, again)
    assert torch.equal(thinned, same)
    assert not torch.allclose(plain, thinned)
    assert thinned.shape == other.shape == (4, 16)
    assert torch.allclose(thinned.norm(dim=1), torch.ones(4), atol=1e-5)


def test_a_trainee_says_what_it_is_made_of(bed: Bed) -> None:
    trainee = SproutTrainee(bed.origin, bed.texts(1), {}, dropout=0.0)
    facts = trainee.facts()
    assert facts.architecture == "encoder"
    assert set(facts.tensors) == set(bed.origin.package.tensors)
    assert facts.texts["tokenizer.json"] == bed.origin.tokenizer.read_text()
