"""One row of a training set, and the pairs that some sets hold besides."""

from dataclasses import dataclass, fields

from tidemill.core.hashing import content_hash

__all__ = ["COLUMNS", "FOUND_COLUMNS", "PAIR_COLUMNS", "SPLITS", "Example", "Pair", "identity"]

SPLITS = ("train", "valid", "test")
ID_CHARACTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A function, with what is said of it or what it belongs to.

    Attributes:
        id: Hash of language, query, code and group.
        language: Its language.
        package: What it comes from.
        family: Packages of one family are never in two splits.
        licence: SPDX expression.
        path: Its file inside the package.
        line: Its first line there, counted from 1.
        name: Its own name.
        qualified_name: Its name with those of its owners.
        query: The first paragraph of its documentation; empty when there is none.
        code: Its text without documentation.
        group: Problem, label or pair that it shares with others; empty when there is none.
    """

    id: str
    language: str
    package: str
    family: str
    licence: str
    path: str
    line: int
    name: str
    qualified_name: str
    query: str
    code: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two examples of which somebody said whether they do the same.

    Attributes:
        left: The id of one.
        right: The id of the other.
        clone: Whether they do the same.
        kind: How much alike they look, in the set's own words.
    """

    left: str
    right: str
    clone: bool
    kind: str


FOUND_COLUMNS = ("language", "path", "line", "name", "qualified_name", "query", "code")
"""Those that a function fills wherever it was found."""

COLUMNS = tuple(item.name for item in fields(Example))
PAIR_COLUMNS = tuple(item.name for item in fields(Pair))


def identity(language: str, query: str, code: str, group: str = "") -> str:
    """Return the id of an example: 16 hexadecimal digits of a hash of what it says."""
    said = f"{language}\0{query}\0{code}\0{group}"
    return content_hash(said.encode("utf-8", "surrogatepass"))[:ID_CHARACTERS]
