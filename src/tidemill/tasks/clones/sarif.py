"""A report of clones as SARIF: one result a class, its other members as related places."""

from tidemill.tasks.clones.baseline import MEMBERS_PROPERTY
from tidemill.tasks.clones.report import CloneClass, CloneMember, CloneReport
from tidemill.tasks.clones.rules import CloneType
from tidemill.tasks.sarif import Notice, Place, Result, Rule, escaped, sarif_log

__all__ = ["report_as_sarif"]

TEXTS: dict[CloneType, str] = {
    "1": "Functions that are equal but for white space and comments.",
    "2": "Functions that are equal but for the names and values in them.",
    "3": "Functions that are nearly equal.",
    "semantic": "Functions that do the same, says an expert.",
}
LINKED = 20
"""So many members a message leads to; all are related places."""


def report_as_sarif(report: CloneReport, *, version: str, has_baseline: bool) -> dict[str, object]:
    """Return a report as a SARIF log, ready for JSON.

    Args:
        report: What was found.
        version: Of Tidemill.
        has_baseline: Whether the report leaves out what a baseline has.
    """
    rules = [Rule(id=f"clone-{kind}", text=text) for kind, text in TEXTS.items()]
    return sarif_log(
        [_result(one, has_baseline=has_baseline) for one in report.classes],
        rules=rules,
        version=version,
        notices=[Notice(path=one.path, text=one.reason) for one in report.skipped],
    )


def _result(found: CloneClass, *, has_baseline: bool) -> Result:
    first, *others = found.members
    links = [f"[{escaped(one.name)}]({at})" for at, one in enumerate(others[:LINKED], 1)]
    more = f" and {len(others) - LINKED} more" if len(others) > LINKED else ""
    clones = "1 clone" if len(others) == 1 else f"{len(others)} clones"
    is_new = all(one.is_new for one in found.members)
    return Result(
        rule=f"clone-{found.type}",
        message=(
            f"{escaped(first.name)} has {clones}"
            f" (similarity {found.similarity:.2f}): {', '.join(links)}{more}"
        ),
        place=_place(first),
        related=[_place(one) for one in others],
        fingerprints={"tidemillCloneClass/v1": found.fingerprint},
        properties={
            "similarity": round(found.similarity, 4),
            "duplicatedLines": found.duplicated_lines,
            MEMBERS_PROPERTY: [one.fingerprint for one in found.members],
        },
        state=("new" if is_new else "updated") if has_baseline else None,
    )


def _place(member: CloneMember) -> Place:
    text = f"{member.name} (type {member.type}, similarity {member.similarity:.2f})"
    if member.type == "semantic":
        text = f"{member.name} (similarity {member.similarity:.2f})"
    return Place(
        path=member.path, line=member.line, end_line=member.end_line, message=escaped(text)
    )
