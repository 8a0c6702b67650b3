"""What packages and their experts are called."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from tidemill.tasks.sprouting.division import Division

__all__ = ["names_of", "router_name", "title_of"]

SHORT = {"javascript": "js", "python": "py", "ruby": "rb", "typescript": "ts"}
"""Languages that people abbreviate."""

LONGEST = 88
"""So that a number has room behind it in an id of 96."""

STRANGE = re.compile(r"[^a-z0-9]+")


def title_of(division: Division) -> str:
    """Return a package in words: ``networkx.algorithms``, or ``stdlib: ast to cmd``.

    Args:
        division: Of paths that begin with their language.
    """
    words = [_plain(path[-1]) for path in division.members]
    if len(words) == 1:
        return _dotted(division.members[0])
    return f"{_dotted(division.folder)}: {words[0]} to {words[-1]}"


def names_of(task: str, packages: Sequence[tuple[str, Division]]) -> list[str]:
    """Return the names of experts, each of them once.

    Args:
        task: What they are for.
        packages: Language and division of each.
    """
    known: set[str] = set()
    names = []
    for language, division in packages:
        words = (task, SHORT.get(language, language), title_of(division))
        plain = STRANGE.sub("-", "-".join(words).lower())[:LONGEST].strip("-")
        name, number = plain, 1
        while name in known:
            number += 1
            name = f"{plain}-{number}"
        known.add(name)
        names.append(name)
    return names


def router_name(languages: Sequence[str]) -> str:
    """Return the name of a router of sprouts: ``routing-python``, or ``routing-code`` of several.

    Args:
        languages: Of their packages.
    """
    return f"routing-{languages[0] if len(languages) == 1 else 'code'}"


def _dotted(path: Sequence[str]) -> str:
    """Return a path without its language."""
    return ".".join(map(_plain, path[1:]))


def _plain(name: str) -> str:
    """Return a name without the ending of a file."""
    return PurePosixPath(name).stem or name
