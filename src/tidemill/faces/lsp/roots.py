"""Which project a file belongs to."""

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["Roots"]

MARKS = ("tsconfig.json", "jsconfig.json", "package.json")
"""Files that only the folder of a project has."""


class Roots:
    """The folders that are open in an editor.

    Args:
        folders: Their paths.
    """

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._folders = list(dict.fromkeys(folders))

    def change(self, *, added: Iterable[Path], removed: Iterable[Path]) -> None:
        """Take folders in, and leave others out."""
        gone = set(removed)
        kept = [folder for folder in self._folders if folder not in gone]
        self._folders = list(dict.fromkeys([*kept, *added]))

    def folder_of(self, path: Path) -> Path | None:
        """Return the innermost open folder that a file lies in."""
        around = [folder for folder in self._folders if path.is_relative_to(folder)]
        return max(around, key=lambda folder: len(folder.parts), default=None)

    def project_of(self, path: Path) -> Path:
        """Return the folder of a file's project.

        It is the nearest one with a mark of a project, not above the open folder; without a mark,
        the open folder; and outside of any, the file's own.
        """
        top = self.folder_of(path)
        if top is None:
            return path.parent
        for folder in path.parents:
            if any(os.access(folder / mark, os.R_OK) for mark in MARKS):
                return folder
            if folder == top:
                break
        return top
