from dataclasses import fields
from typing import Any

import pytest

from tidemill.core.errors import SettingError
from tidemill.faces.lsp.limits import Limits


@pytest.mark.parametrize("item", fields(Limits), ids=lambda item: item.name)
def test_every_limit_has_a_range(item: Any) -> None:
    name, bounds = item.name, item.metadata
    make: Any = Limits
    for value in (bounds["low"], bounds["high"]):
        assert getattr(make(**{name: value}), name) == value
    for value in (bounds["low"] - 1, bounds["high"] + 1, float("nan")):
        with pytest.raises(SettingError, match=f"{name} = .* out of range"):
            make(**{name: value})
