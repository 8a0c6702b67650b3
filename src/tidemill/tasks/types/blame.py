"""Which of the types that were just written an objection is blamed on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.tasks.types.checker import Objection, SiteKey
from tidemill.tasks.types.offer import Offer

__all__ = ["Blame", "blamed"]

PATIENCE = 2
"""So often an objection may come back before a wider circle is suspected."""

NARROW = 2
"""Circles in which one is named by the objection; from there on half of them step back."""


@dataclass(slots=True, kw_only=True)
class Blame:
    """What a round comes to.

    Attributes:
        guilty: Sites whose type is wrong, with what says so.
        doubtful: Sites whose type may be wrong: something else may be.
    """

    guilty: dict[SiteKey, str] = field(default_factory=dict)
    doubtful: dict[SiteKey, str] = field(default_factory=dict)


def blamed(
    objections: Sequence[Objection],
    tried: Mapping[SiteKey, Offer],
    seen: Counter[tuple[str, int, int]],
) -> Blame:
    """Return whom objections are blamed on, among what is being tried.

    A type that is itself objected to is wrong, and so is the only one on which an objection
    hangs. Of several, the likeliest stays and the others wait. What comes back, or hangs on
    nothing that is tried, is blamed on wider circles: the functions around it, its files,
    everything; but only where nothing nearer is blamed, for most goes away with its cause.

    Args:
        objections: What is new.
        tried: The sites that are being tried; all others were checked before.
        seen: How often each objection was met; counted on.
    """
    found = Blame()
    cases: list[tuple[int, Objection, list[SiteKey]]] = []
    for one in objections:
        exact = [key for key in one.exact if key in tried]
        found.guilty.update((key, one.text) for key in exact if key not in found.guilty)
        if not exact:
            width, suspects = _suspects(one, tried, seen[one.place] // PATIENCE)
            cases.append((width, one, suspects))
    nearest = 0 if found.guilty else min((width for width, _, _ in cases), default=0)
    for width, one, suspects in cases:
        if width <= nearest:
            seen[one.place] += 1
            _suspect(found, one, suspects, tried, is_wide=width >= NARROW)
    for key in found.guilty:
        found.doubtful.pop(key, None)
    if not found.guilty and len(found.doubtful) == len(tried) > 1:
        # Each was doubted for the sake of another: one has to go on.
        del found.doubtful[max(tried, key=lambda key: tried[key].confidence)]
    return found


def _suspects(
    one: Objection, tried: Mapping[SiteKey, Offer], widening: int
) -> tuple[int, list[SiteKey]]:
    """Return the first circle, from a width on, in which anybody is tried."""
    circles = _circles(one, tried)
    width = min(widening, len(circles) - 1)
    while not circles[width]:
        width += 1
    return width, circles[width]


def _suspect(
    found: Blame,
    one: Objection,
    suspects: Sequence[SiteKey],
    tried: Mapping[SiteKey, Offer],
    *,
    is_wide: bool,
) -> None:
    if len(suspects) == 1:
        found.guilty.setdefault(suspects[0], one.text)
        return
    likeliest = sorted(suspects, key=lambda key: -tried[key].confidence)
    kept = len(suspects) // 2 if is_wide else 1
    for key in likeliest[kept:]:
        found.doubtful.setdefault(key, one.text)


def _circles(one: Objection, tried: Mapping[SiteKey, Offer]) -> list[list[SiteKey]]:
    """Return who may be to blame, from the nearest to everybody."""
    near = [key for key in one.near if key in tried]
    around = list(dict.fromkeys([*near, *(key for key in one.far if key in tried)]))
    files = {one.file, *(key[0] for key in (*one.near, *one.far))}
    return [near, around, [key for key in tried if key[0] in files], list(tried)]
