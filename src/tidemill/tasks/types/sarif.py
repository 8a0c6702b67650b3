"""A report of types as SARIF: one result a type that is offered, with the fix that writes it."""

from tidemill.tasks.sarif import Notice, Place, Result, Rule, escaped, sarif_log
from tidemill.tasks.types.report import TypedSite, TypesReport

__all__ = ["report_as_sarif"]

RULES = (
    Rule(
        id="missing-type",
        text="A place without a type, where a compiler has checked one.",
        level="note",
    ),
    Rule(
        id="missing-type-unverified",
        text="A place without a type, where one is likely and nothing has checked it.",
        level="note",
    ),
)


def report_as_sarif(report: TypesReport, *, version: str) -> dict[str, object]:
    """Return a report as a SARIF log, ready for JSON.

    Args:
        report: What was found.
        version: Of Tidemill.
    """
    offered = report.offered
    log = sarif_log(
        [_result(one) for one in offered],
        rules=RULES,
        version=version,
        notices=[Notice(path=one.path, text=one.reason) for one in report.skipped],
    )
    runs = log["runs"]
    if isinstance(runs, list):
        for result, site in zip(runs[0]["results"], offered, strict=True):
            _complete(result, site)
    return log


def _result(site: TypedSite) -> Result:
    is_checked = site.state == "verified"
    name = escaped(site.name) if site.name else "the function"
    return Result(
        rule="missing-type" if is_checked else "missing-type-unverified",
        message=f"{_KINDS[site.kind]} {name} could be typed as {escaped(site.type)}",
        place=Place(path=site.path, line=site.at.line, end_line=site.at.line),
        fingerprints={"tidemillType/v1": site.fingerprint},
        properties={"type": site.type, "confidence": site.confidence, "state": site.state},
    )


_KINDS = {
    "parameter": "the parameter",
    "return": "the result of",
    "variable": "the variable",
    "field": "the field",
}


def _complete(result: dict[str, object], site: TypedSite) -> None:
    """Add the column, and the fix, to a result."""
    locations = result["locations"]
    if not isinstance(locations, list):
        return
    physical = locations[0]["physicalLocation"]
    physical["region"]["startColumn"] = site.at.column
    result["fixes"] = [
        {
            "description": {"text": f"Write the type {site.type}."},
            "artifactChanges": [
                {
                    "artifactLocation": physical["artifactLocation"],
                    "replacements": [
                        {
                            "deletedRegion": {
                                "startLine": one.at.line,
                                "startColumn": one.at.column,
                                "endLine": one.at.line,
                                "endColumn": one.at.column,
                            },
                            "insertedContent": {"text": one.text},
                        }
                        for one in site.fix
                    ],
                }
            ],
        }
    ]
