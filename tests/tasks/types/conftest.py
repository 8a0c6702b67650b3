from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.tasks.types.table import Table
from tidemill.core.settings import Settings
from tidemill.tasks.types.inferring import types_of
from tidemill.tasks.types.report import TypesReport
from tidemill.tasks.types.rules import TypeRules

STRICT = """{
  "compilerOptions": {
    "strict": true, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
    "jsx": "preserve", "types": []
  }
}
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Writes a program with strict options: its folder."""

    def write(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "program"
        for name, text in {"tsconfig.json": STRICT, **files}.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
        return folder

    return write


@pytest.fixture
def checked(typescript: Path) -> Callable[..., TypesReport]:
    """Finds types in a folder, with a table of answers and a compiler."""

    def run(folder: Path, answers: Mapping[str, str | list[str]], **rules: object) -> TypesReport:
        return types_of(
            [folder],
            source=Table(answers),
            rules=TypeRules(**rules),  # type: ignore[arg-type]  # as tests give them
            settings=Settings(typescript=typescript),
            cwd=folder,
        )

    return run


@pytest.fixture
def unchecked() -> Callable[..., TypesReport]:
    """Finds types in a folder, with a table of answers and no compiler."""

    def run(folder: Path, answers: Mapping[str, str | list[str]], **rules: object) -> TypesReport:
        return types_of(
            [folder],
            source=Table(answers),
            rules=TypeRules(check=False, **rules),  # type: ignore[arg-type]  # as tests give them
            settings=Settings(),
            cwd=folder,
        )

    return run
