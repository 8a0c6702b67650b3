import pytest

from tidemill.models import config


@pytest.fixture(autouse=True)
def narrow_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the smallest size small enough for a test."""
    narrow = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    sizes = dict(config.SIZES) | {"mini": narrow}
    monkeypatch.setattr("tidemill.training.making.SIZES", sizes)
