"""Which types of findings are left, by how sure they are and by what the compiler says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tidemill.faces.lsp.finding import Finding
from tidemill.faces.lsp.settling import Verdict
from tidemill.tasks.types.offer import Offer

__all__ = ["settled_findings", "sure_offers", "without_refused"]


def sure_offers(findings: Sequence[Finding], least: float) -> dict[int, tuple[Offer, ...]]:
    """Return the types of findings that are sure enough to be shown, by number of the site.

    Args:
        findings: Places of one text.
        least: Confidence that a type has at least.
    """
    offers = {
        one.number: tuple(offer for offer in one.offers if offer.confidence >= least)
        for one in findings
    }
    return {number: own for number, own in offers.items() if own}


def settled_findings(findings: Sequence[Finding], verdict: Verdict) -> tuple[Finding, ...]:
    """Return findings with what holds first; those of which nothing holds are left out.

    Args:
        findings: Places of one text.
        verdict: What the compiler says of them.
    """
    return tuple(
        one.settled(verdict.standing[one.number]) if one.number in verdict.standing else one
        for one in without_refused(findings, verdict.refused)
    )


def without_refused(
    findings: Sequence[Finding], refused: Mapping[int, Sequence[Offer]]
) -> tuple[Finding, ...]:
    """Return findings without some types; those of which nothing is left are left out.

    Args:
        findings: Places of one text.
        refused: The types, by number of the site.
    """
    found = []
    for one in findings:
        gone = refused.get(one.number, ())
        if rest := tuple(offer for offer in one.offers if offer not in gone):
            found.append(replace(one, offers=rest))
    return tuple(found)
