import numpy as np
import pytest
import torch
from torch import nn

from tidemill.models.tables import StoredTable, TableEmbedding, new_embedding, row


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_floats_are_looked_up_as_they_would_be_in_the_whole_table(dtype: torch.dtype) -> None:
    numbers = torch.randn(20, 8, generator=torch.Generator().manual_seed(0)).to(dtype)
    ids = torch.tensor([[3, 3, 0], [19, 7, 1]])
    found = TableEmbedding(StoredTable(numbers))(ids)
    assert found.dtype == torch.float32
    assert torch.equal(found, nn.functional.embedding(ids, numbers.float()))


def test_integers_are_looked_up_to_the_last_bit() -> None:
    generator = np.random.default_rng(1)
    numbers = torch.from_numpy(generator.integers(-127, 128, (50, 16)).astype(np.int8))
    scales = torch.from_numpy(generator.random(50).astype(np.float32))
    table = StoredTable(numbers, scales)
    ids = torch.arange(50)
    assert torch.equal(table.rows(ids), table.whole())
    assert torch.equal(row(TableEmbedding(table), 7), table.whole()[7])


def test_a_new_embedding_draws_no_numbers() -> None:
    before = torch.get_rng_state()
    embedding = new_embedding(6, 4, 1)
    assert torch.equal(before, torch.get_rng_state())
    assert embedding.padding_idx == 1
    nn.init.ones_(embedding.weight)
    assert torch.equal(row(embedding, 2), embedding.weight[2])
