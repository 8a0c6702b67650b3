from dataclasses import dataclass

import pytest

from tidemill.core.bounds import between, check_bounds, count
from tidemill.core.errors import SettingError


@dataclass(frozen=True)
class Bounded:
    seconds: float = between(1.5, 0.1, 10.0)
    files: int = count(3, 1, 9)


def test_defaults_and_ends_are_in_range() -> None:
    check_bounds(Bounded())
    check_bounds(Bounded(seconds=0.1, files=9))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Bounded(seconds=0.0), "seconds = 0.0 is out of range"),
        (Bounded(files=10), "files = 10 is out of range"),
        (Bounded(seconds=float("nan")), "seconds = nan is out of range"),
    ],
)
def test_what_is_out_of_range_is_named(limits: Bounded, message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        check_bounds(limits)
    assert caught.value.hint is not None
    assert "Choose between" in caught.value.hint
