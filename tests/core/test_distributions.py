"""Files out of source distributions: taken safely, or told why not."""

import io
import tarfile
from pathlib import Path

import pytest

from tidemill.core import distributions
from tidemill.core.distributions import (
    SourceDistribution,
    download_with_pip,
    extract,
    fetched,
    fetched_path,
)
from tidemill.core.errors import TidemillError

FILES = {
    "pkg-1.0/core/lib/src/lib.c": b"int one(void) { return 1; }",
    "pkg-1.0/core/lib/include/api.h": b"int one(void);",
    "pkg-1.0/core/library.txt": b"not wanted",
    "pkg-1.0/setup.py": b"raise SystemExit",
}


def archive(path: Path, files: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type = tarfile.SYMTYPE
            member.linkname = target
            tar.addfile(member)
    return path


def tree(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}


def test_wanted_paths_are_taken_without_the_top_folder(tmp_path: Path) -> None:
    extract(archive(tmp_path / "a.tar.gz", FILES), ("core/lib",), tmp_path / "out")
    assert tree(tmp_path / "out") == {"core/lib/src/lib.c", "core/lib/include/api.h"}
    assert (tmp_path / "out/core/lib/src/lib.c").read_bytes().startswith(b"int one")


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(TidemillError, match="has no core/absent"):
        extract(archive(tmp_path / "a.tar.gz", FILES), ("core/absent",), tmp_path / "out")


@pytest.mark.parametrize("name", ["pkg/core/../../../evil", "/core/../../evil", "pkg/core/../../x"])
def test_nothing_leaves_the_folder(tmp_path: Path, name: str) -> None:
    hostile = archive(tmp_path / "a.tar.gz", {name: b"evil"})
    (tmp_path / "deep" / "er").mkdir(parents=True)
    with pytest.raises(TidemillError):
        extract(hostile, ("core",), tmp_path / "deep" / "er" / "out")
    assert tree(tmp_path) == {"a.tar.gz"}


def test_links_are_not_taken(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", FILES, {"pkg-1.0/core/lib/link": "/etc/passwd"})
    extract(path, ("core/lib",), tmp_path / "out")
    assert not (tmp_path / "out/core/lib/link").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08broken"])
def test_damaged_archives_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(TidemillError, match=r"a\.tar\.gz"):
        extract(tmp_path / "a.tar.gz", ("core",), tmp_path / "out")


def test_too_large_an_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "_MAX_BYTES", 10)
    with pytest.raises(TidemillError, match="larger than a source distribution should be"):
        extract(archive(tmp_path / "a.tar.gz", FILES), ("core",), tmp_path / "out")


def test_fetched_once_for_a_version(tmp_path: Path) -> None:
    asked: list[str] = []

    def download(requirement: str, folder: Path) -> Path:
        asked.append(requirement)
        return archive(folder / "pkg.tar.gz", FILES)

    wanted = SourceDistribution(name="pytest", paths=("core/lib",))
    first = fetched(wanted, tmp_path / "cache", download)
    assert first == fetched_path(wanted, tmp_path / "cache")
    assert fetched(wanted, tmp_path / "cache", download) == first
    assert asked == [f"pytest=={pytest.__version__}"]
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [first.name]


def test_a_failed_download_leaves_nothing(tmp_path: Path) -> None:
    def download(requirement: str, folder: Path) -> Path:
        raise TidemillError(f"no network for {requirement} in {folder.name[:1]}")

    wanted = SourceDistribution(name="pytest", paths=("core/lib",))
    with pytest.raises(TidemillError, match="no network"):
        fetched(wanted, tmp_path / "cache", download)
    assert tree(tmp_path) == set()


def test_a_package_that_is_not_installed_has_no_version() -> None:
    with pytest.raises(TidemillError, match="no-such-thing is not installed"):
        SourceDistribution(name="no-such-thing", paths=()).version()


def test_pip_without_an_index_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(TidemillError, match="pip could not fetch the sources of tree-sitter"):
        download_with_pip("tree-sitter==0.26.1", tmp_path)
