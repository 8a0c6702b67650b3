"""Types into the text of a file: annotations in TypeScript, comments in JavaScript."""

from collections.abc import Iterator, Mapping

from tidemill.source.annotations.site import TypeSite
from tidemill.source.spans import Span
from tidemill.tasks.types.edits import Edited, Insertion
from tidemill.tasks.types.importing import import_insertions
from tidemill.tasks.types.jsdoc import jsdoc_insertions
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import ProjectFile

__all__ = ["OPENS", "Written", "written"]

OPENS, NAMES, CLOSES, RETURNS = 0, 1, 2, 3
"""Order of what is inserted at one place: ``(``, a parameter's type, ``)``, a result's type."""


class Written:
    """A file with types.

    Args:
        edited: Its text.
        sites: For each insertion the sites that it was made for, in their order.
    """

    def __init__(self, edited: Edited, sites: tuple[tuple[int, ...], ...]) -> None:
        self.edited: Edited = edited
        self.sites: tuple[tuple[int, ...], ...] = sites

    @property
    def text(self) -> bytes:
        """The new text."""
        return self.edited.text

    def within(self, span: Span) -> tuple[int, ...]:
        """Return the sites whose types, or whose imports, a range of the new text lies in."""
        end = max(span.end, span.start + 1)
        return tuple(
            dict.fromkeys(
                site
                for own, sites in zip(self.edited.spans(), self.sites, strict=True)
                if own.start <= span.start and end <= own.end
                for site in sites
            )
        )


def written(file: ProjectFile, offers: Mapping[int, Offer]) -> Written:
    """Write types into a file's text; every other byte stays.

    Args:
        file: The file.
        offers: What to write, by number of the site.
    """
    chosen = {number: offers[number] for number in sorted(offers)}
    if file.is_script:
        found = dict(jsdoc_insertions(file, chosen))
    else:
        found = dict(_annotations(file, chosen))
        found |= import_insertions(file, chosen)
    edited = Edited(file.text, found)
    return Written(edited, tuple(found[one] for one in edited.insertions))


def _annotations(
    file: ProjectFile, offers: Mapping[int, Offer]
) -> Iterator[tuple[Insertion, tuple[int, ...]]]:
    bracketed: dict[int, tuple[int, ...]] = {}
    for number, offer in offers.items():
        site = file.sites[number]
        rank = RETURNS if site.kind == "return" else NAMES
        text = f": {offer.type.text}".encode()
        yield Insertion(at=site.insert, rank=rank, text=text), (number,)
        if site.enclose is not None:
            bracketed[number] = _bracketed(site)
    for start, end in set(bracketed.values()):
        own = tuple(number for number, span in bracketed.items() if span == (start, end))
        yield Insertion(at=start, rank=OPENS, text=b"("), own
        yield Insertion(at=end, rank=CLOSES, text=b")"), own


def _bracketed(site: TypeSite) -> tuple[int, ...]:
    return (site.enclose.start, site.enclose.end) if site.enclose is not None else ()
