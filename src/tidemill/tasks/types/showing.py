"""What became of sites, as people know them."""

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import replace

from tidemill.source.annotations.site import TypeSite
from tidemill.tasks.types.asking import OpenSites
from tidemill.tasks.types.checker import SiteKey
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.outcome import Outcome
from tidemill.tasks.types.project import Project, ProjectFile
from tidemill.tasks.types.report import (
    OFFERED,
    FileChange,
    Replacement,
    State,
    TypedSite,
    TypesReport,
    fingerprint,
)
from tidemill.tasks.types.writing import written

__all__ = ["shown"]


def shown(  # noqa: PLR0913  each is a fact of the run, all by name
    project: Project,
    sites: OpenSites,
    outcome: Outcome,
    *,
    known: AbstractSet[str],
    source: str,
    compiler: str,
    unchecked: str,
    seconds: float,
) -> TypesReport:
    """Return the report of a run.

    Args:
        project: What was read.
        sites: What was open.
        outcome: What became of it.
        known: Fingerprints of what is not news.
        source: Who guessed.
        compiler: Version of what checked.
        unchecked: Why nothing checked.
        seconds: How long it took.
    """
    counts: Counter[State] = Counter(sites.settled.values())
    rows = _fingerprinted([_row(project, key, outcome) for key in sites.open])
    counts.update(one.state for one in rows)
    news = [one for one in rows if one.fingerprint not in known or one.state not in OFFERED]
    return TypesReport(
        sites=tuple(news),
        counts=counts,
        changes=tuple(_changes(project, outcome)),
        files=len(project.files),
        checking_before=outcome.checking[0] if outcome.checking else None,
        checking_after=outcome.checking[1] if outcome.checking else None,
        new_objections=outcome.objections,
        compiler=compiler,
        unchecked=unchecked,
        source=source,
        skipped=project.skipped,
        known=len(rows) - len(news),
        seconds=seconds,
    )


def _row(project: Project, key: SiteKey, outcome: Outcome) -> TypedSite:
    file = project.files[key[0]]
    site = file.sites[key[1]]
    offer = outcome.standing.get(key) or outcome.unverified.get(key)
    if offer is not None:
        state: State = "verified" if key in outcome.standing else "unverified"
        row = _plain(file, site, state, offer=offer)
        return replace(row, fix=_fix(file, key[1], offer))
    if key in outcome.derived:
        return replace(_plain(file, site, "derived"), type=outcome.derived[key])
    if key in outcome.refused:
        offer, reason = outcome.refused[key]
        return replace(_plain(file, site, "backed-off", offer=offer), reason=reason)
    return _plain(file, site, "left")


def _plain(
    file: ProjectFile, site: TypeSite, state: State, *, offer: Offer | None = None
) -> TypedSite:
    return TypedSite(
        path=file.name,
        at=file.lines.position(site.place.start),
        kind=site.kind,
        name=site.name,
        state=state,
        type=offer.type.text if offer else "",
        confidence=offer.confidence if offer else None,
    )


def _fix(file: ProjectFile, place: int, offer: Offer) -> tuple[Replacement, ...]:
    """Return what writes one type, as if it were alone."""
    return tuple(
        Replacement(at=file.lines.position(one.at), text=one.text.decode())
        for one in written(file, {place: offer}).edited.insertions
    )


def _fingerprinted(rows: list[TypedSite]) -> list[TypedSite]:
    """Give rows their fingerprints: of its like in a file, each has its number."""
    met: Counter[tuple[str, str, str, str]] = Counter()
    found = []
    for one in rows:
        like = (one.path, one.kind, one.name, one.type)
        found.append(replace(one, fingerprint=fingerprint(one, met[like])))
        met[like] += 1
    return found


def _changes(project: Project, outcome: Outcome) -> list[FileChange]:
    return [
        FileChange(
            path=file.path,
            name=file.name,
            before=file.text,
            after=outcome.texts[number].text,
            encoding=file.encoding,
            key=file.key,
        )
        for number, file in enumerate(project.files)
        if number in outcome.texts and outcome.texts[number].text != file.text
    ]
