"""What was read of a corpus is kept in a file, so that a resumed run does not read it again."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidemill.core.hashing import content_hash

__all__ = ["kept"]

Arrays = Mapping[str, NDArray[np.generic]]


def kept(folder: Path, name: str, key: str, make: Callable[[], Arrays]) -> Arrays:
    """Return arrays from a file, or make and keep them.

    Args:
        folder: Where the file is.
        name: What it holds.
        key: Names everything that the arrays depend on; another key makes them anew.
        make: Makes them.
    """
    path = folder / f"{name}-{content_hash(key.encode())[:16]}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as found:
            return {part: found[part] for part in found.files}
    arrays = make()
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{path.name}.draft.npz"
    np.savez(draft, **arrays)  # type: ignore[arg-type]  # its stub takes no mapping of arrays
    draft.replace(path)
    return arrays
