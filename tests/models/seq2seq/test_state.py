import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.seq2seq.small import SMALL, a_batch, a_model
from tidemill.core.errors import CapacityError, InputError
from tidemill.models.seq2seq.state import GROWTH, DecoderState

MODEL = a_model()
LENGTHS = (9, 30, 1)
ENCODED = MODEL.encode(a_batch(LENGTHS))
LONGEST = SMALL.max_target_tokens


def started() -> DecoderState:
    return MODEL.start(ENCODED)


def scores_without_a_cache(row: int, tokens: list[int]) -> torch.Tensor:
    """What comes after some tokens, all of them read at once."""
    batch = a_batch(LENGTHS)
    assert batch.there is not None
    own = slice(row, row + 1)
    targets = torch.tensor([[*tokens, 0]])
    return MODEL.scores(MODEL(batch.ids[own], batch.there[own], targets))[0, -1]


def test_step_by_step_is_as_all_at_once() -> None:
    batch = a_batch(LENGTHS)
    targets = torch.randint(3, 40, (3, LONGEST), generator=torch.Generator().manual_seed(1))
    expected = MODEL.scores(MODEL(batch.ids, batch.there, targets))
    state, tokens = started(), torch.zeros(3, dtype=torch.long)
    assert LONGEST > GROWTH
    for place in range(LONGEST):
        found = MODEL.step(state, tokens)
        torch.testing.assert_close(found, expected[:, place], atol=1e-4, rtol=0)
        tokens = targets[:, place]


@settings(max_examples=25)
@given(data=st.data())
def test_selected_rows_go_on_as_if_nothing_else_had_been(data: st.DataObject) -> None:
    state = started()
    rows: list[tuple[int, list[int]]] = [(0, []), (1, []), (2, [])]
    found = MODEL.step(state, torch.zeros(3, dtype=torch.long))
    for _ in range(data.draw(st.integers(1, 5))):
        drawn = st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=7)
        chosen = data.draw(drawn.map(sorted) | drawn, label="rows")
        state.select(chosen)
        tokens = data.draw(st.lists(st.integers(0, 39), min_size=len(chosen), max_size=len(chosen)))
        rows = [
            (rows[row][0], [*rows[row][1], token])
            for row, token in zip(chosen, tokens, strict=True)
        ]
        assert state.rows == len(rows)
        found = MODEL.step(state, torch.tensor(tokens))
    for (text, written), scores in zip(rows, found, strict=True):
        torch.testing.assert_close(scores, scores_without_a_cache(text, written), atol=1e-4, rtol=0)


def test_inputs_are_kept_once_where_each_has_as_many_hypotheses() -> None:
    state = started()
    state.select([0, 0, 1, 1, 2, 2])
    assert (state.rows, state.inputs, state.width) == (6, 3, 2)
    state.select([1, 0, 0, 5, 5, 4])
    assert (state.rows, state.inputs, state.width) == (6, 2, 3)
    state.select([0, 3, 4])
    assert (state.rows, state.inputs, state.width) == (3, 3, 1)


@pytest.mark.parametrize("rows", [[], [3], [-1], [0, 1, 2, 3]])
def test_rows_that_are_not_there_are_refused(rows: list[int]) -> None:
    with pytest.raises(InputError, match="of 3 hypotheses"):
        started().select(rows)


def test_more_tokens_than_the_state_was_started_for_are_refused() -> None:
    state, tokens = MODEL.start(ENCODED, 2), torch.zeros(3, dtype=torch.long)
    for _ in range(2):
        MODEL.step(state, tokens)
    with pytest.raises(CapacityError, match="has read 2 tokens"):
        MODEL.step(state, tokens)


@pytest.mark.parametrize("most", [0, -1, 10**6])
def test_a_state_is_for_a_number_of_tokens_within_reason(most: int) -> None:
    with pytest.raises(InputError, match="most_tokens is"):
        MODEL.start(ENCODED, most)
