"""Fragments become groups: equal ones first, then near ones around one that all are like.

A function and what is inside it are never clones of each other: where both would be
found, the outer one stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tidemill.core.progress import Progress
from tidemill.metrics.near_sequences import near_sequences
from tidemill.tasks.clones.forms import Fragment
from tidemill.tasks.clones.rules import CloneRules, CloneType
from tidemill.tasks.clones.stars import Links, Star, linked, stars

__all__ = ["Group", "Member", "alike", "ancestors", "without_contained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a group, and how it is like the group's first.

    Attributes:
        fragment: Place of the fragment.
        type: In what way; of the first itself the closest.
        similarity: How much: 1 for equal ones.
    """

    fragment: int
    type: CloneType
    similarity: float


Group: TypeAlias = tuple[Member, ...]
"""At least two fragments that are all like the first."""

Copies: TypeAlias = list[tuple[int, ...]]
"""Fragments of equal form, form by form."""


def alike(fragments: Sequence[Fragment], rules: CloneRules, progress: Progress) -> list[Group]:
    """Group what is equal or nearly so: types 1 to 3, as far as they are asked for.

    Args:
        fragments: In order of path and place; parents are places in this sequence.
        rules: Which types, and the least similarity.
        progress: Told how many forms have been compared.
    """
    copies = _copies(fragments, by_codes=rules.looks_for("2"))
    links: Links = {}
    if rules.looks_for("3"):
        codes = [fragments[own[0]].codes for own in copies]
        pairs = near_sequences(codes, likeness=rules.similarity, progress=progress)
        links = linked((pair.left, pair.right, pair.likeness) for pair in pairs)
        copies = _without_inner(copies, links, fragments)
    found = [
        _members(star, copies, links, fragments)
        for star in stars([len(own) for own in copies], links)
    ]
    return without_contained([one for one in found if len(one) > 1], fragments)


def _copies(fragments: Sequence[Fragment], *, by_codes: bool) -> Copies:
    """Gather fragments of equal form; the order of the forms depends on what they say alone."""
    known: dict[tuple[int, str], list[int]] = {}
    for place, fragment in enumerate(fragments):
        form = fragment.renamed if by_codes else fragment.exact
        known.setdefault((len(fragment.codes), form), []).append(place)
    return [tuple(known[form]) for form in sorted(known)]


def _without_inner(copies: Copies, links: Links, fragments: Sequence[Fragment]) -> Copies:
    """Drop every function that is near one around it, and the links of forms that are gone."""
    form_of = {place: form for form, own in enumerate(copies) for place in own}
    kept = [
        tuple(
            place
            for place in own
            if not any(
                form_of[outer] in links.get(form, ()) for outer in ancestors(place, fragments)
            )
        )
        for form, own in enumerate(copies)
    ]
    for form, own in enumerate(kept):
        if not own:
            for other in links.pop(form, {}):
                del links[other][form]
    return kept


def _members(star: Star, copies: Copies, links: Links, fragments: Sequence[Fragment]) -> Group:
    """Return the fragments of a star, the middle's first; those inside others left out."""
    middle = copies[star.middle] if star.is_whole else copies[star.middle][:1]
    first = fragments[middle[0]]
    members = [
        Member(
            fragment=place,
            type="1" if fragments[place].exact == first.exact else "2",
            similarity=1.0,
        )
        for place in middle
    ]
    members += [
        Member(fragment=place, type="3", similarity=links[star.middle][point])
        for point in star.points
        for place in copies[point]
    ]
    present = {member.fragment for member in members}
    return tuple(
        member for member in members if present.isdisjoint(ancestors(member.fragment, fragments))
    )


def ancestors(place: int, fragments: Sequence[Fragment]) -> Iterator[int]:
    """Yield the functions around a function, from the inside out."""
    outer = fragments[place].parent
    while outer is not None:
        yield outer
        outer = fragments[outer].parent


def without_contained(groups: Sequence[Group], fragments: Sequence[Fragment]) -> list[Group]:
    """Leave out groups whose members each lie in another member of one other group.

    They are clones because what is around them is. A group with a member elsewhere stays.
    """
    held_by: dict[int, list[int]] = {}
    for number, members in enumerate(groups):
        for member in members:
            held_by.setdefault(member.fragment, []).append(number)
    return [
        members
        for number, members in enumerate(groups)
        if not _is_contained(members, number, held_by, fragments)
    ]


def _is_contained(
    members: Group,
    number: int,
    held_by: dict[int, list[int]],
    fragments: Sequence[Fragment],
) -> bool:
    """Whether one other group holds something different around each of the members."""
    around: dict[int, set[int]] = {}
    for member in members:
        for outer in ancestors(member.fragment, fragments):
            for other in held_by.get(outer, ()):
                around.setdefault(other, set()).add(outer)
    around.pop(number, None)
    return any(len(outers) >= len(members) for outers in around.values())
