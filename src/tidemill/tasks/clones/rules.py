"""What counts as a clone, and what of it is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from tidemill.core.errors import SettingError
from tidemill.source.language import LANGUAGES

__all__ = ["FEWEST_TOKENS", "TYPES", "CloneRules", "CloneType"]

CloneType: TypeAlias = Literal["1", "2", "3", "semantic"]
"""How two functions are equal.

====================  ==============================================================
``1``                 but for white space, comments and documentation
``2``                 and for a one-to-one renaming of names, of numbers and of strings
``3``                 nearly: most tokens are common, in the same order
``semantic``          in what they do, says an expert's vectors
====================  ==============================================================
"""

TYPES: tuple[CloneType, ...] = get_args(CloneType)
"""All of them, the closest first."""

FEWEST_TOKENS = 20
"""Smaller functions are never looked at: there is too little in them to copy."""

LEAST_SIMILARITY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneRules:
    """What counts as a clone, and what of it is asked for.

    Attributes:
        tokens: Tokens that a function has at least, 20 or more.
        lines: Lines that it has at least.
        similarity: The least similarity of type 3, between .5 and 1.
        types: The types asked for; the loosest decides what is put into one class.
        languages: Names of languages to look at; empty for all.
        cross_language: Ask for classes of at least two languages only.
        baseline: An earlier report, JSON or SARIF: what it has is not reported again.
    """

    tokens: int = 50
    lines: int = 5
    similarity: float = 0.75
    types: frozenset[CloneType] = frozenset(TYPES)
    languages: frozenset[str] = frozenset()
    cross_language: bool = False
    baseline: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            SettingError: A number is out of range, or a name is unknown.
        """
        if self.tokens < FEWEST_TOKENS:
            raise SettingError(
                f"{self.tokens} tokens are too few", hint=f"give {FEWEST_TOKENS} or more"
            )
        if self.lines < 1:
            raise SettingError(f"{self.lines} lines are too few", hint="give 1 or more")
        if not LEAST_SIMILARITY <= self.similarity <= 1:
            raise SettingError(
                f"a similarity of {self.similarity:g} is out of range",
                hint=f"give one between {LEAST_SIMILARITY:g} and 1",
            )
        if not self.types:
            raise SettingError("no type of clones is asked for", hint=f"types: {', '.join(TYPES)}")
        for name in sorted(self.languages - set(LANGUAGES)):
            raise SettingError(f"unknown language {name}", hint=f"known: {', '.join(LANGUAGES)}")

    def looks_for(self, kind: CloneType) -> bool:
        """Whether this type or a looser one is asked for: then it has a part in what is found."""
        return any(TYPES.index(kind) <= TYPES.index(wanted) for wanted in self.types)
