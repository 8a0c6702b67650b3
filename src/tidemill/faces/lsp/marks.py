"""Places without a type as diagnostics, for those who want a list of them."""

from collections.abc import Iterable

from lsprotocol import types

from tidemill.faces.lsp.configuration import Configuration
from tidemill.faces.lsp.documents import Document
from tidemill.faces.lsp.finding import Finding
from tidemill.faces.lsp.hints import is_shown, position_of
from tidemill.faces.lsp.markdown import percent

__all__ = ["marks_of"]

CODES = {"checked": "any", "any": "any", "unasked": "untyped"}


def marks_of(
    document: Document, findings: Iterable[Finding], configuration: Configuration
) -> list[types.Diagnostic]:
    """Return the places of a file that have no type; none where they are not wanted.

    Args:
        document: The file, in whose present text the findings are.
        findings: What is known of it.
        configuration: What is shown.
    """
    if not configuration.diagnostics:
        return []
    return [
        types.Diagnostic(
            range=types.Range(
                start=position_of(document, one.place.start),
                end=position_of(document, one.place.end),
            ),
            severity=types.DiagnosticSeverity.Information,
            source="tidemill",
            code=CODES[one.knowledge],
            message=_message(one),
        )
        for one in findings
        if is_shown(document, one, configuration)
    ]


def _message(one: Finding) -> str:
    best = one.offers[0]
    name = one.name or f"the {one.kind}"
    what = "has no type" if one.knowledge == "unasked" else "is any"
    return f"{name} {what}; likely {best.type.text} ({percent(best.confidence)})"
