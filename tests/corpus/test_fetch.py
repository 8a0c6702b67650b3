"""Fetching: once, checked, kept by hash; nothing half-written stays."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.making import Shelf, sha256, wheel
from tidemill.core.errors import InputError
from tidemill.corpus.fetch import archive_of, fetched
from tidemill.corpus.recipe import Package

PACKAGE = Package(
    registry="pip",
    name="fruit",
    version="1.0",
    sha256="0" * 64,
    licence="MIT",
    language="python",
    family="fruit",
    split="train",
)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    wheel(folder, "fruit", {"fruit/a.py": "x = 1\n"})
    return Shelf(folder)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def pinned(shelf: Shelf) -> Package:
    (file,) = shelf.folder.iterdir()
    return replace(PACKAGE, sha256=sha256(file))


def test_a_package_is_fetched_once(shelf: Shelf, cache: Path) -> None:
    package = pinned(shelf)
    first = fetched(package, cache, shelf)
    assert first == archive_of(package, cache) == fetched(package, cache, shelf)
    assert sha256(first) == package.sha256
    assert shelf.asked == ["pip:fruit 1.0"]
    assert [path.name for path in cache.iterdir()] == ["packages"]


@pytest.mark.claim("house.corpus.safe")
def test_another_hash_is_refused_and_nothing_stays(shelf: Shelf, cache: Path) -> None:
    with pytest.raises(InputError, match=r"pip:fruit 1\.0 has sha256 \w{64}, and the recipe says"):
        fetched(PACKAGE, cache, shelf)
    assert [str(path) for path in cache.rglob("*") if path.is_file()] == []
    assert [path.name for path in cache.iterdir()] == ["packages"]


def test_a_damaged_file_is_fetched_again(shelf: Shelf, cache: Path) -> None:
    package = pinned(shelf)
    fetched(package, cache, shelf).write_bytes(b"torn")
    assert sha256(fetched(package, cache, shelf)) == package.sha256
    assert len(shelf.asked) == 2


def test_a_client_that_leaves_nothing_is_named(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"pip:fruit 1\.0: the client said nothing"):
        fetched(PACKAGE, cache, Shelf(tmp_path / "empty"))


def test_what_comes_beside_a_source_is_not_taken_for_it(shelf: Shelf, cache: Path) -> None:
    (shelf.folder / "fruit-1.0.orig.tar.xz").write_bytes(b"source")
    for name in ("fruit-1.0.dsc", "fruit-1.0.debian.tar.xz", "fruit-1.0.orig.tar.xz.asc"):
        (shelf.folder / name).write_bytes(b"beside")
    package = replace(PACKAGE, sha256=sha256(shelf.folder / "fruit-1.0.orig.tar.xz"))
    assert fetched(package, cache, shelf).read_bytes() == b"source"
