import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.tasks.discovery import Candidate, Skipped, discover, printable


def names(
    root: Path, settings: Settings | None = None, *, only: tuple[Path, ...] = ()
) -> list[str]:
    found = discover([root], settings=settings or Settings(), only=only)
    return [os.path.relpath(entry.path, root) for entry in found if isinstance(entry, Candidate)]


def skipped(root: Path, settings: Settings | None = None) -> dict[str, str]:
    found = discover([root], settings=settings or Settings())
    return {
        os.path.relpath(entry.path, root): entry.reason
        for entry in found
        if isinstance(entry, Skipped)
    }


def write(root: Path, *paths: str, text: str = "x") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def test_folders_of_tools_are_never_entered(tmp_path: Path) -> None:
    write(tmp_path, ".git/x", "node_modules/x", "a/__pycache__/x", ".tidemill/x", ".venv/x", "a/b")
    assert names(tmp_path) == ["a/b"]


@pytest.mark.claim("house.index.own-ignore")
def test_own_ignore_file_decides_over_gits(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py", "c.py")
    write(tmp_path, ".gitignore", text="*.py\n.*ignore")
    write(tmp_path, ".tidemillignore", text="!b.py")
    assert names(tmp_path) == ["b.py"]


def test_rules_above_the_root_hold_inside_a_repository(tmp_path: Path) -> None:
    write(tmp_path, ".git/HEAD", "sub/a.py", "sub/a.log")
    write(tmp_path, ".gitignore", text="*.log\nsub/\n")
    assert names(tmp_path / "sub") == ["a.py"]
    assert names(tmp_path) == [".gitignore"]


def test_a_walk_can_be_limited_without_losing_rules(tmp_path: Path) -> None:
    write(tmp_path, "a/b/c.py", "a/d.py", "build/e.py", "a/b/f.log")
    write(tmp_path, ".gitignore", text="build/\n*.log")
    assert names(tmp_path, only=(tmp_path / "a" / "b",)) == ["a/b/c.py"]
    assert names(tmp_path, only=(tmp_path / "build",)) == []


def test_links_are_named_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "real/a.py")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert names(tmp_path) == ["real/a.py"]
    assert set(skipped(tmp_path)) == {"link", "loop", "dangling"}


@pytest.mark.claim("house.index.odd-places")
def test_followed_links_end_where_they_were(tmp_path: Path) -> None:
    write(tmp_path, "real/a.py")
    (tmp_path / "real" / "loop").symlink_to("..")
    (tmp_path / "selfish").symlink_to("selfish")
    settings = Settings(follow_symlinks=True)
    assert names(tmp_path, settings) == ["real/a.py"]
    reasons = skipped(tmp_path, settings)
    assert reasons["real/loop"].startswith("link: ")
    assert reasons["selfish"].startswith("unreadable: ")


@pytest.mark.claim("house.index.odd-places")
def test_what_is_no_file_is_skipped_by_kind(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    place = Path.cwd()
    os.chdir(tmp_path)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
    finally:
        os.chdir(place)
    assert skipped(tmp_path) == {"pipe": "special: a FIFO", "socket": "special: a socket"}


@pytest.mark.claim("house.index.limits")
def test_large_files_are_named_with_the_limit(tmp_path: Path) -> None:
    write(tmp_path, "big.py", text="x" * 11)
    write(tmp_path, "fit.py", text="x" * 10)
    settings = Settings(max_file_bytes=10)
    assert names(tmp_path, settings) == ["fit.py"]
    assert skipped(tmp_path, settings) == {
        "big.py": "large: 11 bytes, more than max_file_bytes = 10"
    }


@pytest.mark.claim("house.index.odd-places")
def test_unreadable_folders_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "open/a.py", "shut/b.py")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if path.endswith("shut"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert names(tmp_path) == ["open/a.py"]
    assert skipped(tmp_path) == {"shut": "unreadable: Permission denied"}


@pytest.fixture
def deep_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with one file 1,500 folders down, taken away again.

    What removes old temporary folders recurses, and would fail on it in a later run.
    """
    levels = [f"{tmp_path}{'/d' * depth}" for depth in range(1, 1_501)]
    for level in levels:
        Path(level).mkdir()
    file = Path(levels[-1], "deep.py")
    file.touch()
    yield tmp_path
    file.unlink()
    for level in reversed(levels):
        Path(level).rmdir()


@pytest.mark.claim("house.source.depth")
def test_depth_costs_no_recursion(deep_folder: Path) -> None:
    assert names(deep_folder) == ["d/" * 1_500 + "deep.py"]


@pytest.mark.claim("house.index.odd-places")
def test_any_name_is_met_and_can_be_printed(tmp_path: Path) -> None:
    odd = [b"new\nline.py", b"bad\xff.py", "ünï.py".encode(), b"\x1b[31mred.py"]
    for name in odd:
        (tmp_path / os.fsdecode(name)).touch()
    found = names(tmp_path)
    assert {os.fsencode(name) for name in found} == set(odd)
    assert {printable(name) for name in found} == {
        "new\\nline.py",
        "bad\\xff.py",
        "ünï.py",
        "\\x1b[31mred.py",
    }


def test_a_missing_root_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        names(tmp_path / "nowhere")


def test_a_file_can_be_a_root(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    found = list(discover([tmp_path / "a.py"], settings=Settings()))
    assert [entry.path for entry in found] == [str(tmp_path.resolve() / "a.py")]


@pytest.mark.claim("house.index.ignore")
def test_a_folder_is_walked_alone_as_with_everything_else(tmp_path: Path) -> None:
    write(tmp_path, "sub/a.py", "sub/a.gen", "sub/a.out", "b.out")
    (tmp_path / ".gitignore").write_text("*.gen\n")
    (tmp_path / ".tidemillignore").write_text("*.out\n")
    whole = discover([tmp_path], settings=Settings(), top=tmp_path)
    alone = list(discover([tmp_path / "sub"], settings=Settings(), top=tmp_path))
    assert [entry.path for entry in alone] == [str(tmp_path / "sub" / "a.py")]
    assert set(alone) < set(whole)


@pytest.mark.claim("house.index.ignore", "house.index.own-ignore")
def test_a_repository_in_another_has_git_rules_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, ".git/HEAD", "a.gen", "inner/.git/HEAD", "inner/a.gen", "inner/a.out")
    (tmp_path / ".gitignore").write_text("*.gen\n")
    (tmp_path / ".tidemillignore").write_text("*.out\n")
    inside = ["inner/a.gen"]
    assert [name for name in names(tmp_path) if name.endswith((".gen", ".out"))] == inside
    alone = discover([tmp_path / "inner"], settings=Settings(), top=tmp_path)
    assert [entry.path for entry in alone] == [str(tmp_path / "inner/a.gen")]


def test_an_ignore_file_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "p/a.py")
    (tmp_path / "elsewhere").write_text("*.py\n")
    (tmp_path / "p" / ".gitignore").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path / "p") == ["a.py"]


def test_overlapping_roots_count_a_file_once(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "a.py", "sub/b.py", "sub/c.gen")
    (tmp_path / ".gitignore").write_text("*.gen\nsub/d/\n")
    write(tmp_path, "sub/d/e.py")
    roots = [tmp_path, tmp_path / "sub", tmp_path / "sub" / "d", tmp_path]
    found = [entry.path for entry in discover(roots, settings=Settings(), top=tmp_path)]
    wanted = [".gitignore", "a.py", "sub/b.py", "sub/d/e.py"]
    assert [os.path.relpath(path, tmp_path) for path in found] == wanted


@pytest.mark.parametrize("name", ["x" * 300, "a.py/b"])
def test_a_name_that_cannot_be_is_an_input_error(tmp_path: Path, name: str) -> None:
    write(tmp_path, "a.py")
    with pytest.raises(InputError) as caught:
        discover([tmp_path / name], settings=Settings())
    assert caught.value.path == str(tmp_path / name)


@pytest.mark.claim("house.index.odd-places")
def test_devices_behind_links_and_submodules(tmp_path: Path) -> None:
    write(tmp_path, "module/a.py", "module/sub/.git")
    (tmp_path / "zero").symlink_to("/dev/zero")
    follow = Settings(follow_symlinks=True)
    assert skipped(tmp_path) == {"zero": "link: symbolic links are not followed"}
    assert skipped(tmp_path, follow) == {"zero": "special: a character device"}
    assert names(tmp_path) == ["module/a.py"]
