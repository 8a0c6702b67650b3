import os
from pathlib import Path

import pytest

from tidemill.core.settings import Settings
from tidemill.store.store import FOLDER, Store
from tidemill.tasks.indexing import index

INLINE = Settings(workers=1)
SOURCE = "def walk(tree):\n    return [node for node in tree]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "dates.py").write_text(SOURCE)
    (root / "notes.md").write_text("The mill grinds at ebb.\n")
    return root


def units(root: Path) -> set[str]:
    with Store(root / FOLDER) as store, store.snapshot() as snapshot:
        return {
            f"{row.path}:{unit.qualified_name}"
            for row in snapshot.files()
            for unit in snapshot.units(row.path)
        }


def again(root: Path) -> tuple[int, int, int]:
    report = index([root], settings=INLINE)
    return report.indexed, report.unchanged, report.removed


def test_what_lies_below_an_unreadable_folder_stays(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "sub" / "deep").mkdir(parents=True)
    (project / "sub" / "deep" / "a.py").write_text("def a(): pass\n")
    (project / "gone.py").write_text("def gone(): pass\n")
    index([project], settings=INLINE)
    (project / "gone.py").unlink()
    scandir = os.scandir

    def shut(path: str) -> object:
        if path.endswith("/sub"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", shut)
        for removed in (1, 0):
            report = index([project], settings=INLINE)
            assert report.removed == removed
            assert report.reasons["unreadable"] == 1
            assert "sub/deep/a.py:a" in units(project)
    assert again(project) == (0, 3, 1)
    (project / "sub" / "deep" / "a.py").unlink()
    assert again(project)[2] == 1
    assert Store(project / FOLDER).verify().sound


@pytest.mark.parametrize("seam", ["open", "stat"])
def test_an_unreadable_file_keeps_its_rows(
    project: Path, monkeypatch: pytest.MonkeyPatch, seam: str
) -> None:
    index([project], settings=INLINE)
    (project / "dates.py").write_text(SOURCE + "# more\n")
    place, name = (os, "open") if seam == "open" else (Path, "stat")
    real = getattr(place, name)

    def refusing(path: object, *rest: object, **named: object) -> object:
        if str(path).endswith("dates.py"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, refusing)
        report = index([project], settings=INLINE)
    assert ("dates.py", "unreadable: Permission denied") in {
        (entry.path, entry.reason) for entry in report.skipped
    }
    assert (report.indexed, report.removed) == (0, 0)
    assert "dates.py:walk" in units(project)
    assert again(project)[0] == 1


def test_an_unreadable_file_keeps_its_rows_when_all_is_read_anew(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index([project], settings=INLINE)
    real = os.open

    def refusing(path: object, *rest: int, **named: int) -> int:
        if str(path).endswith("dates.py"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **named)  # type: ignore[arg-type]  # as given

    other = Settings(workers=1, piece_lines=7)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refusing)
        report = index([project], settings=other)
    assert report.reasons["unreadable"] == 1
    assert "dates.py:walk" in units(project)
    assert index([project], settings=other).indexed == 1
