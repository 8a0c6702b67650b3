import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from tidemill.core.errors import CapacityError, ExpertError, InputError, StoreError
from tidemill.experts.folder import (
    MOST_FILES,
    fact_of,
    fresh_file,
    opened,
    read_whole,
    staged,
    stamped_files,
    write_new,
)


def test_files_are_stamped_by_size_time_and_inode(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    stamps = stamped_files(tmp_path)
    assert list(stamps) == ["a", "b"]
    seen = (tmp_path / "a").stat()
    assert (stamps["a"].bytes, stamps["a"].inode) == (1, seen.st_ino)
    os.utime(tmp_path / "a", ns=(0, 1))
    assert stamped_files(tmp_path)["a"].mtime_ns == 1


@pytest.mark.claim("house.experts.paths")
def test_links_folders_and_devices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    makers: dict[str, object] = {
        "a link": lambda path: path.symlink_to(tmp_path / "file"),
        "a folder": lambda path: path.mkdir(),
        "no regular file": os.mkfifo,
    }
    for reason, make in makers.items():
        folder = tmp_path / reason.replace(" ", "-")
        folder.mkdir()
        assert callable(make)
        make(folder / "odd")
        with pytest.raises(ExpertError, match=f"'odd' is {reason}"):
            stamped_files(folder)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        (tmp_path / f"{number}").touch()
    with pytest.raises(ExpertError, match=f"more than {MOST_FILES} files"):
        stamped_files(tmp_path)


def test_a_missing_folder_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot list"):
        stamped_files(tmp_path / "nowhere")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExpertError, match="no regular file"), opened(tmp_path / "pipe"):
        pass


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_whole(tmp_path / "a", most_bytes=5) == b"12345"
    with pytest.raises(ExpertError, match="larger than 4 bytes"):
        read_whole(tmp_path / "a", most_bytes=4)


def test_a_written_file_has_the_facts_of_the_read_one(tmp_path: Path) -> None:
    data = os.urandom((1 << 20) + 7)
    written = write_new(tmp_path / "a", [data[:5], memoryview(data)[5:]])
    told: list[int] = []
    assert fact_of(tmp_path / "a", told.append) == written
    assert written.sha256 == hashlib.sha256(data).hexdigest()
    assert told == [1 << 20, 7]
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "above" / "target"
    with staged(target) as stage:
        (stage / "a").write_text("x")
        assert not target.exists()
    assert (target / "a").read_text() == "x"
    with pytest.raises(KeyboardInterrupt):
        _interrupted(tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["above"]
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def _interrupted(target: Path) -> None:
    with staged(target) as stage:
        (stage / "a").write_text("x")
        raise KeyboardInterrupt


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("taken", "link"):
        if name == "taken":
            (tmp_path / name).mkdir()
        with pytest.raises(InputError, match="is there already"), staged(tmp_path / name):
            pass
        with (
            pytest.raises(InputError, match="is there already"),
            fresh_file(tmp_path / name, mode=0o600),
        ):
            pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "taken"]


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with fresh_file(tmp_path / "a", mode=0o640) as file:
        file.write(b"x")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_bytes() == b"x"
    with (
        pytest.raises(CapacityError, match="No space left"),
        fresh_file(tmp_path / "b", mode=0o600),
    ):
        raise OSError(errno.ENOSPC, "full")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
