"""What became of the offers for a program."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidemill.source.annotations.finding import sites_of
from tidemill.source.parsing import parse
from tidemill.tasks.types.checker import SiteKey
from tidemill.tasks.types.declared import DeclaredMembers
from tidemill.tasks.types.members import invoked_members, lacking
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import Project, ProjectFile
from tidemill.tasks.types.writing import Written, written

__all__ = ["Outcome", "unchecked_outcome"]

UNKNOWN = "nothing is known of {name}"
UNREADABLE = "with it the file could not be parsed"


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of the offers for a program.

    Attributes:
        standing: Offers that a compiler has checked.
        unverified: Offers that nothing has checked.
        refused: The best that was refused for a site, and what spoke against it.
        texts: The files with what is offered.
        derived: Types that the compiler infers from what stands.
        checking: Files without objections, before and after; None without a compiler.
        objections: What the compiler objects to only since; nothing.
    """

    standing: dict[SiteKey, Offer] = field(default_factory=dict)
    unverified: dict[SiteKey, Offer] = field(default_factory=dict)
    refused: dict[SiteKey, tuple[Offer, str]] = field(default_factory=dict)
    texts: dict[int, Written] = field(default_factory=dict)
    derived: dict[SiteKey, str] = field(default_factory=dict)
    checking: tuple[int, int] | None = None
    objections: tuple[str, ...] = ()


def unchecked_outcome(project: Project, offers: Mapping[SiteKey, tuple[Offer, ...]]) -> Outcome:
    """Choose among offers without a compiler: by what is invoked, and by what is known by name.

    Args:
        project: The program.
        offers: Best first, by site.
    """
    outcome = Outcome()
    declared = DeclaredMembers(project.files)
    for number in sorted({number for number, _ in offers}):
        invoked = invoked_members(project.files[number])
        own = {place: offers[one, place] for one, place in offers if one == number}
        for place, ladder in own.items():
            key = (number, place)
            names = invoked.get(place, frozenset())
            against = [_against(offer, names, declared) for offer in ladder]
            first = next((turn for turn, text in enumerate(against) if not text), None)
            if first is None:
                outcome.refused[key] = (ladder[0], against[0])
            else:
                outcome.unverified[key] = ladder[first]
        _write(project.files[number], number, outcome)
    return outcome


def _against(offer: Offer, names: frozenset[str], declared: DeclaredMembers) -> str:
    """Return what speaks against an offer, or nothing."""
    if offer.strangers:
        return UNKNOWN.format(name=offer.strangers[0])
    missing = sorted(lacking(offer.type, names, declared)) if names else []
    return f"{missing[0]} is invoked, which {offer.type.text} does not have" if missing else ""


def _write(file: ProjectFile, number: int, outcome: Outcome) -> None:
    """Write a file's offers, without those that would not be found again where they belong."""
    own = {key[1]: offer for key, offer in outcome.unverified.items() if key[0] == number}
    chosen: dict[int, Offer] = {}
    if _is_found(file, own):
        chosen = own
    else:
        for place, offer in own.items():
            if _is_found(file, {**chosen, place: offer}):
                chosen[place] = offer
            else:
                outcome.refused[number, place] = (
                    outcome.unverified.pop((number, place)),
                    UNREADABLE,
                )
    outcome.texts[number] = written(file, chosen)


def _is_found(file: ProjectFile, offers: Mapping[int, Offer]) -> bool:
    text = written(file, offers).text
    tree = parse(text, file.tree.language)
    if tree.errors:
        return False
    if file.is_script:
        return True
    said = [
        one.annotation.of(text).decode() if one.annotation is not None else ""
        for one in sites_of(tree)
    ]
    wanted = [
        f": {offers[place].type.text}"
        if place in offers
        else (one.annotation.of(file.text).decode() if one.annotation is not None else "")
        for place, one in enumerate(file.sites)
    ]
    return said == wanted
