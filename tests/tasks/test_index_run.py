import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tasks.conftest import DATES
from tidemill.core.settings import Settings
from tidemill.store.store import FOLDER, Store
from tidemill.tasks.indexing import index

INLINE = Settings(workers=1)


def counts(root: Path) -> tuple[int, int, int]:
    report = index([root], settings=INLINE)
    return report.indexed, report.unchanged, report.removed


@pytest.mark.claim("house.index.only-changed")
def test_an_edit_that_keeps_size_and_time_is_noticed(tree: Path) -> None:
    index([tree], settings=INLINE)
    before = (tree / "dates.py").stat()
    (tree / "dates.py").write_text(DATES.replace("parse_iso", "parse_eis"))
    os.utime(tree / "dates.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = (tree / "dates.py").stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    assert counts(tree) == (1, 2, 0)
    with Store(tree / FOLDER) as store, store.snapshot() as snapshot:
        assert [hit.unit.name for hit in snapshot.search(["eis"])] == ["parse_eis_date"]


@pytest.mark.claim("house.index.vanished")
def test_a_moved_store_keeps_no_ghosts(tree: Path, tmp_path: Path) -> None:
    index([tree], settings=replace(INLINE, store=tmp_path / FOLDER))
    moved = tmp_path / "other" / FOLDER
    moved.parent.mkdir()
    (tmp_path / FOLDER).rename(moved)
    report = index([tree], settings=replace(INLINE, store=moved))
    assert (report.indexed, report.removed) == (3, 4)
    with Store(moved) as store, store.snapshot() as snapshot:
        assert {row.path for row in snapshot.files()} == {
            str(tree / name) for name in ("dates.py", "notes.txt", "photo.bin", "shop/cart.js")
        }


def test_a_project_that_moved_with_its_store_is_not_read_again(tree: Path) -> None:
    index([tree], settings=INLINE)
    moved = tree.rename(tree.with_name("moved"))
    assert counts(moved) == (0, 3, 0)
