"""What a search is limited to, decided before anything is scored."""

import re
from dataclasses import dataclass
from functools import lru_cache

from tidemill.store.rows import Kind

__all__ = ["SearchFilters", "path_pattern"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """Which units may answer; an empty field lets everything through.

    Attributes:
        languages: Names of languages.
        kinds: Kinds of units.
        paths: Folders, files or globs: ``*`` and ``?`` stay within a folder, ``**``
            crosses folders, and a glob without ``/`` is matched with the file's name.
    """

    languages: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    paths: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether every unit passes."""
        return not (self.languages or self.kinds or self.paths)

    def accepts_file(self, path: str, language: str | None) -> bool:
        """Whether units of this file may answer."""
        if self.languages and language not in self.languages:
            return False
        return not self.paths or any(path_pattern(glob).fullmatch(path) for glob in self.paths)


@lru_cache(maxsize=64)
def path_pattern(glob: str) -> re.Pattern[str]:
    """Return the expression for a folder, file or glob of `SearchFilters.paths`."""
    named = glob.removeprefix("./").rstrip("/")
    if named in {"", "."}:
        return re.compile(r"(?s:.*)")
    head = "" if "/" in named or not re.search(r"[*?]", named) else "(?:.*/)?"
    pieces = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", named)
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(meanings.get(piece) or re.escape(piece) for piece in pieces)
    return re.compile(f"(?s:{head}{body}(?:/.*)?)")
