"""The expert that is installed, where one is."""

import sys

import pytest

from tests.faces.lsp.clients import client_of
from tidemill.core.errors import TidemillError
from tidemill.core.settings import resolve
from tidemill.experts.registry import open_registry

URI = "file:///nowhere/app.ts"
CODE = """\
export function shout(text) {
  return text.toUpperCase() + '!';
}

shout('hear');
"""


@pytest.fixture
def expert() -> str:
    settings = resolve().settings
    try:
        return open_registry(settings).get(settings.type_expert).name
    except TidemillError as error:
        pytest.skip(f"there is no expert on types: {error.message}")


@pytest.mark.slow
def test_it_is_asked_for_what_the_editor_shows(expert: str) -> None:
    with client_of([sys.executable, "-m", "tidemill", "lsp", "--min-confidence", "0"]) as client:
        client.initialize(initializationOptions={"minimumConfidence": 0})
        client.open(URI, CODE)
        labels = client.labels(URI)
        assert any(label.startswith("0: string ") for label in labels), labels
        assert expert in client.hover(URI, 0, 24)
        assert client.end() == 0
