"""Types into the text that an editor shows, checked where that can be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tidemill.core.errors import TidemillError
from tidemill.faces.lsp.analyst import Analyst, Snapshot, Subject
from tidemill.faces.lsp.compilers import Compilers, OpenProject
from tidemill.faces.lsp.finding import Finding
from tidemill.faces.lsp.patience import timer
from tidemill.faces.lsp.recent import Recent
from tidemill.faces.lsp.settling import Verdict, accepted, settled
from tidemill.faces.lsp.view import MOST_DEPENDENTS
from tidemill.tasks.types.checker import is_checked
from tidemill.tasks.types.edits import Insertion
from tidemill.tasks.types.members import invoked_members
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.writing import written

__all__ = ["Annotating", "Annotation"]

REMEMBERED = 512
ALL_SECONDS = 20.0
"""Somebody has asked for all types, and waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A type, or several, that can be inserted.

    Attributes:
        offers: What is written, by number of the site.
        insertions: Into the text.
        is_checked: Whether the compiler has nothing against it; else there was none to ask.
    """

    offers: Mapping[int, Offer]
    insertions: tuple[Insertion, ...]
    is_checked: bool


class Annotating:
    """Writes and checks types. All of it runs in one thread.

    Args:
        analyst: Who reads texts.
        compilers: Of the projects.
    """

    def __init__(self, analyst: Analyst, compilers: Compilers) -> None:
        self._analyst = analyst
        self._compilers = compilers
        self._verdicts: Recent[tuple[str, int, Offer], bool] = Recent(REMEMBERED)

    def of_one(self, snapshot: Snapshot, finding: Finding, most: int) -> list[Annotation]:
        """Return what can be inserted at a place, best first; nothing that is objected to.

        Args:
            snapshot: The text, with the place as the finding says.
            finding: The place.
            most: Types that are tried at most.
        """
        file = self._analyst.parsed(snapshot)
        project = self._project(snapshot, file)
        offers = finding.offers[:most]
        verdicts = None
        if project is not None:
            key = snapshot.digest()
            verdicts = self._checked(project, file, finding.number, offers, key=key)
        return [
            _annotation(file, {finding.number: offer}, is_checked=verdicts is not None)
            for offer in offers
            if verdicts is None or verdicts.get(offer, False)
        ]

    def settled(
        self,
        snapshot: Snapshot,
        subject: Subject,
        offers: Mapping[int, Sequence[Offer]],
        seconds_left: Callable[[], float],
        *,
        is_alone: bool = False,
    ) -> Verdict | None:
        """Return which types of a file hold together; None where nobody can say.

        Args:
            snapshot: The text.
            subject: The same, read.
            offers: Types, by number of the site.
            seconds_left: How long it may still take.
            is_alone: Whether to leave out the files that import this one.
        """
        project = self._project(snapshot, subject.file)
        if project is None or not offers:
            return None if project is None else Verdict()
        dependents = 0 if is_alone else MOST_DEPENDENTS
        return self._settled(project, subject.file, offers, seconds_left, dependents=dependents)

    def of_all(self, snapshot: Snapshot, findings: Sequence[Finding]) -> Annotation | None:
        """Return all that can be inserted together, or None where nothing can.

        Args:
            snapshot: The text, with the places as the findings say.
            findings: The places.
        """
        file = self._analyst.parsed(snapshot)
        offers = {one.number: one.offers for one in findings}
        project = self._project(snapshot, file)
        chosen = {number: own[0] for number, own in offers.items()}
        if project is not None:
            verdict = self._settled(project, file, offers, timer(ALL_SECONDS))
            chosen = dict(verdict.standing) if verdict is not None else {}
        return _annotation(file, chosen, is_checked=project is not None) if chosen else None

    def forget(self) -> None:
        """Forget what the compiler has said, for files on disk have changed."""
        self._verdicts.clear()

    def _project(self, snapshot: Snapshot, file: ProjectFile) -> OpenProject | None:
        """Return the file's project, if there is a compiler and the file can be checked."""
        if snapshot.root is None or file.tree.errors or not is_checked(file):
            return None
        return self._compilers.project(snapshot.root, snapshot.shown)

    def _checked(
        self,
        project: OpenProject,
        file: ProjectFile,
        number: int,
        offers: Sequence[Offer],
        *,
        key: str,
    ) -> dict[Offer, bool] | None:
        """Return which types are not objected to; None where nobody can say."""
        keys = {offer: (key, number, offer) for offer in offers}
        if any(self._verdicts.get(own) is None for own in keys.values()):
            try:
                found = accepted(project, file, number, offers)
            except (TidemillError, OSError) as error:
                self._failed(project, error)
                return None
            for offer, holds in zip(offers, found, strict=True):
                self._verdicts.put(keys[offer], holds)
        return {offer: bool(self._verdicts.get(own)) for offer, own in keys.items()}

    def _settled(
        self,
        project: OpenProject,
        file: ProjectFile,
        offers: Mapping[int, Sequence[Offer]],
        seconds_left: Callable[[], float],
        *,
        dependents: int = MOST_DEPENDENTS,
    ) -> Verdict | None:
        try:
            verdict = settled(
                project,
                file,
                offers,
                invoked=invoked_members(file),
                seconds_left=seconds_left,
                dependents=dependents,
            )
        except (TidemillError, OSError) as error:
            self._failed(project, error)
            return None
        # What was given up half-way may yet be what the compiler dies of.
        if seconds_left() > 0:
            self._compilers.worked(project.root)
        return verdict

    def _failed(self, project: OpenProject, error: Exception) -> None:
        named = error if isinstance(error, TidemillError) else TidemillError(str(error))
        self._compilers.failed(project.root, named)


def _annotation(file: ProjectFile, offers: Mapping[int, Offer], *, is_checked: bool) -> Annotation:
    text = written(file, offers)
    return Annotation(offers=dict(offers), insertions=text.edited.insertions, is_checked=is_checked)
