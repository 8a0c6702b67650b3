from collections.abc import Iterator
from pathlib import Path

import pytest

from tidemill.core.errors import StoreError, TidemillError
from tidemill.core.settings import Settings
from tidemill.store.store import FOLDER, Store
from tidemill.tasks import watching
from tidemill.tasks.indexing import IndexReport, refresh
from tidemill.tasks.watching import WatchedFolders, affected, watch


def test_changes_stand_for_the_folders_to_walk(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    one, two = tmp_path / "a", tmp_path / "c"
    assert affected(frozenset({one / "x.py"}), [tmp_path]) == [one]
    assert affected(frozenset({one / "x.py", one / "b" / "y.py"}), [tmp_path]) == [one]
    assert affected(frozenset({one / "gone" / "deep" / "x.py"}), [tmp_path]) == [one]
    assert affected(frozenset({one / "x.py", two / "y.py"}), [one, two]) == [one, two]
    assert affected(frozenset({tmp_path.parent / "x.py"}), [one]) == [one]
    assert affected(frozenset({two / "y.py"}), [one]) == []


def test_the_store_itself_is_of_no_interest() -> None:
    watched = WatchedFolders(roots=(Path("/p"),), store=Path("/p/kept"))
    assert watched.is_of_interest(Path("/p/src/a.py"))
    for path in ("/p/kept/index.db-wal", "/p/.tidemill/index.db-wal", "/p/.git/index.lock"):
        assert not watched.is_of_interest(Path(path))


def test_what_a_root_lies_in_does_not_matter() -> None:
    watched = WatchedFolders(roots=(Path("/p/.venv/lib"),), store=Path("/p/.tidemill"))
    assert watched.is_of_interest(Path("/p/.venv/lib/a.py"))
    assert not watched.is_of_interest(Path("/p/.venv/lib/node_modules/a.js"))


@pytest.mark.claim("house.index.watch")
def test_each_change_is_read_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    (root / "a.py").write_text("def first(): pass\n")
    (root / ".gitignore").write_text("build/\n")

    def changes() -> Iterator[frozenset[Path]]:
        yield frozenset()
        (root / "b.py").write_text("def second(): pass\n")
        yield frozenset({root / "b.py"})
        (root / "build").mkdir()
        (root / "build" / "c.py").write_text("def third(): pass\n")
        yield frozenset({root / "build" / "c.py"})
        (root / "a.py").unlink()
        yield frozenset({root / "a.py"})

    settings = Settings(workers=1)
    reports = list(watch([root], settings=settings, changes=changes()))
    assert [(report.indexed, report.removed) for report in reports] == [(2, 0), (1, 0), (0, 1)]
    with Store(root / FOLDER) as store, store.snapshot() as snapshot:
        assert [row.path for row in snapshot.files()] == [".gitignore", "b.py"]


def test_noticing_begins_before_the_first_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    begun: list[str] = []

    def changes() -> Iterator[frozenset[Path]]:
        begun.append("noticing")
        yield frozenset()

    def first(*_: object, **__: object) -> IndexReport:
        assert begun == ["noticing"]
        return IndexReport(store=tmp_path)

    monkeypatch.setattr(watching, "refresh", first)
    assert len(list(watch([tmp_path], settings=Settings(workers=1), changes=changes()))) == 1


def test_a_root_that_is_away_for_a_while_is_read_when_it_is_back(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    (root / "a.py").write_text("def first(): pass\n")
    (tmp_path / "store").mkdir()

    def changes() -> Iterator[frozenset[Path]]:
        yield frozenset()
        root.rename(tmp_path / "away")
        yield frozenset({root / "a.py"})
        yield frozenset()
        (tmp_path / "away").rename(root)
        (root / "b.py").write_text("def second(): pass\n")
        yield frozenset()
        (root / "c.py").write_text("def third(): pass\n")
        yield frozenset()

    told: list[TidemillError] = []
    settings = Settings(workers=1, store=tmp_path / "store")
    reports = list(watch([root], settings=settings, changes=changes(), trouble=told.append))
    assert [(report.indexed, report.removed) for report in reports] == [(1, 0), (1, 0), (1, 0)]
    assert ["no such file" in error.message for error in told] == [True]


def test_a_store_that_fails_for_a_while_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def flaky(*_: object, **__: object) -> IndexReport:
        calls.append(len(calls))
        if len(calls) == 2:
            raise StoreError("read-only just now")
        return refresh([tmp_path], settings=Settings(workers=1))

    monkeypatch.setattr(watching, "refresh", flaky)
    changes = iter([frozenset[Path](), frozenset({tmp_path / "a.py"}), frozenset[Path]()])
    told: list[TidemillError] = []
    settings = Settings(workers=1)
    assert list(watch([tmp_path], settings=settings, changes=changes, trouble=told.append))
    assert [error.message for error in told] == ["read-only just now"]
    assert calls == [0, 1, 2]


def saved(path: Path, text: str) -> None:
    """Replace a file as editors do: by another one."""
    draft = path.with_name("draft~")
    draft.write_text(text)
    draft.replace(path)


@pytest.mark.slow
@pytest.mark.claim("house.index.watch")
@pytest.mark.parametrize("named", ["p", "p/a.py"])
def test_the_system_tells_of_every_change_and_of_nothing_else(tmp_path: Path, named: str) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.py").write_text("def first(): pass\n")
    # A store of another name inside the root: what is written there must not wake the watch.
    settings = Settings(workers=1, store=tmp_path / "p" / "kept")
    watched = WatchedFolders(roots=((tmp_path / named).resolve(),), store=tmp_path / "p" / "kept")
    idle: list[int] = []

    def changes() -> Iterator[frozenset[Path]]:
        quiet = 0
        for changed in watched:
            quiet = 0 if changed else quiet + 1
            yield changed
            if quiet >= 3:
                idle.append(quiet)
                if len(idle) > 3:
                    return
                saved(tmp_path / "p" / "a.py", f"def number{len(idle)}(): pass\n")
                quiet = 0

    reports = list(watch([tmp_path / named], settings=settings, changes=changes()))
    assert [(report.indexed, report.removed) for report in reports][1:] == [(1, 0)] * 3
