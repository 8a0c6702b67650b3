import json
from pathlib import Path

import pytest

from tidemill.core.errors import MissingToolError
from tidemill.source.typescript.compiler import compiler_in, find_compiler


def test_the_nearest_compiler_of_a_project_is_found(typescript: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "typescript").symlink_to(typescript)
    inner = tmp_path / "src" / "deep"
    inner.mkdir(parents=True)
    assert find_compiler(inner).version == "5.9.3"


def test_a_named_compiler_is_taken(typescript: Path, tmp_path: Path) -> None:
    assert find_compiler(tmp_path, typescript).module == typescript


def test_without_a_compiler_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="needs TypeScript 5") as caught:
        find_compiler(tmp_path, tmp_path)
    assert caught.value.hint == "npm install --save-dev typescript@5.9"
    assert caught.value.exit_code == 5


def test_without_node_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match=r"needs Node\.js"):
        find_compiler(tmp_path)


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "typescript", "version": "7.0.2"},  # has no interface for programs
        {"name": "typescript", "version": "4.9.5"},
        {"name": "typescript", "version": "x"},
        {"name": "other", "version": "5.9.3"},
        {"name": "typescript"},
        ["typescript"],
    ],
)
def test_what_cannot_be_asked_is_no_compiler(facts: object, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "typescript.js").write_text("")
    (tmp_path / "package.json").write_text(json.dumps(facts))
    assert compiler_in(tmp_path, Path("node")) is None
