from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tidemill.faces.cli.app import run

Said: TypeAlias = tuple[int, str, str]

DATES = '''\
def parse_iso_date(text):
    """Read a date as ISO 8601 writes it."""
    year, month, day = text.split("-")
    return int(year), int(month), int(day)


def weekday(date):
    return sum(date) % 7
'''


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a little code, which is the working folder; no settings of the user's."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "dates.py").write_text(DATES)
    (root / "photo.bin").write_bytes(b"\0\1\2")
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TIDEMILL_WORKERS", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return root


@pytest.fixture
def tidemill(tree: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command in the tree: exit code, standard output, standard error."""
    assert tree.is_dir()

    def call(*arguments: str) -> Said:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def indexed(tidemill: Callable[..., Said]) -> Callable[..., Said]:
    """The same, after the tree has been indexed."""
    assert tidemill("index")[0] == 0
    return tidemill
