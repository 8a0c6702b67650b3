from pathlib import Path

import pytest

from tidemill.faces.lsp.roots import Roots


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("one/packages/inner/src/deep", "two"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "one/packages/inner/package.json").touch()
    (tmp_path / "package.json").touch()
    return tmp_path


def test_the_nearest_mark_within_the_open_folder_decides(tree: Path) -> None:
    roots = Roots([tree / "one"])
    inner = tree / "one/packages/inner"
    assert roots.project_of(inner / "src/deep/a.ts") == inner
    assert roots.project_of(tree / "one/packages/a.ts") == tree / "one"
    assert roots.project_of(tree / "one/a.ts") == tree / "one"


def test_outside_of_every_folder_a_file_has_its_own(tree: Path) -> None:
    assert Roots().project_of(tree / "two/a.ts") == tree / "two"


def test_folders_come_and_go_and_the_innermost_counts(tree: Path) -> None:
    roots = Roots([tree])
    roots.change(added=[tree / "two"], removed=[])
    assert roots.folder_of(tree / "two/a.ts") == tree / "two"
    roots.change(added=[], removed=[tree / "two", tree / "nowhere"])
    assert roots.folder_of(tree / "two/a.ts") == tree
