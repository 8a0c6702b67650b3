"""Write docs/papers from the ledger: ``python -m tests.claims.render``."""

from collections import Counter

from tests.claims.ledger import ROOT, STATUSES, Claim, System, systems

PAGES = ROOT / "docs" / "papers"
NOTE = "<!-- Written by python -m tests.claims.render from tests/claims/ledger; do not edit. -->"


def page(system: System) -> str:
    """The page of one system: claim -> module -> test."""
    counted = Counter(claim.status for claim in system.claims)
    summary = ", ".join(f"{counted[status]} {status}" for status in STATUSES if counted[status])
    rows = [_row(claim) for claim in system.claims]
    return "\n".join(
        [
            NOTE,
            "",
            f"# {system.title}",
            "",
            system.about,
            "",
            f"{len(system.claims)} claims: {summary}.",
            "",
            "| claim | source | where | status | shown by |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _row(claim: Claim) -> str:
    modules = ", ".join(f"`{module}`" for module in claim.modules)
    tests = ", ".join(f"`{test}`" for test in claim.tests) or "-"
    sentence = claim.claim.replace("|", "\\|")
    return f"| **{claim.id}**: {sentence} | {claim.source} | {modules} | {claim.status} | {tests} |"


def main() -> None:
    """Write every page."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for system in systems():
        (PAGES / f"{system.name}.md").write_text(page(system), encoding="utf-8")


if __name__ == "__main__":
    main()
