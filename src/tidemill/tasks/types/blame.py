"""Which of the types that were just written an objection is blamed on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.tasks.types.checker import Objection, SiteKey
from tidemill.tasks.types.offer import Offer

__all__ = ["Blame", "blamed"]

PATIENCE = 2
"""So often an objection may come back before a wider circle is suspected."""

NARROW = 3
"""Circles of those that the objection leads to; from there on half of them step back."""


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
    *,
    held: Mapping[SiteKey, Offer],
) -> Blame:
    """Return whom objections are blamed on, among what is being tried, or else what holds so far.

    A type that is itself objected to is wrong, and so is the only one on which an objection
    hangs. Of several, the likeliest stays and the others wait. What comes back, or hangs on
    nothing that is tried, is blamed on wider circles: the functions around it, its files,
    everything; but only where nothing nearer is blamed, for most goes away with its cause.

    Args:
        objections: What is new.
        tried: The sites that are being tried, at least one.
        seen: How often each objection was met; counted on.
        held: Sites that have been checked in their own files alone.
    """
    found = Blame()
    everybody = {**held, **tried}
    cases: list[tuple[int, Objection, list[SiteKey]]] = []
    for one in objections:
        exact = [key for key in one.exact if key in everybody]
        found.guilty.update((key, one.text) for key in exact if key not in found.guilty)
        if not exact:
            circles = _circles(one, tried, held)
            width = min(seen[one.place] // PATIENCE, len(circles) - 1)
            width += next(turn for turn, circle in enumerate(circles[width:]) if circle)
            cases.append((width, one, circles[width]))
    nearest = 0 if found.guilty else min((width for width, _, _ in cases), default=0)
    for width, one, suspects in cases:
        if width <= nearest:
            seen[one.place] += 1
            _suspect(found, one, suspects, everybody, is_wide=width >= NARROW)
    for key in found.guilty:
        found.doubtful.pop(key, None)
    if not found.guilty and len(found.doubtful.keys() & tried.keys()) == len(tried) > 1:
        # Each was doubted for the sake of another: one has to go on.
        del found.doubtful[max(tried, key=lambda key: tried[key].confidence)]
    return found


def _suspect(
    found: Blame,
    one: Objection,
    suspects: Sequence[SiteKey],
    everybody: Mapping[SiteKey, Offer],
    *,
    is_wide: bool,
) -> None:
    if len(suspects) == 1:
        found.guilty.setdefault(suspects[0], one.text)
        return
    likeliest = sorted(suspects, key=lambda key: -everybody[key].confidence)
    kept = len(suspects) // 2 if is_wide else 1
    for key in likeliest[kept:]:
        found.doubtful.setdefault(key, one.text)


def _circles(
    one: Objection, tried: Mapping[SiteKey, Offer], held: Mapping[SiteKey, Offer]
) -> list[list[SiteKey]]:
    """Return who may be to blame, from the nearest to everybody; the last is never empty."""
    led_to = list(dict.fromkeys((*one.near, *one.far)))
    files = {one.file, *(key[0] for key in led_to)}
    return [
        [key for key in one.near if key in tried],
        [key for key in led_to if key in tried],
        [key for key in led_to if key in held],
        [key for key in tried if key[0] in files],
        list(tried),
    ]
