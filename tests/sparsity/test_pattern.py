import pytest

from tidemill.core.errors import SettingError
from tidemill.sparsity.pattern import NMPattern


def test_a_pattern_is_read_and_written() -> None:
    assert NMPattern.parse(" 2:8 ") == NMPattern(2, 8)
    assert str(NMPattern(2, 8)) == "2:8"
    assert NMPattern(2, 8).density == 0.25
    assert NMPattern(4, 4).is_dense


@pytest.mark.parametrize("text", ["", "2", "2:", "a:b", "2:8:1", "2/8", "-1:4", "99999:2"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="no N:M pattern"):
        NMPattern.parse(text)


@pytest.mark.parametrize("text", ["3:2", "0:4"])
def test_more_than_m_or_none_cannot_be_kept(text: str) -> None:
    with pytest.raises(SettingError, match="cannot be kept"):
        NMPattern.parse(text)


@pytest.mark.parametrize("text", ["1:33", "0:0"])
def test_groups_have_1_to_32_weights(text: str) -> None:
    with pytest.raises(SettingError, match="1 to 32"):
        NMPattern.parse(text)


@pytest.mark.parametrize(("m", "bits"), [(2, 1), (3, 2), (4, 2), (8, 3), (9, 4), (16, 4), (32, 5)])
def test_an_index_takes_as_many_bits_as_the_group_needs(m: int, bits: int) -> None:
    assert NMPattern(1, m).index_bits == bits
    assert NMPattern(m, m).index_bits == 0


def test_a_length_that_does_not_divide_is_refused() -> None:
    assert NMPattern(2, 8).kept(24) == 6
    for length in (0, 12):
        with pytest.raises(SettingError, match="do not divide"):
            NMPattern(2, 8).groups(length)
