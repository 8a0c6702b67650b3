from pathlib import Path

import pytest

from tidemill.core.settings import Settings
from tidemill.faces.lsp import neighbours
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.neighbours import Neighbours
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.tasks.types.project import ProjectFile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "node_modules/lib").mkdir(parents=True)
    (tmp_path / "node_modules/lib/index.ts").write_text("export interface Foreign {}\n")
    (tmp_path / "store.ts").write_text("export interface Price<T> { at(): T }\n")
    (tmp_path / "broken.ts").write_text("export interface Broken {{{\n")
    (tmp_path / "binary.ts").write_bytes(b"\0\1\2")
    (tmp_path / "notes.md").write_text("nothing\n")
    return tmp_path


def names(known: Neighbours, root: Path | None) -> set[str]:
    tree = parse(b"export {};\n", LANGUAGES["typescript"])
    file = ProjectFile(Path("/a.ts"), "a.ts", tree=tree, encoding="utf-8", key="")
    return set(known.of(root).exports.names_for(file))


def test_types_of_the_other_files_are_known(root: Path) -> None:
    known = Neighbours(Settings(), Limits())
    assert names(known, root) == {"Price"}
    assert "at" in (known.of(root).declared.of("Price") or ())
    assert names(known, None) == set()
    assert names(known, root / "nowhere") == set()


def test_a_change_counts_when_some_time_has_passed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Neighbours(Settings(), Limits())
    names(known, root)
    (root / "more.ts").write_text("export class More {}\n")
    assert names(known, root) == {"Price"}
    known.changed(root)
    assert names(known, root) == {"Price"}
    monkeypatch.setattr(neighbours, "PATIENCE_SECONDS", 0.0)
    assert names(known, root) == {"More", "Price"}


def test_only_so_many_files_are_read(root: Path) -> None:
    for number in range(9):
        (root / f"a{number}.ts").write_text(f"export class A{number} {{}}\n")
    assert len(names(Neighbours(Settings(), Limits(neighbours=4)), root)) <= 4
    assert names(Neighbours(Settings(), Limits(neighbours=0)), root) == set()


def test_when_the_time_is_up_the_rest_is_left(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "SECONDS", 0.0)
    assert names(Neighbours(Settings(), Limits()), root) == set()
