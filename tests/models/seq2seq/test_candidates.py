import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tidemill.core.errors import InputError
from tidemill.models.seq2seq.candidates import next_candidates
from tidemill.models.seq2seq.head import Head
from tidemill.models.tables import StoredTable, TableEmbedding

VOCAB, WIDTH = 50, 8


def a_table() -> nn.Embedding:
    numbers = torch.randn(VOCAB, WIDTH, generator=torch.Generator().manual_seed(1))
    return nn.Embedding(VOCAB, WIDTH, _weight=numbers)


TABLE = a_table()
HEADS = [Head(TABLE, 0.5), Head(TableEmbedding(StoredTable(TABLE.weight.detach())), 0.5)]
HIDDEN = torch.randn(6, WIDTH, generator=torch.Generator().manual_seed(2))
TOKENS = st.none() | st.sets(st.integers(0, VOCAB - 1), min_size=1).map(sorted)


@settings(max_examples=50)
@given(allowed=st.lists(TOKENS, min_size=1, max_size=6), head=st.sampled_from(HEADS))
def test_probabilities_are_over_what_is_allowed(
    allowed: list[list[int] | None], head: Head
) -> None:
    hidden = HIDDEN[: len(allowed)]
    with torch.no_grad():
        found = next_candidates(head, hidden, allowed, VOCAB)
        scores = 0.5 * hidden @ TABLE.weight.T
    for row, tokens in enumerate(allowed):
        wanted = list(range(VOCAB)) if tokens is None else tokens
        own = found.log_probabilities[row]
        choices = own.isfinite().nonzero()[:, 0]
        rows = torch.full_like(choices, row)
        assert found.tokens_at(rows, choices).tolist() == wanted
        expected = scores[row, wanted].log_softmax(dim=0)
        torch.testing.assert_close(own[choices], expected, atol=1e-5, rtol=0)


def test_an_only_token_is_certain() -> None:
    with torch.no_grad():
        found = next_candidates(HEADS[0], HIDDEN[:2], [[3], [7]], VOCAB)
    assert found.log_probabilities.tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize(
    ("tokens", "said"),
    [([], "allows no token"), ([3, 50], "tokens 3 to 50"), ([-1], "tokens -1 to -1")],
)
def test_what_a_constraint_cannot_allow_is_refused(tokens: list[int], said: str) -> None:
    for allowed in ([tokens], [None, np.array(tokens, dtype=np.int64)], [[1, 2], tokens]):
        with torch.no_grad(), pytest.raises(InputError, match=said):
            next_candidates(HEADS[0], HIDDEN[: len(allowed)], allowed, VOCAB)
