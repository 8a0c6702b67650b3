import torch

from tidemill.models.seq2seq.dropout import Dropout


def test_a_share_is_dropped_and_the_mean_stays() -> None:
    numbers = torch.ones(400, 250)
    found = Dropout(0.2, torch.Generator().manual_seed(1))(numbers)
    assert set(found.flatten().tolist()) == {0.0, 1.25}
    # 100,000 draws: four deviations are .005.
    assert abs(float((found == 0).float().mean()) - 0.2) < 0.005


def test_without_chance_the_numbers_are_themselves() -> None:
    numbers = torch.ones(3)
    assert Dropout(0.5, None)(numbers) is numbers
    assert Dropout(0.0, torch.Generator())(numbers) is numbers


def test_numbers_keep_their_kind() -> None:
    numbers = torch.ones(8, dtype=torch.bfloat16)
    assert Dropout(0.5, torch.Generator().manual_seed(1))(numbers).dtype == torch.bfloat16
