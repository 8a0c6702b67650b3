import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import CapacityError, StoreError, TidemillError
from tidemill.core.files import (
    make_private_directory,
    named_failures,
    storage_error,
    write_atomically,
    write_output,
)

CALLS = ("open", "write", "fsync", "close")


def failing(call: Callable[..., Any], nth: int, error: int) -> Callable[..., Any]:
    """The call, failing the nth time it is made."""
    made = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal made
        made += 1
        if made == nth:
            raise OSError(error, os.strerror(error))
        return call(*args, **kwargs)

    return wrapped


@given(st.binary(max_size=2_000), st.binary(max_size=2_000))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, old: bytes, new: bytes
) -> None:
    path = tmp_path_factory.mktemp("files") / "file"
    write_atomically(path, old)
    write_atomically(path, new)
    assert path.read_bytes() == new
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    write_atomically(tmp_path / "private", b"x")
    write_atomically(tmp_path / "open", b"x", mode=0o644)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o644


@pytest.mark.claim("house.files.atomic")
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_at_any_call_leaves_old_or_new_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, call, failing(getattr(os, call), nth, errno.EIO))
    with suppress(TidemillError):
        write_atomically(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() in {b"old", b"new"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:3]))
    write_atomically(tmp_path / "file", b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_a_full_disk_is_a_capacity_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, "write", failing(os.write, 1, errno.ENOSPC))
    with pytest.raises(CapacityError, match="No space left") as caught:
        write_atomically(path, b"new")
    assert "Free some space" in str(caught.value)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, CapacityError),
        (errno.EDQUOT, CapacityError),
        (errno.EACCES, StoreError),
        (errno.EROFS, StoreError),
        (errno.EIO, StoreError),
    ],
)
def test_failures_are_named_by_who_can_mend_them(number: int, kind: type[TidemillError]) -> None:
    error = storage_error(OSError(number, "?"), Path("/there"), doing="write")
    assert type(error) is kind
    assert str(error).startswith(f"cannot write /there: {os.strerror(number)}")
    assert error.hint


def test_an_error_without_a_number_keeps_its_words() -> None:
    assert "odd" in str(storage_error(OSError("odd"), Path("x"), doing="write"))


def test_the_cause_is_kept() -> None:
    with pytest.raises(StoreError) as caught, named_failures(Path("x"), doing="read"):
        raise PermissionError(errno.EACCES, "no")
    assert isinstance(caught.value.__cause__, PermissionError)


def test_a_missing_folder_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        write_atomically(tmp_path / "nowhere" / "file", b"")


def test_folders_are_private_and_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "one" / "two"
    assert make_private_directory(folder) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    folder.chmod(0o755)
    make_private_directory(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("here")
    with pytest.raises(StoreError, match=r"cannot make the folder .*taken"):
        make_private_directory(tmp_path / "taken")


def test_output_goes_through_links_and_never_replaces_a_device(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for text in (b"one", b"two"):
        write_output(tmp_path / "link", text, mode=0o644)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "file").read_bytes() == text
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_output(pipe, b"three", mode=0o644)
        assert os.read(reader, 100) == b"three"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    with pytest.raises(StoreError, match=r"cannot write .*: Is a directory"):
        write_output(tmp_path, b"", mode=0o644)
