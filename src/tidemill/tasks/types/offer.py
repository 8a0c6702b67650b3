"""A type that could be written at a site."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.source.annotations.site import TypeSite
from tidemill.source.typescript.syntax.wording import TypeText, read_type
from tidemill.tasks.types.forms import fitted
from tidemill.tasks.types.naming import Import, Namer
from tidemill.tasks.types.source import Candidate

if TYPE_CHECKING:
    from tidemill.tasks.types.project import ProjectFile

__all__ = ["Offer", "offers_of"]

MOST_CANDIDATES = 8
MOST_OFFERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A type in the words of its file.

    Attributes:
        type: What would be written.
        confidence: How likely it is to be right.
        imports: What the file would have to import.
        strangers: Names in it that neither the program nor the language defines.
    """

    type: TypeText
    confidence: float
    imports: tuple[Import, ...] = ()
    strangers: tuple[str, ...] = ()


def offers_of(
    candidates: Sequence[Candidate], site: TypeSite, file: "ProjectFile", namer: Namer
) -> tuple[Offer, ...]:
    """Return what could be written at a site, best first; nothing that is not one sayable type.

    Args:
        candidates: What a source of types said.
        site: Where.
        file: The file.
        namer: Of the file.
    """
    found: dict[str, Offer] = {}
    for candidate in candidates[:MOST_CANDIDATES]:
        said = read_type(candidate.text)
        for text in fitted(said, site, file.text) if said is not None else ():
            fit = read_type(text)
            for naming in namer.namings(fit, site) if fit is not None else ():
                key = f"{naming.type.text} {naming.imports}"
                found.setdefault(
                    key,
                    Offer(
                        type=naming.type,
                        confidence=candidate.confidence,
                        imports=naming.imports,
                        strangers=naming.strangers,
                    ),
                )
    return tuple(found.values())[:MOST_OFFERS]
