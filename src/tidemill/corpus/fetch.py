"""Packages are fetched once, checked against their hashes, and kept by them."""

import hashlib
import re
import tempfile
from pathlib import Path

from tidemill.core.errors import InputError
from tidemill.core.files import make_private_directory, named_failures
from tidemill.corpus.recipe import Package
from tidemill.corpus.registries import Client

__all__ = ["archive_of", "fetched", "sha256_of"]

BLOCK_BYTES = 1 << 20
NO_ARCHIVE = re.compile(r".*\.(?:dsc|asc|sig)|.*\.debian\.tar\.\w+|.*\.diff\.gz")
"""What comes with a source package beside its source."""


def archive_of(package: Package, cache: Path) -> Path:
    """Return where a package's file is kept, whether or not it is there yet."""
    return cache / "packages" / package.sha256


def fetched(package: Package, cache: Path, client: Client) -> Path:
    """Return a package's file, from the cache or through its registry's client.

    Args:
        package: What to fetch.
        cache: Where files are kept; one that is whole is never fetched again.
        client: Who fetches.

    Raises:
        InputError: It cannot be had, or has another hash; nothing is kept then.
    """
    kept = archive_of(package, cache)
    if kept.exists() and sha256_of(kept) == package.sha256:
        return kept
    make_private_directory(kept.parent)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as name:
        folder = Path(name)
        client(package, folder, cache / "apt")
        file = _only_archive(package, folder)
        found = sha256_of(file)
        if found != package.sha256:
            raise InputError(
                f"{package} has sha256 {found}, and the recipe says {package.sha256}",
                hint="Find out why before you change the recipe.",
            )
        with named_failures(kept, doing="keep"):
            file.replace(kept)
    return kept


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _only_archive(package: Package, folder: Path) -> Path:
    """Return the file that a client left; of several, the one with the pinned hash."""
    files = [
        f for f in sorted(folder.iterdir()) if f.is_file() and not NO_ARCHIVE.fullmatch(f.name)
    ]
    if not files:
        raise InputError(f"{package}: the client said nothing and left no file")
    return next((file for file in files if sha256_of(file) == package.sha256), files[0])
