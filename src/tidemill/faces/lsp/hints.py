"""Types beside names, with their confidence."""

from collections.abc import Iterable, Iterator, Mapping

from lsprotocol import types

from tidemill.faces.lsp.configuration import Configuration
from tidemill.faces.lsp.documents import Document
from tidemill.faces.lsp.finding import Finding, Knowledge
from tidemill.faces.lsp.markdown import code, percent
from tidemill.source.spans import Span

__all__ = ["SAID", "alternatives", "hints_of", "is_shown", "position_of"]

LONGEST_LABEL = 48
SAID: Mapping[Knowledge, str] = {
    "checked": "The compiler calls it `any`, and has nothing against this type.",
    "any": "The compiler calls it `any`.",
    "unasked": "Not checked: there is no TypeScript compiler to ask.",
}


def hints_of(
    document: Document, findings: Iterable[Finding], configuration: Configuration, span: Span
) -> list[types.InlayHint]:
    """Return the hints in a part of a file.

    Args:
        document: The file, in whose present text the findings are.
        findings: What is known of it.
        configuration: What is shown.
        span: The part.
    """
    return [
        _hint(document, one, configuration)
        for one in sorted(findings, key=lambda one: one.insert)
        if span.start <= one.insert <= span.end and is_shown(document, one, configuration)
    ]


def is_shown(document: Document, finding: Finding, configuration: Configuration) -> bool:
    """Whether a finding is wanted, and still has its place."""
    return (
        finding.kind in configuration.kinds
        and finding.offers[0].confidence >= configuration.minimum_confidence
        and finding.is_open_in(document.text)
    )


def alternatives(finding: Finding, configuration: Configuration) -> Iterator[str]:
    """Yield the types besides the first, with how likely they are, in Markdown."""
    for offer in finding.offers[1 : 1 + configuration.alternatives]:
        yield f"{code(offer.type.text)} {percent(offer.confidence)}"


def position_of(document: Document, offset: int) -> types.Position:
    """Return a byte of a file as the editor counts."""
    line, character = document.positions.place(offset)
    return types.Position(line=line, character=character)


def _hint(document: Document, one: Finding, configuration: Configuration) -> types.InlayHint:
    best = one.offers[0]
    text = best.type.text
    short = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
    mark = "?" if one.knowledge == "unasked" else ""
    return types.InlayHint(
        position=position_of(document, one.insert),
        label=f": {short} {percent(best.confidence)}{mark}",
        kind=types.InlayHintKind.Type,
        tooltip=types.MarkupContent(
            kind=types.MarkupKind.Markdown, value=_tooltip(one, configuration)
        ),
        padding_right=one.kind == "return",
    )


def _tooltip(one: Finding, configuration: Configuration) -> str:
    best = one.offers[0]
    lines = [f"{code(best.type.text, 400)} {percent(best.confidence)}"]
    others = list(alternatives(one, configuration))
    if others:
        lines.append(f"or {', '.join(others)}")
    lines.append(SAID[one.knowledge])
    return "\n\n".join(lines)
