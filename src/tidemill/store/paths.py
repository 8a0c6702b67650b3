"""Names of files as SQLite text, whatever bytes they are made of."""

import os
from pathlib import Path

__all__ = ["is_left_behind", "real_path", "stored_path"]

RAW = "//"


def stored_path(path: str) -> str:
    """Return ``path`` as text that SQLite can hold; `real_path` undoes it.

    A name that is not UTF-8 (kept by Python as ``surrogateescape`` characters)
    is written as ``//`` and its bytes as Latin-1; no other path begins so.
    """
    raw = os.fsencode(path)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return RAW + raw.decode("latin-1")


def real_path(stored: str) -> str:
    """Return the path that `stored_path` wrote as ``stored``."""
    if stored.startswith(RAW):
        return os.fsdecode(stored.removeprefix(RAW).encode("latin-1"))
    return stored


def is_left_behind(stored: str, root: Path) -> bool:
    """Whether a row's path means nothing in a store that now belongs to ``root``."""
    path = Path(real_path(stored))
    if path.is_absolute():
        return path.is_relative_to(root)
    return not os.path.lexists(root / path)
