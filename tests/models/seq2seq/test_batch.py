import pytest

from tests.models.seq2seq.small import SMALL
from tidemill.core.errors import InputError
from tidemill.models.seq2seq.batch import source_batch


def test_texts_are_padded_on_the_right() -> None:
    batch = source_batch([[5, 6, 2], [7, 2]], SMALL)
    assert batch.ids.tolist() == [[5, 6, 2], [7, 2, SMALL.pad_token_id]]
    assert batch.there is not None
    assert batch.there.tolist() == [[True, True, True], [True, True, False]]


def test_without_padding_there_is_no_mask() -> None:
    assert source_batch([[5, 2], [6, 2]], SMALL).there is None


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "texts of"),
        ([[5], []], "texts of \\[0, 1\\] tokens"),
        ([[5] * 301], "reads 1 to 300"),
        ([[5, 40]], "token ids from 5 to 40"),
        ([[-1]], "token ids from -1"),
    ],
)
def test_what_cannot_be_read_is_refused(texts: list[list[int]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        source_batch(texts, SMALL)
