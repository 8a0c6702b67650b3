"""What a search is limited to, decided before anything is scored."""

import re
from dataclasses import dataclass
from functools import lru_cache

from tidemill.core.globs import FOLDERS, IN_NAME, REST, without_retries
from tidemill.store.rows import Kind

__all__ = ["SearchFilters", "path_pattern"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """Which units may answer; an empty field lets everything through.

    Attributes:
        languages: Names of languages.
        kinds: Kinds of units.
        paths: Folders, files or globs: ``*`` and ``?`` stay within a folder, ``**``
            between slashes stands for any number of folders, and a glob without ``/``
            is matched with the file's name.
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

    def accepts(self, path: str, language: str | None, kind: str) -> bool:
        """Whether a unit of this kind in this file may answer."""
        return (not self.kinds or kind in self.kinds) and self.accepts_file(path, language)


PIECE = re.compile(
    r"(?:^|(?<=/))\*\*(?:(?P<folders>/)|(?P<rest>$))|(?P<star>\*+)|(?P<any>\?)|[^*?]+", re.DOTALL
)
MEANINGS = {"folders": FOLDERS, "rest": REST, "star": IN_NAME, "any": "[^/]"}


@lru_cache(maxsize=64)
def path_pattern(glob: str) -> re.Pattern[str]:
    """Return the expression for a folder, file or glob of `SearchFilters.paths`."""
    named = glob.removeprefix("./").rstrip("/")
    if named in {"", "."}:
        return re.compile(r"(?s:.*)")
    if "/" not in named and re.search(r"[*?]", named):
        named = f"**/{named}"
    body = without_retries([meaning_of(piece) for piece in PIECE.finditer(named)])
    return re.compile(f"(?s:{body}(?:/.*)?)")


def meaning_of(piece: re.Match[str]) -> str:
    """Translate one piece of a glob."""
    return MEANINGS[piece.lastgroup] if piece.lastgroup else re.escape(piece.group())
