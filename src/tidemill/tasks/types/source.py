"""The seam through which types are guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tidemill.source.annotations.scope import TypeName
from tidemill.source.annotations.site import TypeSite
from tidemill.source.parsing import SyntaxTree

__all__ = ["Arity", "Candidate", "TypeQuestion", "TypeSource"]

Arity = tuple[int, int | None]
"""Type arguments that a name needs, and those that it takes; None for any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A type that may be right.

    Attributes:
        text: The type, as TypeScript writes it, in names as the file or the program knows them.
        confidence: How likely it is to be right, 0 to 1.
    """

    text: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeQuestion:
    """A file with sites whose types are wanted.

    Attributes:
        path: The file, as people know it.
        tree: Its syntax.
        sites: All its sites, those with a type too.
        wanted: Numbers of those that are asked for.
        names: Its own type names.
        importable: Further ones that other files of the program export.
    """

    path: str
    tree: SyntaxTree
    sites: Sequence[TypeSite]
    wanted: Sequence[int]
    names: Sequence[TypeName]
    importable: Mapping[str, Arity]


class TypeSource(Protocol):
    """Whoever has an idea of the types in files."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    def candidates(
        self, files: Sequence[TypeQuestion]
    ) -> Sequence[Mapping[int, Sequence[Candidate]]]:
        """Return candidates for what is wanted, best first, by number of the site.

        Args:
            files: What is asked; all of a program, or some at a time.

        Returns:
            One mapping a file, in their order; sites without an idea may be missing.
        """
        ...
