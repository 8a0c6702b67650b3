"""Where the store is: the setting, or the nearest ``.tidemill`` on the way up.

The answer is free of links on the way, as are the paths in a store.
"""

import os
from pathlib import Path

from tidemill.core.errors import StoreError
from tidemill.core.settings import Settings
from tidemill.store.connection import DATABASE
from tidemill.store.store import FOLDER

__all__ = ["nearest_store", "required_store_folder", "store_folder"]


def store_folder(settings: Settings, cwd: Path) -> Path | None:
    """Return the folder of the store that ``cwd`` belongs to, or None.

    Args:
        settings: Its ``store``, if set, is the answer, whether there or not.
        cwd: Where to begin to look.
    """
    if settings.store is not None:
        return settings.store.resolve()
    return nearest_store(cwd)


def nearest_store(place: Path) -> Path | None:
    """Return the folder of the store in ``place`` or the nearest folder above it, or None."""
    place = place.resolve()
    for folder in (place, *place.parents):
        # `Path.is_file` would raise where a folder above is closed to us.
        if os.path.isfile(folder / FOLDER / DATABASE):  # noqa: PTH113
            return folder / FOLDER
    return None


def required_store_folder(settings: Settings, cwd: Path) -> Path:
    """Return the folder of the store, for those who cannot do without.

    Raises:
        StoreError: There is no index here.
    """
    folder = store_folder(settings, cwd)
    if folder is None or not os.path.isfile(folder / DATABASE):  # noqa: PTH113  as above
        place = f"in {folder}" if folder else f"in {cwd} or any folder above it"
        raise StoreError(f"there is no index {place}", hint="make one: tidemill index PATH")
    return folder
