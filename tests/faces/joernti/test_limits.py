"""Limits are bounded themselves."""

import math
from dataclasses import fields

import pytest

from tidemill.core.errors import SettingError
from tidemill.faces.joernti.limits import Limits


@pytest.mark.parametrize("name", [item.name for item in fields(Limits)])
@pytest.mark.parametrize("value", [-1, math.inf, math.nan, 1 << 62])
def test_every_limit_has_a_range(name: str, value: float) -> None:
    with pytest.raises(SettingError, match=f"{name} = .* is out of range") as caught:
        Limits(**{name: value})  # type: ignore[arg-type] # on purpose
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("Choose between")


def test_the_usual_ones_are_those_that_were_promised() -> None:
    assert Limits().request_bytes == 64 << 20
