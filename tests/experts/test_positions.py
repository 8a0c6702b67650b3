import numpy as np
import pytest

from tests.experts.drafts import values
from tidemill.experts.positions import shifted


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_there_and_back(rows: int) -> None:
    table = values(5, 2)
    later = shifted(table, rows)
    assert later.dtype == np.float32
    assert np.array_equal(later[rows:], table)
    assert not later[:rows].any()
    assert np.array_equal(shifted(later, -rows), table)
