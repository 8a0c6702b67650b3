"""The shelf keeps what is asked for, forgets the rest, and never stands in the way."""

import sqlite3
from pathlib import Path

import pytest

from tidemill.store.shelf import RUNS_KEPT, Shelf


def open_shelf(folder: Path) -> Shelf:
    return Shelf(folder, "forms")


def test_what_was_put_is_found_by_the_next_run(tmp_path: Path) -> None:
    with open_shelf(tmp_path) as shelf:
        assert shelf.find(["a", "b"]) == {}
        shelf.put({"a": b"1", "b": b"2"})
        assert shelf.find(["b", "c"]) == {"b": b"2"}
    with open_shelf(tmp_path) as shelf:
        assert shelf.find(["a"]) == {"a": b"1"}
        shelf.put({"a": b"3"})
        assert shelf.find(["a"]) == {"a": b"3"}
    assert shelf.path == tmp_path / "index.db.forms"
    assert shelf.path.stat().st_mode & 0o777 == 0o600


def test_many_keys_at_once(tmp_path: Path) -> None:
    things = {f"k{number}": bytes([number % 256]) for number in range(2_000)}
    with open_shelf(tmp_path) as shelf:
        shelf.put(things)
        assert shelf.find(list(things)) == things


def test_what_nobody_asks_for_goes(tmp_path: Path) -> None:
    with open_shelf(tmp_path) as shelf:
        shelf.put({"wanted": b"1", "unwanted": b"2"})
    for run in range(2 * RUNS_KEPT):
        with open_shelf(tmp_path) as shelf:
            assert shelf.find(["wanted"]) == {"wanted": b"1"}
            shelf.put({f"new{run}": b""})
    with open_shelf(tmp_path) as shelf:
        assert shelf.find(["wanted", "unwanted"]) == {"wanted": b"1"}


def test_a_damaged_shelf_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "index.db.forms").write_bytes(b"no database at all" * 100)
    with open_shelf(tmp_path) as shelf:
        assert shelf.find(["a"]) == {}
        shelf.put({"a": b"1"})
    with open_shelf(tmp_path) as shelf:
        assert shelf.find(["a"]) == {"a": b"1"}


def test_another_writer_does_not_hold_us_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidemill.store.connection.PATIENCE_SECONDS", 0.01)
    with open_shelf(tmp_path) as shelf:
        shelf.put({"a": b"1"})
        other = sqlite3.connect(shelf.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        shelf.put({"b": b"2"})
        assert shelf.find(["a", "b"]) == {"a": b"1"}
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("link", ["file", "folder"])
def test_links_are_left_alone(tmp_path: Path, link: str) -> None:
    real, folder = tmp_path / "real", tmp_path / "store"
    real.mkdir()
    if link == "folder":
        folder.symlink_to(real)
    else:
        folder.mkdir()
        (folder / "index.db.forms").symlink_to(real / "index.db.forms")
    with open_shelf(folder) as shelf:
        shelf.put({"a": b"1"})
        assert shelf.find(["a"]) == {}
    assert list(real.iterdir()) == []


def test_a_folder_that_is_not_there_keeps_nothing(tmp_path: Path) -> None:
    with open_shelf(tmp_path / "gone") as shelf:
        shelf.put({"a": b"1"})
        assert shelf.find(["a"]) == {}
    assert not (tmp_path / "gone").exists()
