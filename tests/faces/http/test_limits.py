"""Limits are bounded themselves."""

import math
from dataclasses import fields

import pytest

from tidemill.core.errors import SettingError
from tidemill.faces.http.limits import Limits


@pytest.mark.parametrize("name", [item.name for item in fields(Limits)])
@pytest.mark.parametrize("value", [-1, math.inf, math.nan, 1 << 62])
def test_every_limit_has_a_range(name: str, value: float) -> None:
    with pytest.raises(SettingError, match=f"{name} = .* is out of range") as caught:
        Limits(**{name: value})  # type: ignore[arg-type] # on purpose
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("Choose between")


def test_the_usual_ones_are_those_that_were_promised() -> None:
    usual = Limits()
    assert usual.header_bytes == 16 << 10
    assert usual.body_bytes == 8 << 20
    assert usual.json_depth == 64
    # A half-open connection is gone within 10 s, all told.
    assert usual.header_seconds < 10


def test_a_target_is_a_part_of_the_header() -> None:
    with pytest.raises(SettingError, match="url_bytes = 2048 is more than header_bytes = 1024"):
        Limits(url_bytes=2048, header_bytes=1024)
