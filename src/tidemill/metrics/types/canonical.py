"""The normal form of a type, and its head.

Two texts of one normal form are one type, as far as that can be told without the program:

- white space, comments, kinds of quotes, needless parentheses and trailing separators are gone;
- ``Array<X>`` is ``X[]``, ``ReadonlyArray<X>`` is ``readonly X[]``;
- members of unions and intersections are sorted, each stands there once;
- ``import("module").X`` is ``X``.

Names of parameters and the order of members stay as they are: readers depend on the one,
overloads on the other. So two function types that differ in a parameter's name alone differ here.
"""

import re
from functools import lru_cache

from tidemill.core.errors import InputError
from tidemill.metrics.types.reading import read_type
from tidemill.metrics.types.terms import Term, named

__all__ = ["canonical", "head"]

_LEADING_NAME = re.compile(r"(?P<name>[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*)\s*<")


def canonical(text: str) -> str:
    """Return a type in normal form; what cannot be read keeps its text, white space collapsed.

    Args:
        text: A TypeScript type, or anything else.

    Returns:
        A form that is its own normal form.
    """
    term = _read(text)
    return " ".join(text.split()) if term is None else term.text


def head(text: str) -> str:
    """Return the head of a type: its name without type arguments, or a word for its form.

    As the labels of ManyTypes4TypeScript, with one difference: ``array`` stands for ``X[]``,
    ``Array``, ``Array<X>`` and ``ReadonlyArray<X>`` alike, which those labels tell apart.
    ``Promise<X>`` is ``Promise``; primitives are themselves; a union with ``null`` and
    ``undefined`` has the head of what is left, other unions those of all members; other forms are
    ``tuple``, ``intersection``, ``function`` (constructors too), ``object`` (the keyword and
    types in braces), ``literal``, ``keyof``, ``typeof``, ``indexed``, ``conditional``,
    ``infer``, ``predicate`` and ``import`` (a module as a whole). ``unique symbol`` is
    ``symbol``. A text that is no type is its own head, up to its type arguments.

    Args:
        text: A TypeScript type, or anything else.
    """
    term = _read(text)
    if term is not None:
        return term.head
    collapsed = " ".join(text.split())
    leading = _LEADING_NAME.match(collapsed)
    return named(leading["name"]).head if leading else collapsed


@lru_cache(maxsize=65_536)
def _read(text: str) -> Term | None:
    """Read a type, if need be with its white space collapsed; most come again and again."""
    for form in (text, " ".join(text.split())):
        try:
            return read_type(form)
        except InputError:
            continue
    return None
