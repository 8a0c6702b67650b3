"""What the compiler had against types before the code around them changed."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from tidemill.faces.lsp.finding import Analysis, Finding
from tidemill.faces.lsp.recent import Recent
from tidemill.faces.lsp.settling import Verdict
from tidemill.source.annotations.site import SiteKind
from tidemill.tasks.types.naming import Import
from tidemill.tasks.types.offer import Offer

__all__ = ["Earlier"]

Refusal: TypeAlias = tuple[str, SiteKind, str, str, tuple[Import, ...]]
"""A file, the kind and the name of a place, and a type with what it takes to say it."""


class Earlier:
    """Remembers refusals by names, so that not all of them are found out again at every key.

    What is remembered may be outdated, or be of a namesake: it says what to try first, and not
    what holds.

    Args:
        most: Refusals that are remembered.
    """

    def __init__(self, most: int) -> None:
        self._refused: Recent[Refusal, bool] = Recent(most)

    def note(self, uri: str, findings: Iterable[Finding], verdict: Verdict) -> None:
        """Remember a verdict.

        Args:
            uri: Name of the file.
            findings: The places that it is of.
            verdict: What the compiler has said.
        """
        findings = tuple(findings)
        for one in findings:
            for offer in verdict.refused.get(one.number, ()):
                self._refused.put(_refusal(uri, one, offer), True)
        for one in findings:
            if one.number in verdict.standing:
                self._refused.put(_refusal(uri, one, verdict.standing[one.number]), False)

    def likely(self, uri: str, analysis: Analysis) -> Analysis:
        """Return an analysis without the types that were refused.

        Args:
            uri: Name of the file.
            analysis: What is known of it.
        """
        found = []
        for one in analysis.findings:
            offers = tuple(
                offer for offer in one.offers if not self._refused.get(_refusal(uri, one, offer))
            )
            if offers:
                found.append(replace(one, offers=offers))
        return replace(analysis, findings=tuple(found))


def _refusal(uri: str, finding: Finding, offer: Offer) -> Refusal:
    # How sure a type is hangs on the code around its place, which may be other code by now.
    return uri, finding.kind, finding.name, offer.type.text, offer.imports
