import pytest

from tests.training.typed.small import NARROW
from tidemill.models.seq2seq import config


@pytest.fixture(autouse=True)
def narrow_encoder_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the smallest size small enough for a test."""
    sizes = dict(config.SIZES) | {"mini": NARROW}
    monkeypatch.setattr("tidemill.training.typed.preparing.SIZES", sizes)
