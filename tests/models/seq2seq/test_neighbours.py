"""Words that bring along what stands around them."""

from dataclasses import replace

import pytest
import torch

from tests.models.seq2seq.small import SMALL
from tidemill.core.errors import ExpertError
from tidemill.models.seq2seq.batch import source_batch
from tidemill.models.seq2seq.config import seq2seq_config
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.seq2seq.neighbours import Neighbours
from tidemill.models.seq2seq.shapes import check_shapes

SEEING = replace(SMALL, neighbours=2)


def test_at_first_one_half_hears_what_comes_and_one_what_was() -> None:
    words = torch.tensor([[[1.0, 1.0], [10.0, 10.0], [100.0, 100.0], [1000.0, 1000.0]]])
    found = Neighbours(2, 2)(words, None)
    assert found[0, :, 0].tolist() == [110.0, 1100.0, 1000.0, 0.0]
    assert found[0, :, 1].tolist() == [0.0, 1.0, 11.0, 110.0]


def test_padding_is_not_heard() -> None:
    part = Neighbours(2, 2)
    words = torch.randn(1, 5, 2, generator=torch.Generator().manual_seed(1))
    there = torch.tensor([[True, True, True, False, False]])
    torch.testing.assert_close(part(words, there)[:, :3], part(words[:, :3], None))


def test_a_text_is_read_alike_alone_and_beside_a_longer_one() -> None:
    model = Seq2Seq(SEEING, torch.Generator().manual_seed(5))
    short, long = [3, 4, 5, 1], [6, 7, 8, 9, 10, 11, 12, 1]
    alone = model.encode(source_batch([short], SEEING)).states[0]
    beside = model.encode(source_batch([short, long], SEEING)).states[0, : len(short)]
    torch.testing.assert_close(alone, beside)


def test_a_gradient_reaches_the_weights_of_every_distance() -> None:
    model = Seq2Seq(SEEING, torch.Generator().manual_seed(5))
    states = model.encode(source_batch([[3, 4, 5, 6, 1]], SEEING)).states
    states.pow(3).sum().backward()  # type: ignore[no-untyped-call]
    assert model.neighbours is not None
    gradient = model.neighbours.weight.grad
    assert gradient is not None
    assert gradient.abs().sum(dim=0).gt(0).tolist() == [True] * 5


def test_the_config_and_the_shapes_say_so() -> None:
    assert seq2seq_config(SEEING.to_dict()) == SEEING
    model = Seq2Seq(SEEING)
    check_shapes(SEEING, {name: tuple(own.shape) for name, own in model.state_dict().items()})
    assert Seq2Seq(SMALL).neighbours is None


@pytest.mark.parametrize("reach", [-1, 65])
def test_a_reach_beyond_reason_is_refused(reach: int) -> None:
    with pytest.raises(ExpertError, match="neighbours"):
        replace(SMALL, neighbours=reach)
