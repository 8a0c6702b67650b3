from collections.abc import Callable
from pathlib import Path

import pytest

from tidemill.core.settings import Settings
from tidemill.tasks.flows.telling import Telling
from tidemill.tasks.tracing import trace

Teller = Callable[..., Telling]


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Teller:
    """Tells the flows from ``source`` to ``sink`` of files in the working folder."""
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.chdir(root)

    def told(files: dict[str, str], *, inside: str = ".", most_steps: int = 0) -> Telling:
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        report = trace([root / inside], sources=["source"], sinks=["sink"], settings=settings)
        return Telling(report, most_steps=most_steps)

    return told
