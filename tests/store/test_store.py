import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.building import answers, batch_of, store_with
from tidemill.core.clock import FixedClock
from tidemill.core.errors import CapacityError, LockedError, StoreError
from tidemill.store import schema
from tidemill.store.connection import DATABASE
from tidemill.store.paths import real_path, stored_path
from tidemill.store.rows import FileRecord, FileRow
from tidemill.store.store import FOLDER, Store
from tidemill.store.writer import Batch


@pytest.mark.claim("house.store.private")
def test_folder_is_private_and_ignored_by_git(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["x"]}) as store:
        assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
        for path in store.folder.iterdir():
            if path.name != ".gitignore":
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert "*" in (store.folder / ".gitignore").read_text().split()


def test_a_folder_with_other_files_is_no_store(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.py").write_text("x = 1\n")
    with pytest.raises(StoreError, match="no index: it is not a store"), Store(folder).writer():
        pytest.fail("opened")
    assert [path.name for path in folder.iterdir()] == ["a.py"]


def test_an_index_among_other_files_is_used_and_nothing_is_hidden(tmp_path: Path) -> None:
    with Store(tmp_path / "kept").writer():
        pass
    (tmp_path / "kept" / ".gitignore").unlink()
    (tmp_path / "kept" / "a.py").write_text("x = 1\n")
    with Store(tmp_path / "kept").writer():
        pass
    assert not (tmp_path / "kept" / ".gitignore").exists()


def test_an_index_moved_away_is_made_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "kept")
    with store.writer():
        pass
    store.path.rename(store.path.with_name(f"{DATABASE}.damaged"))
    with store.writer():
        assert store.exists


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    batch = batch_of("dir/a.py", ["parse date", "walk " * 200])
    store = Store(tmp_path / FOLDER)
    with store.writer() as writer:
        writer.write([batch])
    with store, store.snapshot() as snapshot:
        (record,) = batch.records
        assert snapshot.file("dir/a.py") == record.file
        assert list(snapshot.files()) == [record.file]
        assert snapshot.units("dir/a.py") == list(record.units)
        assert {body.hash: body for body in snapshot.bodies()} == {
            body.hash: body for body in record.bodies
        }
        assert snapshot.body("nothing") is None
        assert snapshot.file("nothing") is None


def test_equal_bodies_are_stored_once_and_collected_when_unused(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["same", "own"], "b.py": ["same"]}) as store:
        with store.snapshot() as snapshot:
            assert snapshot.facts().bodies == 2
        with store.writer() as writer:
            assert writer.forget(["a.py", "unknown.py"]) == 1
        with store.snapshot() as snapshot:
            assert [body.text for body in snapshot.bodies()] == [b"same"]
        assert store.verify().sound


def test_a_graph_that_was_given_up_is_filled_in_and_a_made_one_stays(tmp_path: Path) -> None:
    def without_graphs(batch: Batch) -> Batch:
        (record,) = batch.records
        bodies = tuple(replace(body, graph=b"") for body in record.bodies)
        return replace(batch, records=(replace(record, bodies=bodies),))

    store = Store(tmp_path / FOLDER)
    found = []
    with store:
        for batch in (
            without_graphs(batch_of("a.py", ["same"])),
            batch_of("b.py", ["same"]),
            without_graphs(batch_of("c.py", ["same"])),
        ):
            with store.writer() as writer:
                writer.write([batch])
            with store.snapshot() as snapshot:
                found += [body.graph for body in snapshot.bodies()]
    assert found == [b"", b"graph", b"graph"]


def test_a_store_that_moved_drops_what_is_not_below_its_new_place(tmp_path: Path) -> None:
    (tmp_path / "kept.py").write_text("")
    outside = str(tmp_path.parent / "outside.py")
    names = ["kept.py", "gone.py", outside, str(tmp_path / "within.py")]
    with store_with(tmp_path, {name: ["x"] for name in names}) as store:
        with store.writer() as writer:
            assert writer.settle(tmp_path) == 2
            assert writer.settle(tmp_path) == 0
            writer.write([batch_of("later.py", ["x"])])
            assert writer.settle(tmp_path) == 0
        with store.snapshot() as snapshot:
            assert {row.path for row in snapshot.files()} == {"kept.py", "later.py", outside}
        assert store.verify().sound


def test_any_file_name_can_be_stored(tmp_path: Path) -> None:
    names = [os.fsdecode(b"bad\xff.py"), "new\nline.py", "ünï.py", "/abs/ÿ.py"]
    with store_with(tmp_path, {name: ["x"] for name in names}) as store:
        with store.snapshot() as snapshot:
            assert {row.path for row in snapshot.files()} == set(names)
            assert snapshot.units(names[0])
        assert store.verify().sound
    assert [real_path(stored_path(name)) for name in names] == names
    assert len({stored_path(name) for name in [*names, "badÿ.py"]}) == 5


@pytest.mark.claim("house.search.snapshot")
def test_a_reader_keeps_its_moment_while_others_write(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["tree"]}) as store:
        with store.snapshot() as snapshot:
            assert len(snapshot.search(["tree"])) == 1
            with Store(store.folder).writer() as writer:
                writer.write([batch_of("b.py", ["tree"])])
                writer.finish()
            assert len(snapshot.search(["tree"])) == 1
            assert snapshot.facts().files == 1
        assert len(answers(store, "tree")) == 2


@pytest.mark.claim("house.search.snapshot")
def test_an_error_takes_the_whole_commit_back(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["tree"]}) as store:
        bad = Batch(
            records=(FileRecord(file=FileRow(path="b.py", status="odd")),),  # type: ignore[arg-type]  # on purpose
            postings=batch_of("b.py", []).postings,
        )
        with store.writer() as writer, pytest.raises(StoreError, match="CHECK"):
            writer.write([batch_of("c.py", ["tree"]), bad])
        assert [hit[0] for hit in answers(store, "tree")] == ["a.py"]
        assert store.verify().sound


@pytest.mark.claim("house.store.full-disk")
def test_a_full_disk_is_a_capacity_error_and_the_old_index_stays(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["tree"]}) as store:
        with store.writer() as writer:
            pages = writer.connection.execute("PRAGMA page_count").fetchone()[0]
            writer.connection.execute(f"PRAGMA max_page_count = {pages}")
            with pytest.raises(CapacityError, match="no room left"):
                writer.write([batch_of("b.py", [os.urandom(40_000).hex()])])
        assert [hit[0] for hit in answers(store, "tree")] == ["a.py"]
        assert store.verify().sound


def test_a_second_writer_is_told_at_once(tmp_path: Path, clock: FixedClock) -> None:
    store = Store(tmp_path / FOLDER, clock=clock)
    with store.writer(), pytest.raises(LockedError, match=str(os.getpid())), store.writer():
        pytest.fail("two writers at once")
    with store.writer(), store.writer("feedback", wait_seconds=1):
        pass


@pytest.mark.parametrize("content", [b"not a database at all" * 400, b"short"])
def test_a_damaged_file_is_a_store_error_with_a_hint(tmp_path: Path, content: bytes) -> None:
    store = Store(tmp_path / FOLDER)
    store.folder.mkdir()
    store.path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"), store.snapshot():
        pytest.fail("opened")
    with pytest.raises(StoreError, match="damaged"), store.writer():
        pytest.fail("opened")


def test_no_index_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no index"), Store(tmp_path / FOLDER).snapshot():
        pytest.fail("opened")


@pytest.mark.claim("house.store.newer")
def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["tree"]}) as store:
        with sqlite3.connect(store.path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
        store.close()
        with pytest.raises(StoreError, match="format 99"), store.snapshot():
            pytest.fail("opened")
        with pytest.raises(StoreError, match="format 99"), store.writer():
            pytest.fail("opened")


@pytest.mark.claim("house.store.older")
def test_an_older_format_is_migrated_and_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_with(tmp_path, {"a.py": ["tree"]}) as store:
        store.close()
        step = "ALTER TABLE feedback ADD COLUMN note TEXT NOT NULL DEFAULT '';\n"
        monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
        with pytest.raises(StoreError, match="older format"), store.snapshot():
            pytest.fail("opened")
        with store.writer() as writer:
            columns = writer.connection.execute("PRAGMA table_info(feedback)").fetchall()
        assert "note" in {column[1] for column in columns}
        assert [hit[0] for hit in answers(store, "tree")] == ["a.py"]
        copy = store.path.with_name(f"{DATABASE}.format-{len(schema.MIGRATIONS) - 1}")
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        with sqlite3.connect(copy) as old:
            assert old.execute("SELECT path FROM files").fetchall() == [("a.py",)]
        old.close()


@pytest.mark.claim("house.store.older")
def test_a_store_of_the_first_format_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / FOLDER)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        with store.writer() as writer:
            writer.connection.execute(
                "INSERT INTO files"
                " VALUES (1, 'a.py', NULL, 1, 2, 3, '', '', 'indexed', '', '', '[]')"
            )
    with store.writer() as writer:
        facts = writer.facts("a.py")
    assert facts is not None
    assert (facts.size, facts.mtime_ns, facts.inode, facts.ctime_ns) == (1, 2, 3, 0)
    with store, store.snapshot() as snapshot:
        assert snapshot.facts().format_version == len(schema.MIGRATIONS)
        assert [row.path for row in snapshot.files()] == ["a.py"]


@pytest.mark.claim("house.store.older")
def test_a_failed_migration_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_with(tmp_path, {"a.py": ["tree"]}) as store:
        store.close()
        with monkeypatch.context() as patch:
            broken = "CREATE TABLE fresh (x);\nNONSENSE;\n"
            patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
            with pytest.raises(StoreError), store.writer():
                pytest.fail("opened")
        assert [hit[0] for hit in answers(store, "tree")] == ["a.py"]


@pytest.mark.claim("house.store.read-only")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_read_only_folder_is_readable_and_refuses_writes() -> None:
    script = """
import os, sys, sqlite3
from pathlib import Path
from tidemill.core.errors import StoreError
from tidemill.store.store import Store
os.setuid(65534)
store = Store(Path(sys.argv[1]))
with store.snapshot() as snapshot:
    print(len(snapshot.search(["tree"])))
try:
    with store.writer():
        print("written")
except StoreError as error:
    print(type(error).__name__)
"""
    root = Path(tempfile.mkdtemp())
    try:
        with store_with(root, {"a.py": ["tree"]}) as store:
            store.close()
        root.chmod(0o755)
        store.folder.chmod(0o555)
        for path in store.folder.iterdir():
            path.chmod(0o444)
        ran = subprocess.run(
            [sys.executable, "-c", script, str(store.folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stdout.split() == ["1", "StoreError"], ran.stderr
    finally:
        shutil.rmtree(root)


@pytest.mark.claim("house.store.damage")
def test_a_damaged_relation_is_found(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["tree"], "b.py": ["walk"]}) as store:
        assert store.verify().sound
        with sqlite3.connect(store.path) as connection:
            connection.execute("DELETE FROM journal WHERE key = 'a.py'")
            connection.execute("DELETE FROM bodies")
        connection.close()
        found = store.verify()
    assert not found.sound
    assert found.problems == (
        "1 files in the table but not in the journal",
        "2 units without a body",
    )
    assert (found.files, found.journaled, found.units) == (2, 1, 2)


def problem_with(store: Store) -> str:
    """What `verify` says, one way or the other."""
    try:
        return " ".join(store.verify().problems)
    except StoreError as error:
        return error.message


@pytest.mark.claim("house.store.damage")
@pytest.mark.parametrize("lost", [1, 100, 4_000, 5_000])
def test_a_cut_file_is_noticed_wherever_it_was_cut(tmp_path: Path, lost: int) -> None:
    with store_with(tmp_path, {"a.py": ["tree", "walk " * 200], "b.py": ["node"]}) as store:
        assert store.verify().sound
    os.truncate(store.path, store.path.stat().st_size - lost)
    assert DATABASE in problem_with(store) or "was cut" in problem_with(store)


DAMAGES = {
    "UPDATE bodies SET text = x'41' WHERE packing = 'plain'": "2 texts that do not match",
    "UPDATE bodies SET text = 'a text' WHERE packing = 'plain'": "2 texts that do not match",
    "UPDATE bodies SET text = substr(text, 1, 9) WHERE packing = 'zlib'": "texts that do not match",
    "UPDATE bodies SET graph = x'' WHERE packing = 'zlib'": "1 units of code without a graph",
    "UPDATE segments SET terms = x'00'": "segment 1 of the postings is damaged",
    "UPDATE segments SET lengths = x'0000'": "segment 1 of the postings is damaged",
    "UPDATE segments SET terms = x'0000000000000000'": "differ in length",
    "UPDATE segments SET kinds = x'00'": "tables of documents differ",
    "UPDATE segments SET terms = zeroblob(length(terms))": "terms are not in order",
    "UPDATE segments SET starts = zeroblob(length(starts))": "places of its terms",
    "UPDATE postings SET documents = CAST('__' || substr(documents, 3) AS BLOB)": "is not there",
    "UPDATE postings SET frequencies = x'01'": "postings are missing",
    "DELETE FROM postings": "postings are missing",
    "DELETE FROM segments": "0 searchable documents for 3 units",
}


@pytest.mark.claim("house.store.damage")
@pytest.mark.parametrize("statement", DAMAGES)
def test_damage_to_texts_and_postings_is_found(tmp_path: Path, statement: str) -> None:
    with store_with(tmp_path, {"a.py": ["tree", "walk " * 200], "b.py": ["node"]}) as store:
        assert store.verify().sound
        with sqlite3.connect(store.path) as connection:
            connection.execute(statement)
        connection.close()
        (problem,) = store.verify().problems
    assert DAMAGES[statement] in problem


def test_a_text_that_was_cut_when_read_is_no_damage(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["tree"]}) as store:
        with sqlite3.connect(store.path) as connection:
            connection.execute("UPDATE bodies SET text = CAST('tr' AS BLOB)")
            connection.execute("UPDATE units SET end_byte = start_byte + 4")
        connection.close()
        assert store.verify().sound
