"""How a place is used: the slice from which its type was guessed, in lines for people."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tidemill.core.errors import TidemillError
from tidemill.source.annotations.site import TypeSite
from tidemill.source.program.callgraph import call_graph_of
from tidemill.source.program.links import FunctionLink, Links, links
from tidemill.source.program.program import program_of
from tidemill.source.program.syntax import syntax_of
from tidemill.source.slices.extraction import usage_slices
from tidemill.source.slices.usage import RETURNED, Definition, ObservedArgument, UsageSlice
from tidemill.source.spans import Span
from tidemill.tasks.types.project import ProjectFile

__all__ = ["Line", "story_of"]

MOST_FACTS = 6
"""Of one kind; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is said of one aspect.

    Attributes:
        title: The aspect.
        facts: Pieces of code, each with the byte of the file at which it stands, if any.
        more: Facts that are left out.
    """

    title: str
    facts: tuple[tuple[str, int | None], ...]
    more: int = 0


def story_of(file: ProjectFile, site: TypeSite) -> tuple[Line, ...]:
    """Return how a place is used, as far as its file tells.

    Args:
        file: The file.
        site: A place in it.
    """
    flows = _flows(file)
    lines: list[Line] = []
    if site.kind == "return":
        lines += _result(flows, site)
    else:
        lines += _variable(_slice(file, site), file)
        lines += _given(flows, site)
    return tuple(line for line in lines if line.facts)


def _slice(file: ProjectFile, site: TypeSite) -> UsageSlice | None:
    methods = usage_slices(file.tree, path=file.name).methods
    found = (own for method in methods for own in method.slices)
    return next((own for own in found if own.target.span == site.place), None)


def _flows(file: ProjectFile) -> Links:
    try:
        return links(call_graph_of(program_of([syntax_of(file.tree, file.name)])))
    except TidemillError:
        return Links(parameters=(), functions=(), imports=())


def _variable(own: UsageSlice | None, file: ProjectFile) -> Iterator[Line]:
    if own is None:
        return
    if own.defined_by is not None:
        yield _line("defined by", [_definition(own.defined_by, file)])
    calls = [call for call in own.invoked_calls if not call.is_operator]
    yield _line("calls on it", [(f"{call.name}()", _start(call.span)) for call in calls])
    passed = [one for one in own.argument_calls if not one.call.is_operator]
    yield _line("passed to", [_passed(one) for one in passed])


def _definition(one: Definition, file: ProjectFile) -> tuple[str, int | None]:
    if one.label == "PARAM":
        return f"parameter {one.position}", None
    text = one.span.of(file.text).decode("utf-8", "replace") if one.span is not None else one.name
    return text, _start(one.span)


def _passed(one: ObservedArgument) -> tuple[str, int | None]:
    if one.position == RETURNED:
        return f"return {one.call.name}", _start(one.call.span)
    return f"{one.call.name}({_turn(one.position)})", _start(one.call.span)


def _turn(position: int | str | None) -> str:
    """Return which argument it is: as many commas as stand before it."""
    if isinstance(position, int) and position > 0:
        return "…, " * (position - 1) + "·"
    return "·"


def _given(flows: Links, site: TypeSite) -> Iterator[Line]:
    for link in flows.parameters:
        if (link.function, link.name) == (site.function, site.name):
            arguments = [one for one, _ in link.arguments]
            yield _line("given where it is called", [(one.text, one.start) for one in arguments])


def _result(flows: Links, site: TypeSite) -> Iterator[Line]:
    for link in flows.functions:
        if link.offset == site.function:
            yield _line("returns", [(one.text, one.start) for one in link.returned])
            yield _line("what becomes of it", list(_uses(link)))


def _uses(link: FunctionLink) -> Iterator[tuple[str, int | None]]:
    for use in link.uses:
        words = {
            "defines": f"{use.name} = …",
            "member": f"….{use.name}",
            "argument": f"{use.name}(…)",
            "called": "…()",
            "returned": "return …",
        }
        if use.kind in words:
            yield words[use.kind], use.start


def _line(title: str, facts: Iterable[tuple[str, int | None]]) -> Line:
    distinct = list({text: (text, start) for text, start in reversed(list(facts))}.values())[::-1]
    return Line(
        title=title,
        facts=tuple(distinct[:MOST_FACTS]),
        more=max(0, len(distinct) - MOST_FACTS),
    )


def _start(span: Span | None) -> int | None:
    return span.start if span is not None else None
