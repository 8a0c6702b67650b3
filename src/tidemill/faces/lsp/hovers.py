"""A place without a type under the pointer: what it may be, and what led there."""

from collections.abc import Iterator, Sequence

from lsprotocol import types

from tidemill.faces.lsp.configuration import Configuration
from tidemill.faces.lsp.documents import Document
from tidemill.faces.lsp.finding import Finding
from tidemill.faces.lsp.hints import SAID, alternatives, position_of
from tidemill.faces.lsp.markdown import code, percent
from tidemill.faces.lsp.story import Line

__all__ = ["hover_of"]


def hover_of(
    document: Document,
    finding: Finding,
    configuration: Configuration,
    *,
    source: str,
    story: Sequence[Line],
) -> types.Hover:
    """Return what is shown of a place.

    Args:
        document: The file, in whose present text the finding is.
        finding: The place.
        configuration: How many types are named.
        source: Who has guessed.
        story: How the place is used.
    """
    lines = [*_head(finding, configuration, source), *_story(story, document)]
    return types.Hover(
        contents=types.MarkupContent(kind=types.MarkupKind.Markdown, value="\n".join(lines)),
        range=types.Range(
            start=position_of(document, finding.place.start),
            end=position_of(document, finding.place.end),
        ),
    )


def _head(finding: Finding, configuration: Configuration, source: str) -> Iterator[str]:
    best = finding.offers[0]
    name = f"{code(finding.name)} " if finding.name else ""
    by = f", says {code(source)}" if source else ""
    yield f"{finding.kind} {name}: {code(best.type.text, 400)} **{percent(best.confidence)}**{by}"
    others = list(alternatives(finding, configuration))
    if others:
        yield f"\nor {', '.join(others)}"
    yield ""
    yield SAID[finding.knowledge]


def _story(story: Sequence[Line], document: Document) -> Iterator[str]:
    if story:
        yield ""
    for line in story:
        facts = [_fact(text, start, document) for text, start in line.facts]
        more = f" and {line.more} more" if line.more else ""
        yield f"- {line.title}: {', '.join(facts)}{more}"


def _fact(text: str, start: int | None, document: Document) -> str:
    if start is None:
        return code(text)
    return f"{code(text)} (line {document.positions.place(start)[0] + 1})"
