"""Where a store may lie, and what a reader is told when it cannot see the writer."""

import contextlib
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from tests.store.building import answers, batch_of, store_with
from tidemill.core.errors import StoreError
from tidemill.core.randomness import stream
from tidemill.store import connection
from tidemill.store.connection import DATABASE, open_for_writing
from tidemill.store.store import FOLDER, Store


@pytest.mark.claim("house.store.links")
@pytest.mark.parametrize("name", ["", DATABASE])
def test_a_store_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    store_with(tmp_path / "victim", {"a.py": ["parse"]})
    before = {path.name: path.read_bytes() for path in (tmp_path / "victim" / FOLDER).iterdir()}
    folder = tmp_path / "project" / FOLDER
    (folder if name else folder.parent).mkdir(parents=True)
    (folder / name).symlink_to(tmp_path / "victim" / FOLDER / name)
    store = Store(folder)
    with pytest.raises(StoreError, match="is a symbolic link"), store.writer():
        pytest.fail("opened")
    with pytest.raises(StoreError, match="is a symbolic link"), store.snapshot():
        pytest.fail("opened")
    after = {path.name: path.read_bytes() for path in (tmp_path / "victim" / FOLDER).iterdir()}
    assert after == before


@pytest.mark.claim("house.store.links")
def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    with sqlite3.connect(folder / DATABASE) as other:
        other.execute("CREATE TABLE bookmarks (place TEXT)")
    other.close()
    before = (folder / DATABASE).read_bytes()
    with pytest.raises(StoreError, match="database of another program"), Store(folder).writer():
        pytest.fail("opened")
    assert (folder / DATABASE).read_bytes() == before


def test_a_store_is_whole_before_anything_is_written(tmp_path: Path) -> None:
    open_for_writing(tmp_path / FOLDER).close()
    assert Store(tmp_path / FOLDER).verify().sound


def test_what_a_store_is_made_of_is_private(tmp_path: Path) -> None:
    open_for_writing(tmp_path / "one" / "two" / FOLDER).close()
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o700
    for path in (tmp_path / "one" / "two" / FOLDER).iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a reader find no room for the files with which it sees writers."""
    readable = connection.readable

    def scarce(path: Path, mode: str) -> sqlite3.Connection:
        if "immutable" not in mode:
            raise sqlite3.OperationalError("disk I/O error")
        return readable(path, mode)

    monkeypatch.setattr(connection, "readable", scarce)


@pytest.mark.usefixtures("unseen")
@pytest.mark.claim("house.store.unseen-writer")
def test_a_reader_that_cannot_see_the_writer_notices_the_change(tmp_path: Path) -> None:
    store_with(tmp_path, {"a.py": ["parse"]})
    with Store(tmp_path / FOLDER) as store:
        assert len(answers(store, "parse")) == 1

        def write_meanwhile() -> None:
            with Store(tmp_path / FOLDER).writer() as writer:
                writer.write([batch_of("b.py", ["parse"])])
                writer.finish()

        with pytest.raises(StoreError, match="written while it was read"), store.snapshot():
            write_meanwhile()
        assert len(answers(store, "parse")) == 2


@pytest.mark.usefixtures("unseen")
def test_an_empty_log_hides_nothing(tmp_path: Path) -> None:
    store = store_with(tmp_path, {"a.py": ["parse"]})
    log = store.path.with_name(f"{DATABASE}-wal")
    log.touch()
    assert len(answers(store, "parse")) == 1
    store.close()
    log.write_bytes(b"not empty")
    with pytest.raises(StoreError, match="disk I/O error"), store.snapshot():
        pytest.fail("opened")


def test_a_store_that_was_made_again_is_read_anew(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["parse"]}) as store:
        assert [path for path, *_ in answers(store, "parse")] == ["a.py"]
        for path in (tmp_path / FOLDER).iterdir():
            path.unlink()
        store_with(tmp_path, {"b.py": ["parse"]})
        assert [path for path, *_ in answers(store, "parse")] == ["b.py"]


def test_an_error_of_the_readers_own_stays_what_it_is(tmp_path: Path) -> None:
    store = store_with(tmp_path, {"a.py": ["parse"]})
    with pytest.raises(BrokenPipeError), store.snapshot():
        raise BrokenPipeError


def test_two_jobs_may_make_a_store_at_once(tmp_path: Path) -> None:
    for round_ in range(20):
        store = Store(tmp_path / str(round_) / FOLDER)
        failed: list[Exception] = []
        both = threading.Barrier(2)

        def write(
            job: str,
            store: Store = store,
            both: threading.Barrier = both,
            failed: list[Exception] = failed,
        ) -> None:
            both.wait()
            try:
                with store.writer(job, wait_seconds=5) as writer:
                    writer.write([batch_of(f"{job}.py", ["parse"])])
            except Exception as error:  # noqa: BLE001  told by the main thread
                failed.append(error)

        threads = [threading.Thread(target=write, args=(job,)) for job in ("index", "feedback")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert store.verify().files == 2


def test_a_run_ends_without_waiting_for_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 100_000.0)  # past any test's time
    store = store_with(tmp_path, {"a.py": ["parse"]})
    with store, store.snapshot(), Store(store.folder).writer() as writer:
        writer.write([batch_of("b.py", ["parse"])])
        writer.finish()
        assert writer.connection.execute("PRAGMA busy_timeout").fetchone() == (100_000_000,)


@pytest.mark.claim("house.store.damage")
@pytest.mark.parametrize("seed", range(100))
def test_a_flipped_byte_is_noticed_or_harmless(tmp_path: Path, seed: int) -> None:
    texts = [f"word{number} parse the date {'walk ' * (number % 9)}" for number in range(60)]
    store_with(tmp_path, {f"{number}.py": [text] for number, text in enumerate(texts)})
    random = stream(seed, "flips")
    with (tmp_path / FOLDER / DATABASE).open("r+b") as file:
        size = file.seek(0, 2)
        for _ in range(20):
            file.seek(random.randrange(100, size))
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ (1 << random.randrange(8))]))
    with contextlib.suppress(StoreError), Store(tmp_path / FOLDER) as store:
        store.verify()
        answers(store, "parse word1 walk")
        with store.snapshot() as snapshot:
            list(snapshot.files())
            list(snapshot.bodies())
    with contextlib.suppress(StoreError), Store(tmp_path / FOLDER).writer() as writer:
        writer.write([batch_of("new.py", ["parse"])])
        writer.finish()
