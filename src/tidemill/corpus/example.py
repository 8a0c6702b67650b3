"""One row of a training set."""

from dataclasses import dataclass, fields

__all__ = ["COLUMNS", "SPLITS", "Example"]

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A function, with what is said of it or what it is like.

    Attributes:
        id: Content hash of language, query and code.
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


COLUMNS = tuple(item.name for item in fields(Example))
