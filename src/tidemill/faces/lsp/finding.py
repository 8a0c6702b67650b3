"""What is known of a place without a type."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from tidemill.faces.lsp.documents import Edit
from tidemill.source.annotations.site import SiteKind
from tidemill.source.spans import Span
from tidemill.tasks.types.offer import Offer

__all__ = ["Analysis", "Finding", "Knowledge"]

Knowledge = Literal["checked", "any", "unasked"]
"""The compiler has nothing against the first type; calls the place ``any``; or was not asked."""

HEAD = 64
"""Bytes behind a place in which a colon is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A place without a type, and the types that it may have.

    Attributes:
        number: Of the site, in the text that was looked at.
        kind: What is typed.
        name: Its name; a nameless function's result has none.
        word: The bytes at the place.
        place: Where the name stands in the present text.
        insert: Byte at which a type would begin.
        offers: What could be written there, best first; at least one.
        knowledge: What the compiler knows of it.
    """

    number: int
    kind: SiteKind
    name: str
    word: bytes
    place: Span
    insert: int
    offers: tuple[Offer, ...]
    knowledge: Knowledge

    def moved(self, edit: Edit) -> "Finding | None":
        """Return it as it stands behind an edit; None where its name was touched."""
        if edit.end <= self.place.start and edit.start < self.place.start:
            shift = edit.size - (edit.end - edit.start)
            start, end = self.place.start + shift, self.place.end + shift
        elif edit.start >= self.place.end:
            start, end = self.place.start, self.place.end
        else:
            return None
        insert = edit.moved(self.insert)
        if insert is None:
            return None
        return replace(self, place=Span(start=start, end=end), insert=insert)

    def settled(self, offer: Offer) -> "Finding":
        """Return it with a type first that the compiler has nothing against."""
        others = [one for one in self.offers if one != offer]
        return replace(self, offers=(offer, *others), knowledge="checked")

    def is_open_in(self, text: bytes) -> bool:
        """Whether a text has the name at its place, and no type behind it."""
        behind = text[self.insert : self.insert + HEAD].lstrip()
        return self.place.of(text) == self.word and not behind.startswith(b":")


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What is known of a text.

    Attributes:
        key: Of the text; empty once it was moved to another one.
        findings: In order of place.
        source: Who has offered the types.
        is_whole: Whether all of its places have been asked about.
    """

    key: str
    findings: tuple[Finding, ...]
    source: str = ""
    is_whole: bool = True

    def moved(self, edits: Iterable[Edit]) -> "Analysis":
        """Return it as far as it holds behind some edits."""
        findings = list(self.findings)
        for edit in edits:
            moved = (one.moved(edit) for one in findings)
            findings = [one for one in moved if one is not None]
        return replace(self, key="", findings=tuple(findings), is_whole=False)

    def at(self, offset: int) -> Finding | None:
        """Return the finding at a byte: in its name, or just behind that."""
        return next(
            (one for one in self.findings if one.place.start <= offset <= one.place.end), None
        )
