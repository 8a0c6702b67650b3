"""How sites are used, in words: usage slices, and what flows between functions and files.

CodeTIDAL5 takes from a slice where a variable stands, and leaves it to the window to show what
is done with it. Here the slice itself is read (ours): what defines a variable, which members are
called on it, what it is passed to; and past the end of its function, what a parameter gets from
the calls, what a function returns, and what becomes of that.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tidemill.core.errors import TidemillError
from tidemill.source.annotations.site import TypeSite
from tidemill.source.parsing import SyntaxTree
from tidemill.source.program.callgraph import call_graph_of
from tidemill.source.program.expression import Expression
from tidemill.source.program.links import FunctionLink, ParameterLink, links
from tidemill.source.program.program import program_of
from tidemill.source.program.syntax import syntax_of
from tidemill.source.slices.extraction import usage_slices
from tidemill.source.slices.usage import OPERATOR, UsageSlice

__all__ = ["SitedFile", "Uses", "uses_of"]

Uses = dict[int, tuple[str, ...]]
"""Words for the sites of a file, by their numbers."""

MOST_MEMBERS = 4
MOST_CALLS = 3
MOST_OPERATORS = 2
MOST_FLOWS = 3
LAST_NAME = re.compile(r"[\w$]+(?=[^\w$]*$)")
NAMED = frozenset({"new", "name", "member", "call"})
"""Kinds of expressions of which the name says more than the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitedFile:
    """A file of a program.

    Attributes:
        path: Unique in the program; imports are looked up by it.
        tree: The file, parsed.
        sites: Its sites.
    """

    path: str
    tree: SyntaxTree
    sites: Sequence[TypeSite]


def uses_of(files: Sequence[SitedFile]) -> dict[str, Uses]:
    """Return how the sites of a program's files are used; sites without a use have no entry.

    Args:
        files: All files that are known.
    """
    parameters, functions = _flows(files)
    found = {}
    for file in files:
        slices = _slices(file)
        uses: Uses = {}
        for number, site in enumerate(file.sites):
            key = (file.path, -1 if site.function is None else site.function)
            words: list[str] = []
            if site.kind == "return":
                words += _of_function(functions.get(key))
            else:
                words += _of_slice(slices.get(site.place.start))
                words += _received(parameters.get((*key, site.name)))
            if words:
                uses[number] = tuple(words)
        found[file.path] = uses
    return found


def _slices(file: SitedFile) -> dict[int, UsageSlice]:
    """Return the slices of a file by the first byte of their variables."""
    try:
        program = usage_slices(file.tree, path=file.path)
    except TidemillError:
        return {}
    return {
        own.target.span.start: own
        for method in program.methods
        for own in method.slices
        if own.target.span is not None
    }


def _flows(
    files: Sequence[SitedFile],
) -> tuple[dict[tuple[str, int, str], ParameterLink], dict[tuple[str, int], FunctionLink]]:
    """Return what flows into parameters and out of functions, by file and function."""
    try:
        syntaxes = [syntax_of(file.tree, file.path) for file in files]
        found = links(call_graph_of(program_of(syntaxes)))
    except TidemillError:
        return {}, {}
    parameters = {(link.path, link.function, link.name): link for link in found.parameters}
    return parameters, {(link.path, link.offset): link for link in found.functions}


def _of_slice(own: UsageSlice | None) -> Iterator[str]:
    if own is None:
        return
    if own.defined_by is not None and own.defined_by.label == "CALL":
        yield from ("=", _last(own.defined_by.name))
    names = [call.name for call in own.invoked_calls if not call.is_operator]
    for name in _distinct(names, MOST_MEMBERS):
        yield from (".", name)
    passed = [argument.call.name for argument in own.argument_calls]
    for name in _distinct([n for n in passed if not n.startswith(OPERATOR)], MOST_CALLS):
        yield from (_last(name), "(")
    operators = [name.removeprefix(OPERATOR) for name in passed if name.startswith(OPERATOR)]
    yield from _distinct(operators, MOST_OPERATORS)


def _received(link: ParameterLink | None) -> Iterator[str]:
    if link is not None:
        for word in _distinct([_said(own) for own, _ in link.arguments], MOST_FLOWS):
            yield from ("<-", word)


def _of_function(link: FunctionLink | None) -> Iterator[str]:
    if link is None:
        return
    for word in _distinct([_said(own) for own in link.returned], MOST_FLOWS):
        yield from ("return", word)
    members = [use.name for use in link.uses if use.kind == "member" and use.name]
    for name in _distinct(members, MOST_FLOWS):
        yield from (".", _last(name))
    passed = [use.name for use in link.uses if use.kind == "argument" and use.name]
    for name in _distinct(passed, MOST_OPERATORS):
        yield from (_last(name), "(")


def _said(expression: Expression) -> str:
    """Return the word for an expression: its name where it has one, or else its kind."""
    name = _last(expression.name) if expression.kind in NAMED else ""
    return name or expression.kind


def _last(code: str) -> str:
    """Return the last name of some code: ``b`` of ``this.a.b``."""
    found = LAST_NAME.search(code)
    return found[0] if found else ""


def _distinct(names: Iterable[str], most: int) -> list[str]:
    return [name for name in dict.fromkeys(names) if name][:most]
